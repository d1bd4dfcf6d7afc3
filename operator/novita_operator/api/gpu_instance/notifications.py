"""Parts of a GPUInstance's status that speak of webhooks: what is still to be told, and to whom."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError

from novita_operator.api.meta import Model, Moment

EventName = Literal[
    "instance.ready",
    "instance.failed",
    "instance.stopped",
    "instance.deleted",
    "instance.migrated",
    "instance.reclaim_notice",
]
"""The events that webhooks tell of. The first two are those of the REST gateway's examples."""

NotificationFormat = Literal["Event", "Slack", "Teams", "Discord", "Alertmanager"]
"""What a receiver takes."""

MOST_WAITING = 16
"""Webhooks of one object that wait at a time; a receiver that is away for long must not fill the status."""
MESSAGE_CHARS = 300
"""Two lines of a terminal: the whole text is in status.failure."""
_MOST_RECEIVERS = 8


class NotificationError(Model):
    """What `instance.failed` says about the failure."""

    reason: str = Field(max_length=128, description="The reason in status.failure.")
    message: str = Field(max_length=MESSAGE_CHARS, description="What happened.")


class FailedTries(Model):
    """What a restarted operator must know to go on where the last one stopped."""

    receiver: str = Field(max_length=16, description="One of those in `to`.")
    count: int = Field(ge=1, description="Tries that have failed.")
    next: Moment = Field(description="Not tried again before this.")


def _readable(raw: object) -> tuple[FailedTries, ...] | None:
    """Those of the right form: a note that nobody can read must not take the webhook with it, nor the other notes."""
    found = []
    for each in raw if isinstance(raw, list | tuple) else ():
        try:
            found.append(FailedTries.model_validate(each))
        except ValidationError:
            continue
    return tuple(found[:_MOST_RECEIVERS]) or None


class PendingNotification(Model):
    """A webhook that is still to be delivered. It is written with the transition that it tells of."""

    id: str = Field(max_length=64, description="Id of the delivery; the same in every try, so that receivers can tell.")
    event: EventName = Field(description="What it tells of.")
    at: Moment = Field(description="When that happened.")
    instance_id: str | None = Field(None, max_length=255, description="The instance at Novita.")
    original_instance_id: str | None = Field(
        None, max_length=255, description="The instance that it replaces, for instance.migrated."
    )
    original_lost_at: Moment | None = Field(None, description="When Novita took that instance back.")
    reclaim_at: Moment | None = Field(None, description="When Novita takes the instance back, if it has said so.")
    error: NotificationError | None = Field(None, description="What went wrong, for instance.failed.")
    to: tuple[Annotated[str, Field(max_length=16)], ...] = Field(
        (),
        max_length=_MOST_RECEIVERS,
        description="The receivers that have not got it yet: `default` is the operator's WEBHOOK_URL, others are "
        "the first 12 hexadecimal digits of the SHA-256 of the URL in spec.notifications.",
    )
    tried: Annotated[tuple[FailedTries, ...] | None, BeforeValidator(_readable)] = Field(
        None, max_length=_MOST_RECEIVERS, description="Receivers in `to` at which it was tried in vain."
    )


class Reclaimed(Model):
    """The spot instance that Novita took back, until another one is Ready in its place."""

    instance_id: str = Field(max_length=255, description="Its id at Novita.")
    at: Moment = Field(description="When it was lost.")
