"""The metrics, all in one place. Names follow the Prometheus rules: one prefix, units, `_total` for counters.

No metric is labelled with an object's name: a thousand objects make as many series as one.
`docs/reference/metrics.md` is generated from here.
"""

from __future__ import annotations

from collections import Counter as Count
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from novita_operator import __version__
from novita_operator.api import kinds
from novita_operator.api.gpu_instance.reasons import Phase
from novita_operator.kube.cache import Cache

# Seconds. A call takes tens of milliseconds, a bad one its timeout of 30 s.
_CALL_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
# An image that the node has is pulled in seconds, a large one in many minutes; the deadline is ten by default.
_LIFE_BUCKETS = (5, 10, 20, 30, 60, 120, 300, 600, 1200)


class Metrics:
    """The metric objects of one process, in a registry of their own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._of_accounts: list[Counter | Gauge] = []
        self._gauge("build_info", "Always 1; the version is a label.", "version").labels(__version__).set(1)
        self._measure_work()
        self._measure_instances()
        self._measure_accounts()

    def _measure_work(self) -> None:
        """Calls, passes, the queue, the watch, the Lease."""
        self.novita_calls = self._counter("api_calls", "Calls to the Novita API.", "account", "route", "outcome")
        self.novita_call_seconds = self._histogram(
            "api_call_duration_seconds", "Time of one Novita call.", _CALL_BUCKETS, "route"
        )
        self.reconciles = self._counter("reconciles", "Passes by how they ended.", "kind", "outcome")
        self.reconcile_seconds = self._histogram(
            "reconcile_duration_seconds", "Time of one pass.", _CALL_BUCKETS, "kind"
        )
        self.queue_depth = self._gauge("queue_depth", "Keys that wait for a worker.")
        self.watch_behind = self._gauge(
            "watch_rounds_behind", "Comparisons in a row in which the watch had missed changes."
        )
        self.kind_served = self._gauge(
            "kind_served", "1 while the API server serves the kind, 0 while its CRD is missing.", "kind"
        )
        self.lease_margin = self._gauge("lease_margin_seconds", "How long the Lease is surely ours; 0 without one.")

    def _measure_instances(self) -> None:
        """Rented, Ready, ended."""
        self.time_to_ready = self._histogram(
            "time_to_ready_seconds", "From the create or start call to Ready.", _LIFE_BUCKETS
        )
        self.deletion_seconds = self._histogram(
            "deletion_duration_seconds", "From the deletion of an object to the end of its instance.", _LIFE_BUCKETS
        )
        self.instances_created = self._counter("instances_created", "Create calls that gave an id.", "account")
        self.instances_deleted = self._counter("instances_deleted", "Instances seen gone after our delete.", "account")
        self.duplicates_removed = self._counter(
            "duplicates_removed", "Second instances of one object that were removed.", "account"
        )
        self.force_finalized = self._counter("force_finalized", "Deletions that a person gave up.")
        self.orphans_deleted = self._counter(
            "orphans_deleted", "Instances without an object that were deleted.", "account"
        )
        self.webhooks = self._counter(
            "webhooks", "Tries to deliver a webhook: delivered, retried or given-up.", "event", "outcome"
        )

    def _measure_accounts(self) -> None:
        """What the polls show."""
        self.snapshot_age = self._gauge(
            "account_last_poll_timestamp_seconds",
            "Start of the last list that was read to its end; 0 before it.",
            "account",
        )
        self.price = self._gauge("account_price_usd_per_hour", "What everything in the account costs now.", "account")
        self.balance = self._gauge("account_balance_usd", "What the account has left.", "account")
        self.account_instances = self._gauge(
            "account_instances", "Instances that are managed, foreign, orphaned or retained.", "account", "kind"
        )
        self.creates_frozen = self._gauge("account_creates_frozen", "1 while the money breaker holds.", "account")
        self.creates_paused = self._gauge(
            "account_creates_paused", "1 while Novita refuses to rent or start for this reason.", "account", "reason"
        )
        self.breaker_open = self._gauge(
            "api_breaker_open", "0 while calls of this class pass, 1 while one tests, 2 while none is made.",
            "account", "breaker",
        )  # fmt: skip

    def show_objects(self, cache: Cache, ours: Callable[[Mapping[str, Any]], bool]) -> None:
        """Count the objects that are ours at each scrape."""
        self.registry.register(_Objects(cache, ours))

    def know_account(self, name: str) -> None:
        """Let what is counted for an account begin at 0: a series that begins at 1 has not increased, for an alert."""
        counted = (self.instances_created, self.instances_deleted, self.duplicates_removed, self.orphans_deleted)
        for metric in (*counted, self.snapshot_age):
            metric.labels(name)

    def know_kind(self, kind: str) -> None:
        """The same for the errors that nobody expected."""
        self.reconciles.labels(kind, "bug")

    def forget_account(self, name: str) -> None:
        """Drop all series of an account: what stays would look like an account that is no longer polled."""
        for metric in self._of_accounts:
            metric.remove_by_labels({"account": name})

    def describe(self) -> list[tuple[str, str, str, str]]:
        """Name, type, labels and meaning of every metric, as Prometheus shows them."""
        found = [(each, getattr(each, "_labelnames", ())) for each in self.registry._collector_to_names]  # noqa: SLF001
        rows = [
            (_shown(family), family.type, ", ".join(labels), family.documentation)
            for collector, labels in found
            for family in collector.collect()
            if not isinstance(collector, _Objects)
        ]
        return sorted([*rows, (_Objects.NAME, "gauge", "phase", _Objects.MEANING)])

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        counter = Counter(f"novita_{name}", meaning, labels, registry=self.registry)
        self._of_accounts += [counter] if "account" in labels else []
        return counter

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        gauge = Gauge(f"novita_{name}", meaning, labels, registry=self.registry)
        self._of_accounts += [gauge] if "account" in labels else []
        return gauge

    def _histogram(self, name: str, meaning: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"novita_{name}", meaning, labels, registry=self.registry, buckets=buckets)


class _Objects(Collector):
    """GPUInstances by phase; nothing is kept up to date between scrapes."""

    NAME = "novita_gpuinstances"
    MEANING = "GPUInstances by phase."

    def __init__(self, cache: Cache, ours: Callable[[Mapping[str, Any]], bool]) -> None:
        self._cache = cache
        self._ours = ours

    def collect(self) -> Iterable[Metric]:
        counts = Count(dict.fromkeys(map(str, Phase), 0))  # a phase that nothing is in any more goes down to 0
        counts.update(_phases(self._cache, self._ours))
        family = GaugeMetricFamily(self.NAME, self.MEANING, labels=["phase"])
        for phase, count in sorted(counts.items()):
            family.add_metric([phase], count)
        yield family

    def describe(self) -> Iterable[Metric]:
        return ()


def _phases(cache: Cache, ours: Callable[[Mapping[str, Any]], bool]) -> Iterator[str]:
    for body in (body for _, body in cache.of_kind(kinds.GPU_INSTANCE.plural) if ours(body)):
        status: dict[str, Any] = body.get("status") or {}
        yield str(status.get("phase", "Pending"))


def _shown(family: Metric) -> str:
    return f"{family.name}_total" if family.type == "counter" else family.name


def to_markdown() -> str:
    """The table of `docs/reference/metrics.md`."""
    rows = [
        f"| `{name}` | {kind} | {labels or 'none'} | {meaning} |"
        for name, kind, labels, meaning in Metrics().describe()
    ]
    head = ["| metric | type | labels | meaning |", "|---|---|---|---|"]
    return "\n".join([*head, *rows]) + "\n"
