"""Checks that hold for living and for deleted objects alike. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from novita_operator.controllers.gpu_instance import action
from novita_operator.controllers.gpu_instance.observing.observation import Observation

Check = Callable[[Observation, datetime], action.Action | None]
"""The step that this check asks for; None where it has nothing to say, and the next one decides."""

_NAMES_THE_ACCOUNT = frozenset({"", "accountRef"})

NEXT_POLL = action.Wait(moving=True, poll=True)
"""What we did last is not in the snapshot yet, or Novita is about to show something: the next poll tells."""


def paused(seen: Observation, _: datetime) -> action.Action | None:
    return action.Nothing() if seen.paused else None


def account_is_of_no_use(seen: Observation, _: datetime) -> action.Action | None:
    if seen.account.state == "Usable":
        return None
    # Every end of a poll wakes the object: the cause may be gone then.
    return action.Wait(moving=seen.account.state == "Starting", poll=True)


def not_ours(seen: Observation, _: datetime) -> action.Action | None:
    """What was taken over without consent is not stopped, started, edited or deleted."""
    return action.Nothing() if seen.not_ours is not None else None


def view_is_old(seen: Observation, _: datetime) -> action.Action | None:
    return None if seen.fresh else NEXT_POLL


def more_than_one(seen: Observation, _: datetime) -> action.Action | None:
    live, unreadable = seen.live, seen.resource.unreadable
    if len(live) < 2:  # noqa: PLR2004 - one is what the object asks for
        return None
    if unreadable is not None and unreadable.fields & _NAMES_THE_ACCOUNT:
        return None  # what was read in its place is an account that the object may not mean
    # One that was Ready is in use; else the oldest.
    used = seen.instance_id if seen.resource.status.ready_at is not None else None
    keep = next((found.id for found in live if found.id == used), live[0].id)
    return action.RemoveDuplicates(keep=keep, remove=tuple(extra.id for extra in live if extra.id != keep))
