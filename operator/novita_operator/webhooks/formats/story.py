"""What a notification says to a person, whatever the form: a headline, a sentence, some facts. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from novita_operator.api.gpu_instance.notifications import EventName, PendingNotification
from novita_operator.api.gpu_instance.resource import GPUInstance

Tone = Literal["good", "bad", "warning", "neutral"]

_HEADLINES: dict[EventName, tuple[str, Tone]] = {
    "instance.ready": ("is Ready", "good"),
    "instance.failed": ("has failed", "bad"),
    "instance.stopped": ("is stopped", "neutral"),
    "instance.deleted": ("is deleted", "neutral"),
    "instance.migrated": ("runs again", "good"),
    "instance.reclaim_notice": ("is taken back by Novita", "warning"),
}


@dataclass(frozen=True, slots=True)
class Story:
    """`facts`: names and short values, in the order in which they are shown."""

    headline: str
    text: str
    facts: tuple[tuple[str, str], ...]
    tone: Tone


def of(told: PendingNotification, resource: GPUInstance) -> Story:
    """The story of one notification. No passwords, and nothing of the spec that may be secret."""
    says, tone = _HEADLINES[told.event]
    name = f"{resource.meta.namespace}/{resource.meta.name}"
    return Story(f"GPUInstance {name} {says}", _text(told, resource), tuple(_facts(told, resource)), tone)


def _text(told: PendingNotification, resource: GPUInstance) -> str:
    match told.event:
        case "instance.ready":
            known = resource.status.connection
            same = resource.status.instance_id == told.instance_id
            return f"Log in: {known.ssh}" if known is not None and known.ssh and same else "It can be used."
        case "instance.failed":
            return "See its status." if told.error is None else f"{told.error.reason}: {told.error.message}"
        case "instance.stopped":
            return "Its GPU costs nothing any more; its disk may."
        case "instance.deleted":
            return "Nothing is billed for it any more."
        case "instance.migrated":
            return f"Novita took spot instance {told.original_instance_id} back; another one is in its place."
        case "instance.reclaim_notice":
            when = f" at {told.reclaim_at:%H:%M:%S} UTC" if told.reclaim_at is not None else ""
            return f"The spot instance goes{when}. What is not saved by then is lost."


def _facts(told: PendingNotification, resource: GPUInstance) -> Iterator[tuple[str, str]]:
    status = resource.status
    if told.instance_id:
        yield "Instance", told.instance_id
    if status.product:
        yield "Product", status.product.name
    if status.price_per_hour and told.event in {"instance.ready", "instance.migrated"}:
        yield "Price", f"{status.price_per_hour} USD/h"
    if status.cost is not None:
        yield "Cost so far", f"{status.cost.amount} USD"
    yield "Time", f"{told.at:%Y-%m-%d %H:%M:%S} UTC"
