"""spec.lifetime: when a working instance is ended, and when it comes back. Pure.

An end is a moment that passes while the instance runs, and not a state: whoever edits the spec, or asks for another
reconcile, starts the instance again, until the next such moment. A stop of a schedule without `start` is such an end,
which no edit undoes. A schedule with `start` is a window, and is a state (policies/window.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from novita_operator.api.gpu_instance.life import Schedule
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import Ended
from novita_operator.controllers.gpu_instance.policies import cron, edits, use, window
from novita_operator.controllers.gpu_instance.policies.window import Standing

_Cause = Literal["MaxSeconds", "Idle", "Schedule"]
_Action = Literal["Stop", "Delete"]
_AFTER: Mapping[_Action, Literal["Stopped", "Released"]] = {"Stop": "Stopped", "Delete": "Released"}
# Looks at the GPU per idle time: the end comes late by a tenth of it at most.
_LOOKS_PER_IDLE_TIME = 10
_SHORTEST_MEASURING_PAUSE = 60.0  # Novita's data is a minute late anyway


@dataclass(frozen=True, slots=True)
class End:
    """The instance is to be ended at this moment."""

    cause: _Cause
    action: _Action
    at: datetime
    message: str


def next_end(resource: GPUInstance, busy_at: datetime | None, now: datetime) -> End | None:
    """The next end of the instance, or the one that has come. Raises Unreadable.

    `busy_at`: when the GPU was last seen at work.
    """
    return _first([*_fixed_ends(resource, busy_at, now), *_scheduled_ends(resource, now)])


def next_fixed_end(resource: GPUInstance, busy_at: datetime | None, now: datetime) -> End | None:
    """The same, where spec.lifetime.schedule cannot be read: what else ends the instance goes on without it."""
    return _first(_fixed_ends(resource, busy_at, now))


def power(
    resource: GPUInstance, standing: Standing | None, *, ended: bool
) -> Literal["Running", "Stopped", "Released"]:
    """What is wanted: spec.powerState, unless spec.lifetime has ended the instance, or its window is closed."""
    spec, record = resource.spec, resource.status.ended
    if spec.power_state == "Stopped":
        return "Stopped"
    if ended and record is not None:
        return _AFTER[record.action]
    schedule = spec.lifetime.schedule if spec.lifetime is not None else None
    closed = standing is not None and not standing.runs
    return _AFTER[schedule.action] if closed and schedule is not None else "Running"


def stays_ended(resource: GPUInstance, now: datetime) -> bool:
    """Whether an end that was decided on still counts. Raises Unreadable."""
    ended = resource.status.ended
    if ended is None:
        return False
    if ended.reconcile_requested_at != resource.meta.reconcile_requested_at:
        return False
    if ended.cause == "Schedule":
        return _is_without_start(resource) and window.override(resource, now) is None
    wakes_at = _wakes_at(resource, ended, now)
    return edits.unedited(ended, resource) and (wakes_at is None or now < wakes_at)


def check(schedule: Schedule) -> None:
    """Whether time zone and cron expressions can be read. Raises cron.Unreadable."""
    zone = cron.zone_of(schedule.time_zone)
    for field, expression in (("stop", schedule.stop), ("start", schedule.start)):
        if expression is not None:
            cron.read(expression, field, zone)


def starts_at(resource: GPUInstance, standing: Standing | None, now: datetime, *, ended: bool) -> datetime | None:
    """When what is held back is started again by itself; None where it is not, or that cannot be told."""
    record = resource.status.ended
    if not ended or record is None:
        return standing.changes_at if standing is not None and not standing.runs else None
    try:
        wakes_at = _wakes_at(resource, record, now)
    except cron.Unreadable:
        return None
    return wakes_at if wakes_at is not None and wakes_at > now else None


def _wakes_at(resource: GPUInstance, ended: Ended, now: datetime) -> datetime | None:
    """Of what idleness has ended, the next use; and the next opening of a window, which is a new day for it."""
    if ended.cause != "Idle":
        return None
    used, found = use.last_used(resource, now), window.of(resource)
    opens = found.opens_after(ended.at) if found is not None else None
    moments = (used if used is not None and used > ended.at else None, opens)
    return min((moment for moment in moments if moment is not None), default=None)


def _is_without_start(resource: GPUInstance) -> bool:
    lifetime = resource.spec.lifetime
    return lifetime is not None and lifetime.schedule is not None and lifetime.schedule.start is None


def _first(ends: Iterable[End]) -> End | None:
    return min(ends, key=lambda end: end.at, default=None)


def _runs_since(resource: GPUInstance) -> datetime | None:
    """What was ended, and comes back, has not been started yet: moments up to that end are over."""
    started, ended = resource.status.started_at, resource.status.ended
    return started if started is None or ended is None else max(started, ended.at)


def _fixed_ends(resource: GPUInstance, busy_at: datetime | None, now: datetime) -> Iterator[End]:
    lifetime, started = resource.spec.lifetime, _runs_since(resource)
    if lifetime is None or started is None:
        return
    if lifetime.max_seconds is not None:
        at = started + timedelta(seconds=lifetime.max_seconds)
        yield End(
            "MaxSeconds", lifetime.action, at, f"spec.lifetime.maxSeconds: it has run for {lifetime.max_seconds} s."
        )
    if lifetime.idle is not None and resource.status.ready_at is not None:
        known = (resource.status.ready_at, busy_at, use.last_used(resource, now))
        since = max(moment for moment in known if moment is not None)
        at = min(since, now) + timedelta(seconds=lifetime.idle.after_seconds)
        text = f"spec.lifetime.idle: nobody has used it for {lifetime.idle.after_seconds} s."
        yield End("Idle", lifetime.idle.action, at, text)


def _scheduled_ends(resource: GPUInstance, now: datetime) -> Iterator[End]:
    lifetime, started = resource.spec.lifetime, _runs_since(resource)
    if lifetime is None or lifetime.schedule is None or started is None:
        return
    schedule = lifetime.schedule
    at = _closes_at(resource, now) if schedule.start is not None else _stops_at(resource, schedule, started)
    if at is not None:
        text = f'spec.lifetime.schedule.stop is "{schedule.stop}" ({schedule.time_zone}).'
        yield End("Schedule", schedule.action, at, text)


def _closes_at(resource: GPUInstance, now: datetime) -> datetime | None:
    """When the window closes that is open now; what is closed ends by that, and not by a moment that passes."""
    standing = window.standing(resource, now)
    return standing.changes_at if standing is not None and standing.runs else None


def _stops_at(resource: GPUInstance, schedule: Schedule, started: datetime) -> datetime | None:
    """The first stop after the start, so that one that passed while nobody looked still ends it."""
    at = cron.read(schedule.stop, "stop", cron.zone_of(schedule.time_zone)).after(started)
    until = window.said(resource)
    return at if at is None or until is None else max(at, until)


def measuring_pause(idle_seconds: float) -> float:
    """Seconds between two looks at the GPU of an instance that may idle for so many."""
    return max(_SHORTEST_MEASURING_PAUSE, idle_seconds / _LOOKS_PER_IDLE_TIME)
