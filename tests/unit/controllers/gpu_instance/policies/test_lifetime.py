"""Ends of working instances: when they come, and when an ended instance comes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON, ago, wire

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance.policies import cron, lifetime
from novita_operator.controllers.gpu_instance.policies.window import Standing

_IDLE = {"idle": {"afterSeconds": 3600}}
_DAY = {"schedule": {"stop": "0 20 * * *", "start": "0 8 * * *", "timeZone": "UTC"}}


def _object(wanted: dict[str, Any], *, annotations: dict[str, str] | None = None, **status: Any) -> GPUInstance:
    known = {"startedAt": wire(ago(600)), "readyAt": wire(ago(300)), **status}
    return a.an_object(spec={"lifetime": wanted}, status=known, annotations=annotations)


def _ended(cause: str, at: datetime, *, generation: int = 1) -> dict[str, Any]:
    return {"ended": {"cause": cause, "action": "Stop", "at": wire(at), "generation": generation}}


def _next(resource: GPUInstance, busy_at: datetime | None = None) -> lifetime.End:
    end = lifetime.next_end(resource, busy_at, NOON)
    assert end is not None
    return end


def test_without_a_lifetime_nothing_ends() -> None:
    assert lifetime.next_end(a.an_object(status={"startedAt": wire(NOON)}), None, NOON) is None


def test_what_was_never_started_does_not_end() -> None:
    resource = a.an_object(spec={"lifetime": {"maxSeconds": 60}})

    assert lifetime.next_end(resource, None, NOON) is None


def test_a_lifetime_that_asks_for_nothing_yet_ends_nothing() -> None:
    never_ready = a.an_object(spec={"lifetime": _IDLE}, status={"startedAt": wire(ago(600))})

    assert lifetime.next_end(never_ready, None, NOON) is None
    assert lifetime.next_end(_object({}), None, NOON) is None


def test_max_seconds_count_from_the_last_create_or_start_call() -> None:
    text = "spec.lifetime.maxSeconds: it has run for 7200 s."

    assert _next(_object({"maxSeconds": 7200})) == lifetime.End(
        "MaxSeconds", "Delete", ago(600) + timedelta(hours=2), text
    )


@pytest.mark.parametrize("how", ["Stop", "Delete"])
def test_each_end_says_its_cause_and_does_what_it_is_told(how: Any) -> None:
    idle = {"idle": {"afterSeconds": 3600, "action": how}}
    schedule = {"schedule": {"stop": "0 20 * * *", "action": how, "timeZone": "UTC"}}

    assert _next(_object(idle)) == lifetime.End(
        "Idle", how, ago(300) + timedelta(hours=1), "spec.lifetime.idle: nobody has used it for 3600 s."
    )
    assert _next(_object(schedule)) == lifetime.End(
        "Schedule", how, NOON.replace(hour=20), 'spec.lifetime.schedule.stop is "0 20 * * *" (UTC).'
    )


def test_the_earliest_end_counts() -> None:
    end = _next(_object({"maxSeconds": 90_000, **_IDLE, **_DAY}))

    assert end.cause == "Idle"


@pytest.mark.parametrize(
    ("used", "busy", "expected"),
    [
        pytest.param(None, None, ago(300), id="since it was Ready"),
        pytest.param(ago(100), None, ago(100), id="since the annotation"),
        pytest.param(ago(100), ago(50), ago(50), id="since the GPU was busy"),
        pytest.param(ago(400), ago(500), ago(300), id="older signs say nothing"),
        pytest.param(NOON + timedelta(days=9), None, NOON, id="an annotation from the future is now"),
    ],
)
def test_idleness_counts_from_the_last_sign_of_use(
    used: datetime | None, busy: datetime | None, expected: datetime
) -> None:
    notes = {"gpu.novita.ai/last-used": wire(used)} if used is not None else None

    assert _next(_object(_IDLE, annotations=notes), busy).at == expected + timedelta(hours=1)


@pytest.mark.parametrize("text", ["yesterday", "", "2026-11-24T11:59:00"])
def test_an_annotation_that_is_no_time_says_nothing(text: str) -> None:
    resource = _object(_IDLE, annotations={"gpu.novita.ai/last-used": text})

    assert _next(resource).at == ago(300) + timedelta(hours=1)


def test_beside_a_schedule_that_cannot_be_read_the_other_ends_go_on() -> None:
    unreadable = {"schedule": {"stop": "99 99 * * *", "timeZone": "UTC"}}
    resource = _object({"maxSeconds": 7200, **_IDLE, **unreadable})

    end = lifetime.next_fixed_end(resource, ago(60), NOON)

    assert end is not None
    assert (end.cause, end.at) == ("Idle", ago(60) + timedelta(hours=1))
    assert lifetime.next_fixed_end(_object(unreadable), ago(60), NOON) is None


def test_a_schedule_ends_at_its_next_stop_in_its_own_time_zone() -> None:
    wanted = {"schedule": {"stop": "0 20 * * *", "timeZone": "Asia/Tokyo"}}

    end = _next(_object(wanted))

    assert end.at == datetime(2026, 11, 25, 11, tzinfo=UTC)  # 20:00 of the 25th in Tokyo, where it is 21:00 now


def test_a_stop_that_passed_while_nobody_looked_is_due() -> None:
    resource = _object({"schedule": {"stop": "55 11 * * *"}})

    assert _next(resource).at == ago(300)


def test_moments_up_to_the_last_end_are_over() -> None:
    resource = _object({"schedule": {"stop": "55 11 * * *"}}, **_ended("Schedule", ago(300)))

    assert _next(resource).at == ago(300) + timedelta(days=1)


@pytest.mark.parametrize(
    ("schedule", "field"),
    [
        ({"stop": "61 25 * * *"}, "schedule.stop"),
        ({"stop": "0 20 * * *", "timeZone": "Mars/Olympus"}, "schedule.timeZone"),
        ({"stop": "0 20 * * *", "timeZone": "../etc"}, "schedule.timeZone"),
        # A directory of the time zone database.
        ({"stop": "0 20 * * *", "timeZone": "Brazil"}, "schedule.timeZone"),
    ],
)
def test_what_cannot_be_read_names_its_field(schedule: dict[str, str], field: str) -> None:
    with pytest.raises(cron.Unreadable, match=f"spec.lifetime.{field}"):
        lifetime.next_end(_object({"schedule": schedule}), None, NOON)


_ONE_STOP = {"schedule": {"stop": "0 20 * * *"}}
_ASKED = {"gpu.novita.ai/reconcile-requested-at": "now"}


@pytest.mark.parametrize(
    ("cause", "annotations", "generation", "stays"),
    [
        pytest.param("MaxSeconds", {}, 1, True, id="until somebody asks"),
        pytest.param("MaxSeconds", {}, 0, False, id="until the spec is edited"),
        pytest.param("MaxSeconds", _ASKED, 1, False, id="until it is asked for"),
        pytest.param("Idle", {"gpu.novita.ai/last-used": wire(ago(10))}, 1, False, id="until it is used"),
        pytest.param("Idle", {"gpu.novita.ai/last-used": wire(ago(90))}, 1, True, id="use before the end is none"),
        pytest.param("Idle", {"gpu.novita.ai/last-used": wire(ago(60))}, 1, True, id="use at the end is none"),
        pytest.param("Schedule", {}, 1, True, id="of a schedule without a start"),
        pytest.param("Schedule", {}, 0, True, id="of a schedule, whatever else is edited"),
        pytest.param("Schedule", _ASKED, 1, False, id="of a schedule, until it is asked for"),
        pytest.param(
            "Schedule", {"gpu.novita.ai/run-until": "2026-11-24T12:00:01Z"}, 1, False, id="while an override lasts"
        ),
        pytest.param(
            "Schedule", {"gpu.novita.ai/run-until": "2026-11-24T12:00:00Z"}, 1, True, id="when an override is over"
        ),
    ],
)
def test_an_end_counts(cause: str, annotations: dict[str, str], generation: int, stays: bool) -> None:
    ended = _ended(cause, ago(60), generation=generation)

    assert lifetime.stays_ended(_object(_ONE_STOP | _IDLE, annotations=annotations, **ended), NOON) is stays


def test_what_was_never_ended_neither_stays_so_nor_wakes() -> None:
    assert lifetime.stays_ended(_object(_DAY), NOON) is False
    assert lifetime.starts_at(_object(_DAY), None, NOON, ended=False) is None


@pytest.mark.parametrize("wanted", [None, _IDLE, _DAY], ids=["no lifetime", "another end", "a window"])
def test_a_stop_of_a_schedule_that_is_gone_or_is_a_window_now_is_over(wanted: dict[str, Any] | None) -> None:
    resource = a.an_object(spec={"lifetime": wanted} if wanted else {}, status=_ended("Schedule", ago(60)))

    assert lifetime.stays_ended(resource, NOON) is False
    assert lifetime.starts_at(resource, None, NOON, ended=False) is None


def test_what_idleness_has_ended_comes_back_when_the_window_opens_next() -> None:
    resource = _object(_DAY | _IDLE, **_ended("Idle", ago(60)))
    morning = NOON.replace(hour=8) + timedelta(days=1)

    assert lifetime.starts_at(resource, None, NOON, ended=True) == morning
    assert lifetime.stays_ended(resource, morning - timedelta(seconds=1))
    assert not lifetime.stays_ended(resource, morning)


def test_what_has_run_its_time_does_not_come_back_when_the_window_opens_next() -> None:
    resource = _object(_DAY | {"maxSeconds": 60}, **_ended("MaxSeconds", ago(60)))

    assert lifetime.stays_ended(resource, NOON + timedelta(days=2))


def test_a_window_ends_when_it_closes_and_not_at_stops_that_are_over() -> None:
    resource = _object(_DAY, startedAt=wire(ago(90_000)))

    assert _next(resource).at == NOON.replace(hour=20)
    assert lifetime.next_end(resource, None, NOON.replace(hour=21)) is None


def test_an_override_holds_the_stops_of_a_schedule_without_a_start_up() -> None:
    until = {"gpu.novita.ai/run-until": "2026-11-24T13:00:00Z"}
    passed = _object({"schedule": {"stop": "55 11 * * *"}}, annotations=until)
    comes = _object(_ONE_STOP, annotations=until)

    assert _next(passed).at == NOON.replace(hour=13)
    assert _next(comes).at == NOON.replace(hour=20)


@pytest.mark.parametrize(
    ("power", "wanted", "ended", "closed", "expected"),
    [
        ("Running", _DAY, None, False, "Running"),
        ("Running", _DAY, None, True, "Stopped"),
        ("Running", {"schedule": _DAY["schedule"] | {"action": "Delete"}}, None, True, "Released"),
        ("Running", _DAY, "Delete", True, "Released"),
        ("Running", _DAY, "Stop", False, "Stopped"),
        ("Stopped", _DAY, None, False, "Stopped"),
        ("Stopped", {"schedule": _DAY["schedule"] | {"action": "Delete"}}, None, True, "Stopped"),
        ("Stopped", _DAY, "Delete", True, "Stopped"),
    ],
)
def test_stopped_wins_then_an_end_then_the_window(
    power: str, wanted: dict[str, Any], ended: str | None, closed: bool, expected: str
) -> None:
    record = {"ended": {"cause": "MaxSeconds", "action": ended, "at": wire(ago(60)), "generation": 1}} if ended else {}
    resource = a.an_object(spec={"lifetime": wanted, "powerState": power}, status=record)

    assert lifetime.power(resource, Standing(not closed, None), ended=ended is not None) == expected


def test_a_start_that_cannot_be_read_names_its_field() -> None:
    resource = _object({"schedule": {"stop": "0 20 * * *", "start": "61 25 * * *"}})

    with pytest.raises(cron.Unreadable, match=r"^spec.lifetime.schedule.start: "):
        lifetime.next_end(resource, None, NOON)
