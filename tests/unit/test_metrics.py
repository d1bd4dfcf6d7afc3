"""Series begin at 0 and end with their account, so that alerts see the first increase and no ghosts."""

from __future__ import annotations

from prometheus_client import generate_latest
from tests.unit.support.parts import HandClock

from novita_operator.kube.cache import Key
from novita_operator.metrics import Metrics
from novita_operator.runtime.workers import Workers
from novita_operator.runtime.workqueue import WorkQueue


def _shown(metrics: Metrics) -> list[str]:
    return generate_latest(metrics.registry).decode().splitlines()


def test_what_is_counted_for_an_account_begins_at_zero() -> None:
    metrics = Metrics()

    metrics.know_account("main")

    assert 'novita_duplicates_removed_total{account="main"} 0.0' in _shown(metrics)
    assert 'novita_instances_created_total{account="main"} 0.0' in _shown(metrics)
    assert 'novita_account_last_poll_timestamp_seconds{account="main"} 0.0' in _shown(metrics)


def test_an_account_that_is_opened_anew_keeps_its_counts() -> None:
    metrics = Metrics()
    metrics.know_account("main")
    metrics.instances_created.labels("main").inc()

    metrics.know_account("main")

    assert 'novita_instances_created_total{account="main"} 1.0' in _shown(metrics)


def test_no_series_of_a_forgotten_account_is_left_and_those_of_others_are() -> None:
    metrics = Metrics()
    for name in ("gone", "stays"):
        metrics.know_account(name)
        metrics.novita_calls.labels(name, "GET gpu/instances", "200").inc()
        metrics.account_instances.labels(name, "managed").set(1)
        metrics.breaker_open.labels(name, "create").set(0)

    metrics.forget_account("gone")

    assert [line for line in _shown(metrics) if '"gone"' in line] == []
    assert 'novita_account_instances{account="stays",kind="managed"} 1.0' in _shown(metrics)


def test_unforeseen_errors_of_each_kind_begin_at_zero() -> None:
    metrics, clock = Metrics(), HandClock()
    queue: WorkQueue[Key] = WorkQueue(monotonic=clock.monotonic, backoff_base=1, backoff_max=1)

    Workers(queue, {"gpujobs": None}, clock, metrics)  # type: ignore[dict-item]

    assert 'novita_reconciles_total{kind="gpujobs",outcome="bug"} 0.0' in _shown(metrics)
