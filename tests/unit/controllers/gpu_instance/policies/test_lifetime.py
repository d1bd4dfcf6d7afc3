"""Ends of working instances: when they come, and when an ended instance comes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON, ago, wire

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance.policies import lifetime

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


@pytest.mark.parametrize("text", ["yesterday", "", "2026-11-24T11:59:00"])
def test_it_is_told_that_such_an_annotation_does_not_count(text: str) -> None:
    told = lifetime.unclear_use(_object(_IDLE, annotations={"gpu.novita.ai/last-used": text}))

    assert told is not None
    assert told.startswith(
        "The annotation gpu.novita.ai/last-used is no time with a zone, such as 2026-11-24T12:00:00Z"
    )


@pytest.mark.parametrize("annotations", [{}, {"gpu.novita.ai/last-used": "2026-11-24T11:59:00Z"}])
def test_there_is_nothing_to_tell_of_one_that_counts_or_is_absent(annotations: dict[str, str]) -> None:
    assert lifetime.unclear_use(_object(_IDLE, annotations=annotations)) is None


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
    with pytest.raises(lifetime.Unreadable, match=f"spec.lifetime.{field}"):
        lifetime.next_end(_object({"schedule": schedule}), None, NOON)


@pytest.mark.parametrize(
    ("cause", "annotations", "generation", "stays"),
    [
        pytest.param("MaxSeconds", {}, 1, True, id="until somebody asks"),
        pytest.param("MaxSeconds", {}, 0, False, id="until the spec is edited"),
        pytest.param(
            "MaxSeconds", {"gpu.novita.ai/reconcile-requested-at": "now"}, 1, False, id="until it is asked for"
        ),
        pytest.param("Idle", {"gpu.novita.ai/last-used": wire(ago(10))}, 1, False, id="until it is used"),
        pytest.param("Idle", {"gpu.novita.ai/last-used": wire(ago(90))}, 1, True, id="use before the end is none"),
        pytest.param("Idle", {"gpu.novita.ai/last-used": wire(ago(60))}, 1, True, id="use at the end is none"),
        pytest.param("Schedule", {}, 1, True, id="until the next start"),
    ],
)
def test_an_end_counts(cause: str, annotations: dict[str, str], generation: int, stays: bool) -> None:
    ended = _ended(cause, ago(60), generation=generation)

    assert lifetime.stays_ended(_object(_DAY | _IDLE, annotations=annotations, **ended), NOON) is stays


def test_a_schedule_starts_again_at_its_next_start() -> None:
    evening = NOON.replace(hour=20)
    resource = _object(_DAY, **_ended("Schedule", evening))

    assert lifetime.wakes_at(resource) == evening + timedelta(hours=12)
    assert lifetime.stays_ended(resource, evening + timedelta(hours=11))
    assert not lifetime.stays_ended(resource, evening + timedelta(hours=12))


def test_what_was_never_ended_neither_stays_so_nor_wakes() -> None:
    assert lifetime.stays_ended(_object(_DAY), NOON) is False
    assert lifetime.wakes_at(_object(_DAY)) is None


@pytest.mark.parametrize("wanted", [None, _IDLE, {"schedule": {"stop": "0 20 * * *"}}], ids=["none", "another", "stop"])
def test_what_a_schedule_ended_does_not_wake_without_a_start(wanted: dict[str, Any] | None) -> None:
    resource = a.an_object(spec={"lifetime": wanted} if wanted else {}, status=_ended("Schedule", ago(60)))

    assert lifetime.wakes_at(resource) is None
    assert lifetime.stays_ended(resource, NOON) is True


def test_a_start_that_cannot_be_read_names_its_field() -> None:
    resource = _object({"schedule": {"stop": "0 20 * * *", "start": "61 25 * * *"}}, **_ended("Schedule", ago(60)))

    with pytest.raises(lifetime.Unreadable, match=r"^spec.lifetime.schedule.start: "):
        lifetime.wakes_at(resource)
