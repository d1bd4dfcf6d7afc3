"""What /metrics shows is what docs/reference/metrics.md says, both ways, and it stays small."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from tests.monitoring import names
from tests.support import kube
from tests.support.workspace import Workspace

from novita_operator.api.gpu_instance.reasons import Phase
from novita_operator.kube.cache import Cache, Key
from novita_operator.metrics import Metrics

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
ROUTES = ("POST gpu/instance/create", "POST gpu/instance/delete", "POST gpu/instance/stop", "POST gpu/instance/start",
          "POST gpu/instance/edit", "GET gpu/instances", "GET gpu/instance", "GET products", "GET clusters",
          "GET templates", "GET template", "GET networkstorages/list", "GET billing/balance/detail")  # fmt: skip
PHASES = ("Pending", "Creating", "Pulling", "Starting", "Running", "Stopping", "Stopped", "Failed", "Deleting")
KINDS = ("gpuinstances", "gpuinstancesets", "gpujobs", "novitaaccounts")
ACCOUNTS = ("main", "spare", "research")


def _documented() -> dict[str, tuple[str, str]]:
    rows = re.findall(r"(?m)^\| `(novita_\w+)` \| (\w+) \| ([^|]+) \|", PAGE.read_text())
    return {name: (kind, labels) for name, kind, labels in rows}


async def test_a_real_scrape_shows_exactly_the_documented_metrics(workspace: Workspace) -> None:
    await workspace.create()
    await workspace.until_ready()
    assert workspace.operator is not None

    page = await workspace.operator.metrics()

    families = list(text_string_to_metric_families(page))
    shown = {f"{each.name}_total" if each.type == "counter" else each.name: each for each in families}
    documented = _documented()
    assert {name: family.type for name, family in shown.items()} == {
        name: kind for name, (kind, _) in documented.items()
    }
    for name, family in shown.items():
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        assert labels <= set(documented[name][1].split(", ")), name


async def test_the_series_of_an_account_end_with_it(workspace: Workspace) -> None:
    operator, name = workspace.operator, workspace.account_name
    assert operator is not None
    assert f'novita_account_last_poll_timestamp_seconds{{account="{name}"}}' in await operator.metrics()

    await workspace.plane.kube.delete(kube.NOVITA_ACCOUNTS, name)

    async def ended() -> bool:
        return f'account="{name}"' not in await operator.metrics()

    await workspace.until_novita(ended, "no series speaks of the account any more")


def test_a_thousand_objects_of_three_accounts_make_fewer_than_500_series() -> None:
    metrics, cache = Metrics(), Cache()
    metrics.show_objects(cache, lambda _: True)

    _live_through_a_thousand(metrics, cache)

    page = generate_latest(metrics.registry).decode()
    found = list(names.scraped(page))
    assert 'novita_gpuinstances{phase="Pending"} 112.0' in page
    assert 200 < len(found) < 500, len(found)


def test_a_phase_that_no_object_is_in_any_more_is_0_and_not_gone() -> None:
    metrics = Metrics()
    metrics.show_objects(Cache(), lambda _: True)

    page = generate_latest(metrics.registry).decode()

    assert set(re.findall(r'novita_gpuinstances\{phase="(\w+)"\} 0\.0', page)) == set(map(str, Phase))


def _live_through_a_thousand(metrics: Metrics, cache: Cache) -> None:
    """More than an operator sees in one life: every route with three outcomes, every kind of pass with every end."""
    for number in range(1000):
        key = Key("gpuinstances", f"team-{number % 20}", f"gpu-{number}")
        at = {"name": key.name, "namespace": key.namespace, "uid": f"uid-{number}", "resourceVersion": "1"}
        cache.put(key, {"metadata": at, "status": {"phase": PHASES[number % len(PHASES)]}})
        metrics.time_to_ready.observe(number)
    for account in ACCOUNTS:
        _use(metrics, account)
    for kind, outcome in product(KINDS, ("success", "waiting", "retry", "conflict", "cluster-error", "bug")):
        metrics.reconciles.labels(kind, outcome).inc()
        metrics.reconcile_seconds.labels(kind).observe(1)
    for event, outcome in product(("Ready", "Failed", "Stopped", "Deleted"), ("delivered", "retried", "given-up")):
        metrics.webhooks.labels(event, outcome).inc()


def _use(metrics: Metrics, account: str) -> None:
    metrics.know_account(account)
    for route, outcome in product(ROUTES, ("200", "429", "TimedOut")):
        metrics.novita_calls.labels(account, route, outcome).inc()
        metrics.novita_call_seconds.labels(route).observe(1)
    for kind in ("managed", "foreign", "orphaned", "retained"):
        metrics.account_instances.labels(account, kind).set(1)
    for breaker in ("create", "read", "delete"):
        metrics.breaker_open.labels(account, breaker).set(0)
    for reason in ("InsufficientBalance", "QuotaExceeded"):
        metrics.creates_paused.labels(account, reason).set(0)
    for gauge in (metrics.price, metrics.balance, metrics.creates_frozen):
        gauge.labels(account).set(1)
