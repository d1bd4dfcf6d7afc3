"""spec.lifetime: when a working instance is ended, and when it comes back. Pure.

An end is a moment that passes while the instance runs, and not a state: whoever edits the spec, or asks for another
reconcile, starts the instance again, until the next such moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from novita_operator.api import meta
from novita_operator.api.gpu_instance.life import Schedule
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import Ended

_Cause = Literal["MaxSeconds", "Idle", "Schedule"]
_Action = Literal["Stop", "Delete"]


class Unreadable(Exception):
    """A cron expression or a time zone that nobody knows; the text names the field."""


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
    return _first([*_fixed_ends(resource, busy_at, now), *_scheduled_ends(resource)])


def next_fixed_end(resource: GPUInstance, busy_at: datetime | None, now: datetime) -> End | None:
    """The same, where spec.lifetime.schedule cannot be read: what else ends the instance goes on without it."""
    return _first(_fixed_ends(resource, busy_at, now))


def stays_ended(resource: GPUInstance, now: datetime) -> bool:
    """Whether an end that was decided on still counts. Raises Unreadable."""
    ended = resource.status.ended
    if ended is None:
        return False
    asked = resource.meta.reconcile_requested_at
    if ended.generation != resource.meta.generation or ended.reconcile_requested_at != asked:
        return False
    wakes_at = _wakes_at(resource, ended)
    return wakes_at is None or now < wakes_at


def check(schedule: Schedule, now: datetime) -> None:
    """Whether time zone and cron expressions can be read. Raises Unreadable."""
    for field, expression in (("stop", schedule.stop), ("start", schedule.start)):
        if expression is not None:
            _fire(expression, field, schedule, now)


def wakes_at(resource: GPUInstance) -> datetime | None:
    """When an ended instance is started again by itself. Raises Unreadable."""
    return _wakes_at(resource, resource.status.ended) if resource.status.ended is not None else None


def last_used(resource: GPUInstance) -> datetime | None:
    """The annotation; nothing where it is absent or no time."""
    try:
        return meta.reasonable(datetime.fromisoformat(resource.meta.annotations.get(meta.LAST_USED, "")))
    except ValueError:
        return None


def unclear_use(resource: GPUInstance) -> str | None:
    """Why the annotation does not count, in a sentence."""
    text = resource.meta.annotations.get(meta.LAST_USED)
    if text is None or last_used(resource) is not None:
        return None
    return f"The annotation {meta.LAST_USED} is no time with a zone, such as 2026-11-24T12:00:00Z: it does not count."


def _wakes_at(resource: GPUInstance, ended: Ended) -> datetime | None:
    lifetime = resource.spec.lifetime
    schedule = lifetime.schedule if lifetime is not None else None
    match ended.cause:
        case "Schedule" if schedule is not None and schedule.start is not None:
            return _fire(schedule.start, "start", schedule, ended.at)
        case "Idle":
            used = last_used(resource)
            return used if used is not None and used > ended.at else None
        case _:
            return None


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
        known = (resource.status.ready_at, busy_at, last_used(resource))
        since = max(moment for moment in known if moment is not None)
        at = min(since, now) + timedelta(seconds=lifetime.idle.after_seconds)
        text = f"spec.lifetime.idle: nobody has used it for {lifetime.idle.after_seconds} s."
        yield End("Idle", lifetime.idle.action, at, text)


def _scheduled_ends(resource: GPUInstance) -> Iterator[End]:
    lifetime, started = resource.spec.lifetime, _runs_since(resource)
    if lifetime is None or lifetime.schedule is None or started is None:
        return
    schedule = lifetime.schedule
    # The first moment after the start: one that passed while nobody looked still ends it.
    at = _fire(schedule.stop, "stop", schedule, started)
    text = f'spec.lifetime.schedule.stop is "{schedule.stop}" ({schedule.time_zone}).'
    yield End("Schedule", schedule.action, at, text)


def _fire(expression: str, field: str, schedule: Schedule, after: datetime) -> datetime:
    try:
        zone = ZoneInfo(schedule.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # of a directory such as Brazil, Python 3.11 says OSError
        text = f'spec.lifetime.schedule.timeZone: there is no time zone "{schedule.time_zone}", such as Europe/Paris.'
        raise Unreadable(text) from None
    try:
        return next(CronSim(expression, after.astimezone(zone)))
    except (CronSimError, StopIteration, OverflowError):
        text = f'spec.lifetime.schedule.{field}: "{expression}" is no cron expression, such as "0 20 * * 1-5".'
        raise Unreadable(text) from None
