"""The window of a schedule: open or closed, when that changes, and what an override does to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON, ago, wire

from novita_operator.api import meta
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance.policies import cron, window
from novita_operator.controllers.gpu_instance.policies.window import Standing, Window

_WORKDAYS = {"stop": "0 20 * * 1-5", "start": "0 8 * * 1-5"}
_SATURDAY = datetime(2026, 11, 28, 12, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


def _window(start: str, stop: str, zone: str = "UTC") -> Window:
    found = ZoneInfo(zone)
    return Window(cron.read(start, "start", found), cron.read(stop, "stop", found))


def _object(schedule: dict[str, Any] | None = None, run_until: str | None = None, **parts: Any) -> GPUInstance:
    notes = {} if run_until is None else {meta.RUN_UNTIL: run_until}
    return a.an_object(spec={"lifetime": {"schedule": schedule or _WORKDAYS}}, annotations=notes, **parts)


def _utc(day: int, hour: int, minute: int = 0, *, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


# --- Against brute force --------------------------------------------------------------------------------------------

_NUMBERS = st.lists(st.integers(0, 59), min_size=1, max_size=3, unique=True)
_HOURS = st.lists(st.integers(0, 23), min_size=1, max_size=3, unique=True)
_WEEK = st.lists(st.integers(0, 6), min_size=1, max_size=6, unique=True)
# The clocks change in the nights around these days, by an hour, and on Lord Howe by half of one.
_CHANGES = (
    ("Europe/Paris", _utc(29, 1, month=3)),
    ("Europe/Paris", _utc(25, 1, month=10)),
    ("America/New_York", _utc(8, 7, month=3)),
    ("America/New_York", _utc(1, 6)),
    ("Australia/Lord_Howe", _utc(4, 15, month=4)),
    ("Australia/Lord_Howe", _utc(3, 15, month=10)),
    ("Asia/Kolkata", NOON),
    ("UTC", NOON),
)


class _Fields:
    """Minutes, hours and days of the week of a cron expression, matched minute by minute."""

    def __init__(self, minutes: list[int], hours: list[int], week: list[int] | None) -> None:
        self.minutes, self.hours, self.week = set(minutes), set(hours), set(week) if week else set(range(7))
        days = ",".join(map(str, week)) if week else "*"
        self.expression = f"{','.join(map(str, minutes))} {','.join(map(str, hours))} * * {days}"

    def shows(self, wall: datetime) -> bool:
        sunday_first = (wall.weekday() + 1) % 7
        return wall.minute in self.minutes and wall.hour in self.hours and sunday_first in self.week


_FIELDS = st.builds(_Fields, _NUMBERS, _HOURS, st.none() | _WEEK)


def _come(wall: datetime, previous: datetime) -> list[datetime]:
    """The times that a clock on the wall comes to from one minute to the next, with those that it leaves out."""
    if wall.fold:
        return []
    passed = int((wall.replace(tzinfo=None) - previous.replace(tzinfo=None)) / _MINUTE)
    return [wall - n * _MINUTE for n in range(max(1, passed))]


def _watched(start: _Fields, stop: _Fields, zone: ZoneInfo, begin: datetime) -> Iterator[tuple[datetime, bool | None]]:
    """Each minute, and whether the window is open then; None before anything has fired."""
    is_open: bool | None = None
    moment, previous = begin, (begin - _MINUTE).astimezone(zone)
    while True:
        wall = moment.astimezone(zone)
        come = _come(wall, previous)
        if any(map(stop.shows, come)):
            is_open = False
        elif any(map(start.shows, come)):
            is_open = True
        yield moment, is_open
        moment, previous = moment + _MINUTE, wall


@settings(max_examples=15)
@given(st.sampled_from(_CHANGES), _FIELDS, _FIELDS, st.integers(-36 * 60, 36 * 60))
def test_a_window_agrees_with_a_clock_that_is_watched_minute_by_minute(
    place: tuple[str, datetime], start: _Fields, stop: _Fields, offset: int
) -> None:
    name, change = place
    at = change + offset * _MINUTE
    found = _window(start.expression, stop.expression, name)
    # Each expression fires in every week.
    minutes = _watched(start, stop, ZoneInfo(name), at - 8 * _DAY)
    now = next(is_open for moment, is_open in minutes if moment == at)
    later = islice(minutes, int(2 * _DAY / _MINUTE))
    turns = next((moment for moment, is_open in later if is_open is not now), None)

    changes = found.closes_after(at) if now else found.opens_after(at)

    assert now is not None
    assert found.is_open(at) is found.is_open(at + timedelta(seconds=59)) is now
    assert changes == turns if turns is not None else changes is None or changes > at + 2 * _DAY


# --- The cases that people write --------------------------------------------------------------------------------------


def test_made_on_saturday_a_window_of_workdays_is_closed_until_monday() -> None:
    assert window.standing(_object(), _SATURDAY) == Standing(runs=False, changes_at=_utc(30, 8))


@pytest.mark.parametrize(
    ("now", "runs", "changes_at"),
    [
        (_utc(24, 7, 59), False, _utc(24, 8)),
        (_utc(24, 8), True, _utc(24, 20)),
        (_utc(24, 19, 59), True, _utc(24, 20)),
        (_utc(24, 20), False, _utc(25, 8)),
        (_utc(27, 20), False, _utc(30, 8)),
    ],
)
def test_it_runs_from_the_very_minute_of_the_start_to_that_of_the_stop(
    now: datetime, runs: bool, changes_at: datetime
) -> None:
    assert window.standing(_object(), now) == Standing(runs=runs, changes_at=changes_at)


def test_a_window_over_midnight_is_open_on_both_sides_of_it() -> None:
    night = _window("0 22 * * *", "0 6 * * *")

    assert [night.is_open(_utc(24, hour)) for hour in (21, 22, 23)] == [False, True, True]
    assert [night.is_open(_utc(25, hour)) for hour in (0, 5, 6)] == [True, True, False]
    assert night.closes_after(_utc(24, 23)) == _utc(25, 6)


def test_of_several_starts_before_one_stop_the_later_ones_change_nothing() -> None:
    twice = _window("0 8,9,12 * * *", "0 20 * * *")

    assert twice.is_open(_utc(24, 8, 30))
    assert twice.closes_after(_utc(24, 8, 30)) == _utc(24, 20)
    assert twice.opens_after(_utc(24, 20)) == _utc(25, 8)


def test_several_windows_a_day_are_each_open() -> None:
    shifts = _window("0 8,13 * * *", "0 12,18 * * *")

    assert [shifts.is_open(_utc(24, hour)) for hour in (8, 12, 13, 18)] == [True, False, True, False]


def test_where_start_and_stop_are_the_same_moment_the_stop_counts() -> None:
    never = _window("0 8 * * *", "0 8 * * *")
    partly = _window("0 8 * * *", "0 8,20 * * 1-5")

    assert not never.is_open(_utc(24, 8))
    assert never.opens_after(NOON) is None
    assert partly.opens_after(NOON) == _utc(28, 8)


@pytest.mark.parametrize("expression", ["0 0 31 2 *", "0 0 30 2 *", "61 25 * * *", "every day", ""])
def test_what_never_fires_is_told_with_its_field(expression: str) -> None:
    with pytest.raises(cron.Unreadable, match=r"^spec.lifetime.schedule.start: .*that ever fires"):
        cron.read(expression, "start", ZoneInfo("UTC"))


@pytest.mark.parametrize("expression", ["0 0 29 2 *", "0 0 * 2 MON#5"])
def test_what_fires_once_in_years_is_followed(expression: str) -> None:
    rare = cron.read(expression, "start", ZoneInfo("Europe/Paris"))

    last, coming = rare.until(NOON), rare.after(NOON)

    assert last is not None
    assert coming is not None
    assert last < NOON < coming


@pytest.mark.parametrize(
    ("zone", "night", "fires"),
    [
        pytest.param("Europe/Paris", _utc(28, 23, month=3), _utc(29, 1, month=3), id="a time that does not exist"),
        pytest.param("Europe/Paris", _utc(24, 22, month=10), _utc(25, 0, 30, month=10), id="a time that exists twice"),
        pytest.param("UTC", _utc(28, 23, month=3), _utc(29, 2, 30, month=3), id="no change"),
    ],
)
def test_half_past_two_is_one_moment_in_each_night(zone: str, night: datetime, fires: datetime) -> None:
    half_past_two = cron.read("30 2 * * *", "start", ZoneInfo(zone))

    assert half_past_two.after(night) == fires
    assert half_past_two.after(fires) > fires + timedelta(hours=22)  # type: ignore[operator]
    assert half_past_two.until(fires) == fires
    assert half_past_two.until(fires + timedelta(hours=1)) == fires
    assert half_past_two.until(fires - timedelta(seconds=1)) < fires - timedelta(hours=22)  # type: ignore[operator]


def test_a_whole_day_that_a_zone_left_out_counts_at_the_change() -> None:
    noon = cron.read("0 12 * * *", "start", ZoneInfo("Pacific/Apia"))  # without 30 December 2011
    change = datetime(2011, 12, 30, 10, tzinfo=UTC)

    assert noon.after(change - timedelta(hours=1)) == change


def test_a_stop_in_the_time_zone_of_the_object_counts() -> None:
    tokyo = _object(_WORKDAYS | {"timeZone": "Asia/Tokyo"})

    assert window.standing(tokyo, _utc(24, 10, 59)) == Standing(runs=True, changes_at=_utc(24, 11))


# --- The override -----------------------------------------------------------------------------------------------------


def test_an_override_runs_it_outside_the_window_until_it_ends() -> None:
    resource = _object(run_until="2026-11-28T18:00:00Z")

    assert window.standing(resource, _SATURDAY) == Standing(True, _utc(28, 18), _utc(28, 18))
    assert window.standing(resource, _utc(28, 18)) == Standing(runs=False, changes_at=_utc(30, 8))


def test_an_override_that_ends_in_the_window_stops_nothing() -> None:
    resource = _object(run_until="2026-11-30T09:00:00Z")

    assert window.standing(resource, _utc(30, 7)) == Standing(True, _utc(30, 20), _utc(30, 9))
    assert window.standing(resource, _utc(30, 9)) == Standing(runs=True, changes_at=_utc(30, 20))


def test_an_override_keeps_it_running_over_the_end_of_the_window() -> None:
    resource = _object(run_until="2026-11-24T22:00:00Z")

    assert window.standing(resource, _utc(24, 19)) == Standing(True, _utc(24, 22), _utc(24, 22))


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("2026-11-28T18:00:00Z", _utc(28, 18)),
        (" 2026-11-28T18:00:00+09:00 ", _utc(28, 9)),
        ("2026-11-28T18:00", _utc(28, 9)),
        ("2026-11-28 18:00", _utc(28, 9)),
    ],
)
def test_an_override_without_a_zone_is_read_in_that_of_the_schedule(text: str, until: datetime) -> None:
    resource = _object(_WORKDAYS | {"timeZone": "Asia/Tokyo"}, run_until=text)

    assert window.override(resource, NOON) == until
    assert window.unclear_override(resource) is None


@pytest.mark.parametrize("text", ["18:00", "tonight", "", "9999-12-31T23:59:59", "0001-01-01T00:00:00+14:00"])
def test_an_override_that_is_no_time_keeps_nothing_running_and_is_told(text: str) -> None:
    resource = _object(run_until=text)

    assert window.standing(resource, _SATURDAY) == Standing(runs=False, changes_at=_utc(30, 8))
    assert window.unclear_override(resource) == (
        "The annotation gpu.novita.ai/run-until is no time, such as 2026-11-24T18:00:00Z: it keeps nothing running."
    )


def test_an_override_of_an_object_without_a_schedule_is_told() -> None:
    told = window.unclear_override(a.an_object(annotations={meta.RUN_UNTIL: "2026-11-28T18:00:00Z"}))

    assert told == "The annotation gpu.novita.ai/run-until counts beside spec.lifetime.schedule, and there is none."
    assert window.unclear_override(_object()) is None


def test_without_a_start_there_is_no_window() -> None:
    assert window.standing(_object({"stop": "0 20 * * *"}), NOON) is None
    assert window.standing(a.an_object(), NOON) is None


@pytest.mark.parametrize("moment", [ago(0), _SATURDAY])
def test_a_record_of_an_older_version_changes_no_window(moment: datetime) -> None:
    ended = {"cause": "Schedule", "action": "Stop", "at": wire(ago(60)), "generation": 1}
    resource = _object(status={"ended": ended})

    assert window.standing(resource, moment) == window.standing(_object(), moment)
