"""Why an instance does not run, or runs beside its schedule, and what changes that; in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from novita_operator.api import meta
from novita_operator.controllers.gpu_instance.policies import window

if TYPE_CHECKING:
    from novita_operator.controllers.gpu_instance.reporting.facts import Facts


def why(facts: Facts) -> str:
    """Who asked for it, and how it comes back."""
    ended = facts.ended
    if facts.seen.resource.spec.power_state == "Stopped":
        return "spec.powerState is Stopped."
    if ended is None:
        return _outside(facts)
    text = f"spec.lifetime ended it at {ended.at:%Y-%m-%d %H:%M:%S} UTC ({ended.cause})."
    if ended.cause == "Schedule":
        return f"{text} Set the annotation {meta.RECONCILE_REQUESTED_AT}, or {_override(facts)}, to start it again."
    return f"{text} Edit the spec, or set the annotation {meta.RECONCILE_REQUESTED_AT}, to start it again."


def _outside(facts: Facts) -> str:
    """That the window is closed, when it opens, and how one runs it before that."""
    opens = facts.seen.standing.changes_at if facts.seen.standing is not None else None
    starts = f"starts at {opens:%Y-%m-%d %H:%M} UTC" if opens is not None else "never starts: each start is also a stop"
    return f"It is outside spec.lifetime.schedule, which {starts}. To run it before, set {_override(facts)}."


def _override(facts: Facts) -> str:
    until = window.said(facts.seen.resource)
    passed = f" (it says {until:%Y-%m-%d %H:%M} UTC, which has passed)" if until is not None else ""
    return f"{meta.RUN_UNTIL} to a time, as `kubectl novita start NAME --until 18:00` does{passed}"


def without_instance(facts: Facts) -> str:
    """What that means where there is no instance."""
    if facts.seen.adopts is not None:
        return f"Instance {facts.seen.adopts} is taken over then; until then it stays at Novita as it is, and may cost."
    return "Nothing is rented, and nothing is billed."


def until(facts: Facts) -> str:
    """What keeps it running though its window is closed, or may close."""
    end = facts.seen.standing.overridden_until if facts.seen.standing is not None else None
    return (
        f" The annotation {meta.RUN_UNTIL} keeps it running until {end:%Y-%m-%d %H:%M} UTC." if end is not None else ""
    )
