"""`--until 18:00`: a time as a person says it, in the time zone of the object's schedule. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance.policies import cron
from novita_operator.plugin.cluster import Wrong


def moment(said: str, found: GPUInstance, now: datetime) -> datetime:
    """The moment in UTC; of a mere time of the day, the next one. Raises Wrong."""
    name = found.meta.name
    schedule = found.spec.lifetime.schedule if found.spec.lifetime is not None else None
    if schedule is None:
        raise Wrong(f"{name} has no spec.lifetime.schedule: `kubectl novita start {name}` without --until starts it.")
    try:
        local = now.astimezone(cron.zone_of(schedule.time_zone))
        until = _read(said, local).astimezone(UTC)
    except cron.Unreadable as error:
        raise Wrong(f"{name}: {error}") from None
    except (ValueError, OverflowError):
        raise Wrong(
            f'--until is "{said}", which is no time: write 18:00, 2026-11-24T18:00 (both {schedule.time_zone}), '
            "or 2026-11-24T18:00:00Z."
        ) from None
    if until <= now:
        raise Wrong(f"--until is {until:%Y-%m-%d %H:%M} UTC, which has passed.")
    return until


def _read(said: str, local: datetime) -> datetime:
    try:
        clock = time.fromisoformat(said)
    except ValueError:
        until = datetime.fromisoformat(said)
        return until if until.tzinfo is not None else until.replace(tzinfo=local.tzinfo)
    if clock.tzinfo is not None:
        raise ValueError(said)  # a zone without a day
    today = datetime.combine(local.date(), clock, local.tzinfo)
    return today if today > local else datetime.combine(local.date() + timedelta(days=1), clock, local.tzinfo)
