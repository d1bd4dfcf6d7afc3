"""`--until`: a time as a person says it, in the time zone of the object's schedule."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.plugin import until
from novita_operator.plugin.cluster import Wrong


def _object(zone: str = "Asia/Tokyo") -> GPUInstance:
    return a.an_object(spec={"lifetime": {"schedule": {"stop": "0 20 * * *", "timeZone": zone}}})


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("22:00", datetime(2026, 11, 24, 13, tzinfo=UTC)),
        ("18:00", datetime(2026, 11, 25, 9, tzinfo=UTC)),
        ("2026-11-26T18:00", datetime(2026, 11, 26, 9, tzinfo=UTC)),
        ("2026-11-26T18:00:00Z", datetime(2026, 11, 26, 18, tzinfo=UTC)),
    ],
    ids=["later today, where it is 21:00", "tomorrow", "a day", "a zone of its own"],
)
def test_a_time_is_read_in_the_zone_of_the_schedule(said: str, expected: datetime) -> None:
    assert until.moment(said, _object(), NOON) == expected


@pytest.mark.parametrize("said", ["6pm", "", "25:00", "18:00Z", "9999-12-31T23:59"])
def test_what_is_no_time_is_refused_with_the_forms_that_are(said: str) -> None:
    with pytest.raises(Wrong, match=r"--until is"):
        until.moment(said, _object("America/New_York"), NOON)


def test_what_has_passed_is_refused() -> None:
    with pytest.raises(Wrong, match="has passed"):
        until.moment("2026-11-24T11:59:00Z", _object(), NOON)


def test_a_zone_that_nobody_knows_is_named() -> None:
    with pytest.raises(Wrong, match="timeZone"):
        until.moment("18:00", _object("Europe/Belrin"), NOON)


def test_without_a_schedule_there_is_nothing_to_override() -> None:
    with pytest.raises(Wrong, match="without --until"):
        until.moment("18:00", a.an_object(), NOON)
