"""The annotation gpu.novita.ai/last-used: what it says, and that each change of it counts as use."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON, ago, wire

from novita_operator.api import meta
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import LastUse
from novita_operator.controllers.gpu_instance.policies import lifetime, use

_IDLE = {"idle": {"afterSeconds": 3600}}
_DATE = "Tue Nov 24 12:00:00 UTC 2026"  # of date(1), without a format
_UNCLEAR = ["yesterday", "", "2026-11-24T11:59:00", _DATE]


def _object(text: str | None, noted: dict[str, Any] | None = None, **status: Any) -> GPUInstance:
    known = {"startedAt": wire(ago(9000)), "readyAt": wire(ago(9000)), **status}
    notes = {} if text is None else {meta.LAST_USED: text}
    return a.an_object(
        spec={"lifetime": _IDLE},
        status=known if noted is None else known | {"lastUse": noted},
        annotations=notes,
    )


def _idle_since(resource: GPUInstance, now: datetime = NOON) -> datetime:
    end = lifetime.next_end(resource, None, now)
    assert end is not None
    return end.at - timedelta(hours=1)


@pytest.mark.parametrize("text", [*_UNCLEAR, "2020-01-01T00:00:00Z"])
def test_any_change_of_the_value_is_use_at_that_moment(text: str) -> None:
    assert _idle_since(_object(text, {"value": "before"})) == NOON
    assert _idle_since(_object(text, {})) == NOON


def test_a_change_counts_from_when_it_was_noted() -> None:
    resource = _object(_DATE, {"value": _DATE, "changedAt": wire(ago(60))})

    assert _idle_since(resource) == ago(60)
    assert use.noted(resource, NOON) == LastUse(value=_DATE, changed_at=ago(60))


def test_a_later_time_in_the_value_counts_more_than_the_moment_of_its_change() -> None:
    said = wire(ago(30))

    assert _idle_since(_object(said, {"value": said, "changedAt": wire(ago(60))})) == ago(30)


def test_a_change_is_noted_with_the_new_value_and_the_moment() -> None:
    assert use.noted(_object(_DATE, {"value": "before"}), NOON) == LastUse(value=_DATE, changed_at=NOON)


def test_an_object_was_used_at_the_later_of_the_time_that_is_said_and_the_last_change() -> None:
    assert use.last_used(_object(wire(ago(30)), {"value": "before"}), NOON) == NOON
    assert use.last_used(_object(wire(ago(30)), {"value": wire(ago(30))}), NOON) == ago(30)


def test_a_removed_annotation_leaves_the_moment_of_its_last_change_as_the_last_use() -> None:
    assert use.last_used(_object(None, {"value": _DATE, "changedAt": wire(ago(60))}), NOON) == ago(60)


def test_what_nobody_ever_said_to_be_in_use_was_never_used() -> None:
    assert use.last_used(_object(None), NOON) is None
    assert use.last_used(_object(None, {}), NOON) is None


def test_without_an_idle_time_only_the_time_that_is_said_counts_as_use() -> None:
    def unbound(text: str) -> GPUInstance:
        return a.an_object(annotations={meta.LAST_USED: text})

    assert use.last_used(unbound(wire(ago(30))), NOON) == ago(30)
    assert use.last_used(unbound(_DATE), NOON) is None


@pytest.mark.parametrize("text", _UNCLEAR)
def test_a_value_that_was_there_before_anything_was_noted_is_no_change(text: str) -> None:
    resource = _object(text)

    assert _idle_since(resource) == ago(9000)
    assert use.noted(resource, NOON) == LastUse(value=text)


def test_to_remove_the_annotation_is_no_use_and_to_write_it_again_is() -> None:
    removed = _object(None, {"value": _DATE, "changedAt": wire(ago(60))})

    assert use.noted(removed, NOON) == LastUse(value=None, changed_at=ago(60))
    assert _idle_since(_object(_DATE, {"changedAt": wire(ago(60))})) == NOON


def test_a_change_wakes_what_idleness_has_stopped_and_an_old_value_does_not() -> None:
    ended = {"cause": "Idle", "action": "Stop", "at": wire(ago(60)), "generation": 1}

    assert lifetime.stays_ended(_object(_DATE, {"value": _DATE, "changedAt": wire(ago(90))}, ended=ended), NOON)
    assert lifetime.stays_ended(_object(_DATE, ended=ended), NOON)
    assert not lifetime.stays_ended(_object(_DATE, {}, ended=ended), NOON)


def test_a_long_value_is_compared_as_far_as_a_status_holds_it() -> None:
    noted = use.noted(_object("x" * 5000, {"value": "x" * 256}), NOON)

    assert noted == LastUse(value="x" * 256)


def test_without_an_idle_time_nothing_is_noted() -> None:
    assert use.noted(a.an_object(annotations={meta.LAST_USED: _DATE}), NOON) is None
    assert use.noted(a.an_object(spec={"lifetime": {"maxSeconds": 60}}), NOON) is None


@pytest.mark.parametrize("text", _UNCLEAR)
def test_a_value_that_is_no_time_is_told(text: str) -> None:
    told = use.unclear(_object(text))

    assert told is not None
    assert told.startswith(
        "The annotation gpu.novita.ai/last-used is no time with a zone, such as 2026-11-24T12:00:00Z "
        "(date -u +%FT%TZ): each change of it counts as use"
    )


@pytest.mark.parametrize("text", [None, "2026-11-24T11:59:00Z"])
def test_there_is_nothing_to_tell_of_one_that_is_a_time_or_absent(text: str | None) -> None:
    assert use.unclear(_object(text)) is None
