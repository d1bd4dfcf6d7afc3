"""When a cron expression fires, by the wall clock of a time zone. Pure.

Where clocks go forward, a time that does not exist counts at the moment of the change. Where they go back, a time that
exists twice counts the first time. So each time of the expression is one moment, from wherever one looks at it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

_ANY_TIME = datetime(2026, 1, 1)  # noqa: DTZ001 - a wall clock has no zone


class Unreadable(Exception):
    """A cron expression or a time zone that nobody knows; the text names the field."""


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression of five fields in a time zone."""

    expression: str
    zone: ZoneInfo

    def after(self, moment: datetime) -> datetime | None:
        """The first time that it fires later than that; None: within 50 years it does not."""
        return next(self.all_after(moment), None)

    def all_after(self, moment: datetime) -> Iterator[datetime]:
        """Each time that it fires later than that, in order."""
        local = moment.astimezone(self.zone).replace(tzinfo=None, fold=0)
        fires = (_moment_of(wall, self.zone) for wall in CronSim(self.expression, local))
        return (fire for fire in fires if fire > moment)

    def until(self, moment: datetime) -> datetime | None:
        """The last time that it has fired, that very moment included; None: not within 50 years."""
        local = moment.astimezone(self.zone)
        # What the clocks will show once more counts already; one second later, the moment itself counts.
        walls = local.replace(tzinfo=None, fold=0, microsecond=0) + _repeated(local) + timedelta(seconds=1)
        fires = (_moment_of(wall, self.zone) for wall in CronSim(self.expression, walls, reverse=True))
        return next((fire for fire in fires if fire <= moment), None)


def zone_of(name: str) -> ZoneInfo:
    """The time zone of this name. Raises Unreadable."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # of a directory such as Brazil, Python 3.11 says OSError
        text = f'spec.lifetime.schedule.timeZone: there is no time zone "{name}", such as Europe/Paris.'
        raise Unreadable(text) from None


def read(expression: str, field: str, zone: ZoneInfo) -> Cron:
    """The cron expression in spec.lifetime.schedule, in the field of this name. Raises Unreadable."""
    try:
        fires = next(CronSim(expression, _ANY_TIME), None)
    except (CronSimError, OverflowError):
        fires = None
    if fires is None:
        text = f'spec.lifetime.schedule.{field}: "{expression}" is no cron expression that ever fires, such as '
        raise Unreadable(f'{text}"0 20 * * 1-5".')
    return Cron(expression, zone)


def _repeated(local: datetime) -> timedelta:
    """How far the clocks were put back, where they show this time for the second time."""
    earlier, later = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
    assert earlier is not None  # noqa: S101 - it has a zone
    assert later is not None  # noqa: S101 - it has a zone
    return max(timedelta(0), earlier - later) if local.fold else timedelta(0)


def _moment_of(wall: datetime, zone: ZoneInfo) -> datetime:
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    exists = moment.astimezone(zone).replace(tzinfo=None, fold=0) == wall
    return moment if exists else _change(wall.replace(tzinfo=zone, fold=1).astimezone(UTC), moment, zone)


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The moment between these two at which the clocks go forward, to the second."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after
