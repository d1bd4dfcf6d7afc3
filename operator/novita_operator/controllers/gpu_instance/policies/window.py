"""spec.lifetime.schedule with `start` and `stop`: the window in which the instance runs. Pure.

Whether it is open follows from the spec and the time alone, so that no restart, edit or lost record changes it. Where
start and stop fire at the same moment, the stop counts. The annotation gpu.novita.ai/run-until keeps the instance
running outside of it, up to a moment that a person names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from novita_operator.api import meta
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance.policies import cron
from novita_operator.controllers.gpu_instance.policies.cron import Cron

MOST_STARTS = 100
"""So many starts are looked at for one at which no stop fires, too: a schedule whose stop always does is a mistake."""


@dataclass(frozen=True, slots=True)
class Window:
    """From each start to the next stop."""

    start: Cron
    stop: Cron

    def is_open(self, moment: datetime) -> bool:
        """Whether the last of them to fire was a start."""
        started, stopped = self.start.until(moment), self.stop.until(moment)
        return started is not None and (stopped is None or started > stopped)

    def opens_after(self, moment: datetime) -> datetime | None:
        """The next start that no stop swallows; None: there is none."""
        starts = islice(self.start.all_after(moment), MOST_STARTS)
        return next((started for started in starts if self.stop.until(started) != started), None)

    def closes_after(self, moment: datetime) -> datetime | None:
        """The next stop."""
        return self.stop.after(moment)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a window says at one moment."""

    runs: bool
    """It is open, or the override keeps the instance running."""
    changes_at: datetime | None
    """When that changes by itself; None: never."""
    overridden_until: datetime | None = None
    """The end of the override, where it is in force."""


def standing(resource: GPUInstance, now: datetime) -> Standing | None:
    """What the window says now; None where the schedule is none. Raises Unreadable."""
    found = of(resource)
    if found is None:
        return None
    until = override(resource, now)
    if until is None and not found.is_open(now):
        return Standing(runs=False, changes_at=found.opens_after(now))
    last = until or now
    ends = found.closes_after(last) if found.is_open(last) else until
    return Standing(runs=True, changes_at=ends, overridden_until=until)


def of(resource: GPUInstance) -> Window | None:
    """The window of the spec; None where it has none. Raises Unreadable."""
    lifetime = resource.spec.lifetime
    schedule = lifetime.schedule if lifetime is not None else None
    if schedule is None or schedule.start is None:
        return None
    zone = cron.zone_of(schedule.time_zone)
    return Window(cron.read(schedule.start, "start", zone), cron.read(schedule.stop, "stop", zone))


def override(resource: GPUInstance, now: datetime) -> datetime | None:
    """Until when the annotation keeps the instance running beside its schedule; None where that is over, or unsaid."""
    until = said(resource)
    return until if until is not None and until > now else None


def said(resource: GPUInstance) -> datetime | None:
    """The moment that the annotation names, past or future, in UTC; without a zone, in that of the schedule."""
    lifetime = resource.spec.lifetime
    if lifetime is None or lifetime.schedule is None:
        return None
    try:
        until = datetime.fromisoformat(resource.meta.annotations.get(meta.RUN_UNTIL, "").strip())
        zoned = until if until.tzinfo is not None else until.replace(tzinfo=cron.zone_of(lifetime.schedule.time_zone))
        return meta.reasonable(zoned.astimezone(UTC))
    except (ValueError, OverflowError, cron.Unreadable):
        return None


def unclear_override(resource: GPUInstance) -> str | None:
    """Why the annotation keeps nothing running, in a sentence."""
    if meta.RUN_UNTIL not in resource.meta.annotations:
        return None
    lifetime = resource.spec.lifetime
    if lifetime is None or lifetime.schedule is None:
        return f"The annotation {meta.RUN_UNTIL} counts beside spec.lifetime.schedule, and there is none."
    if said(resource) is not None:
        return None
    return f"The annotation {meta.RUN_UNTIL} is no time, such as 2026-11-24T18:00:00Z: it keeps nothing running."
