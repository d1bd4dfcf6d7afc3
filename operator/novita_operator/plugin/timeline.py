"""What happened to one instance, in order: from its Events, and from its status where Events have expired. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from novita_operator.api.events import EventReason
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import GPUInstanceStatus

_RENTED = frozenset({EventReason.CREATED, EventReason.ADOPTED, EventReason.RECREATED})


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `warning`: it was not meant to."""

    at: datetime
    what: str
    text: str
    warning: bool = False

    def to_json(self) -> dict[str, Any]:
        return {"at": self.at.isoformat(), "what": self.what, "text": self.text, "warning": self.warning}


def entries(instance: GPUInstance, events: Sequence[Mapping[str, Any]]) -> list[Entry]:
    """Everything that is known, oldest first. `events`: those of this very object."""
    told = [entry for event in events if (entry := _of_event(event)) is not None]
    reasons = {entry.what for entry in told}
    found = [_requested(instance), *told, *_remembered(instance.status, reasons)]
    # Of two at the same second, the request came first: sorting is stable.
    return sorted(found, key=lambda entry: entry.at)


def _of_event(event: Mapping[str, Any]) -> Entry | None:
    stamp = event.get("eventTime") or event.get("lastTimestamp") or event.get("firstTimestamp")
    if not stamp:
        return None
    at = datetime.fromisoformat(str(stamp)).astimezone(UTC)
    return Entry(at, str(event.get("reason", "")), str(event.get("message", "")), event.get("type") == "Warning")


def _requested(instance: GPUInstance) -> Entry:
    spec = instance.spec
    product = spec.product_name or spec.product_id or "the operator's default product"
    where = f" in {', '.join(spec.regions)}" if spec.regions else ""
    only = " and nowhere else" if spec.regions and spec.region_policy == "Require" else ""
    limit = f", for {spec.max_price_per_hour} USD/h at most" if spec.max_price_per_hour is not None else ""
    adopted = f"instance {spec.adopt.instance_id} to be taken over" if spec.adopt else f"{spec.gpu_count}x {product}"
    return Entry(instance.meta.created_at, "Requested", f"{adopted} ({spec.billing}){where}{only}{limit}.")


def _remembered(status: GPUInstanceStatus, told: Iterable[str]) -> Iterator[Entry]:
    """What the status remembers of times whose Events are gone: the API server keeps Events for an hour."""
    known = set(told)
    if status.created_at is not None and not known & _RENTED:
        yield Entry(status.created_at, "Created", f"Instance {status.instance_id} was rented in {status.region}.")
    if status.ready_at is not None and EventReason.READY not in known:
        yield Entry(status.ready_at, "Ready", "The instance became Ready.")
    if status.stopped_at is not None and EventReason.STOPPED not in known:
        yield Entry(status.stopped_at, "Stopped", "The operator stopped the instance.")
    if status.ended is not None and EventReason.ENDED not in known:
        yield Entry(status.ended.at, "Ended", f"spec.lifetime ended it ({status.ended.cause}, {status.ended.action}).")
    if status.failure is not None and status.failure.reason not in known:
        yield Entry(status.failure.at, status.failure.reason, status.failure.message, warning=True)


def ahead(status: GPUInstanceStatus, now: datetime) -> list[Entry]:
    """What comes next by itself, soonest first."""
    due = [
        (status.failure.retry_at if status.failure else None, "Retry", "the operator tries again"),
        (status.spot_reclaim_at, "SpotReclaim", "Novita takes the spot instance back"),
        (status.starts_at, "Start", "spec.lifetime starts the instance"),
        (status.overridden_until, "OverrideEnds", "the annotation gpu.novita.ai/run-until no longer keeps it running"),
        (status.ends_at, "End", "spec.lifetime ends the instance"),
        (status.data_kept_until, "DataLost", "Novita drops the root disk of the stopped instance"),
    ]
    return sorted(
        (Entry(at, what, text) for at, what, text in due if at is not None and at > now), key=lambda entry: entry.at
    )
