"""The finalizer is there whenever an instance may be (safety: What is held). Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from novita_operator.controllers.gpu_instance import action
from novita_operator.controllers.gpu_instance.action import Intent
from novita_operator.controllers.gpu_instance.observing.observation import Observation


def not_held(seen: Observation, now: datetime) -> action.Action | None:
    """What was dropped by `kubectl replace`, or by a person, is put back before anything else is looked at."""
    if seen.held or not _may_have_an_instance(seen):
        return None
    note = _note(seen, now)
    return action.Hold(None if note == seen.intent else note)


def _may_have_an_instance(seen: Observation) -> bool:
    """An id or an instance says so; without them, a call that nobody has settled."""
    if seen.instance_id is not None or seen.found:
        return True
    note = seen.intent or seen.remembered
    # No note at all, and the status counts calls: somebody removed the note, and with it how they ended.
    return note.outcome != "Released" if note is not None else seen.resource.status.attempts is not None


def _note(seen: Observation, now: datetime) -> Intent:
    """The note that the object has, had, or would have had. What was found reopens one that was settled."""
    known = seen.intent or seen.remembered
    if known is None:
        return _rebuilt(seen, now)
    appeared = bool(seen.found) and seen.adopts is None
    return replace(known, outcome="Pending") if appeared else known


def _rebuilt(seen: Observation, now: datetime) -> Intent:
    """From what is left. An instance that was taken over was never rented: its note is settled from the start."""
    status, instance = seen.resource.status, seen.instance
    rented_at = status.created_at or (instance.created_at if instance is not None else None)
    return Intent(
        attempt=max(1, status.attempts or 1),
        at=rented_at or now,
        holder="",
        product=status.product.id if status.product is not None else "",
        region=status.region or "",
        outcome="Pending" if seen.adopts is None else "Released",
    )
