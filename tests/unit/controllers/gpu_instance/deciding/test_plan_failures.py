"""What is decided after a recorded failure: end the billing as the spec says, and rent nothing until a person asks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON, ago, wire

from novita_operator.api import meta
from novita_operator.controllers.gpu_instance.action import (
    Action,
    ConfirmGone,
    Delete,
    Describe,
    Fail,
    Launch,
    Nothing,
    Release,
    Settled,
    Start,
    Stop,
    Wait,
)
from novita_operator.controllers.gpu_instance.deciding import plan
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.reporting.status import Pace, report
from novita_operator.controllers.gpu_instance.result import Result
from novita_operator.novita.models import Instance

NEXT_POLL = Wait(moving=True, poll=True)
REASONS = ("StartupTimeout", "Failed", "InstanceLost")


def decide(seen: Observation) -> Action:
    return plan.decide(seen, NOON)


def after(
    reason: str,
    *found: Instance,
    instance_id: str | None = "i-1",
    on_timeout: Literal["Delete", "Stop", "Keep"] = "Delete",
    status: dict[str, Any] | None = None,
    held: bool = True,
    outcome: Settled = "Pending",
    **view: Any,
) -> Observation:
    """An object of which this failure is recorded; its create call was made ten minutes ago."""
    known: dict[str, Any] = {"failure": a.a_failure(reason), "startedAt": wire(ago(700))} | (status or {})
    if instance_id is not None:
        known["instanceId"] = instance_id
    spec = {"startup": {"onTimeout": on_timeout}}
    resource = a.an_object(spec=spec, status=known, intent=a.an_intent(outcome=outcome), held=held)
    return a.an_observation(resource, *found, **view)


# --- Nothing is left ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [*REASONS, "AReasonOfNextYear"])
def test_nothing_is_rented_again_by_itself(reason: str) -> None:
    assert decide(after(reason, instance_id=None, held=False, outcome="Released")) == Nothing()


@pytest.mark.parametrize("reason", REASONS)
def test_a_finalizer_that_is_still_there_goes_after_the_search(reason: str) -> None:
    assert decide(after(reason, instance_id=None, searches=2)) == NEXT_POLL
    assert decide(after(reason, instance_id=None, searches=3)) == Release(check_first=True)


# --- Too late -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["pulling", "running", "exited", "freezing", "a word of next year"])
def test_an_instance_that_came_too_late_is_deleted(word: str) -> None:
    assert decide(after("StartupTimeout", a.an_instance(word))) == Delete(("i-1",))


def test_it_is_deleted_whatever_else_carries_its_name() -> None:
    leaving = a.an_instance("removing", "i-0", age=900)

    assert decide(after("StartupTimeout", leaving, a.an_instance("pulling"))) == Delete(("i-1",))


@pytest.mark.parametrize(
    ("found", "gone_polls", "expected"),
    [
        pytest.param((a.an_instance("toRemove"),), 0, NEXT_POLL, id="it is watched on its way out"),
        pytest.param((), 0, ConfirmGone("i-1"), id="then it is asked for by id"),
        pytest.param((), 2, Release(check_first=True), id="then by name, before the finalizer goes"),
    ],
)
def test_a_late_instance_is_seen_gone(found: tuple[Instance, ...], gone_polls: int, expected: Action) -> None:
    assert decide(after("StartupTimeout", *found, gone_polls=gone_polls)) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("running", Stop("i-1")),
        ("pulling", Stop("i-1")),
        ("starting", NEXT_POLL),
        ("stopping", NEXT_POLL),
        ("exited", Nothing()),
        ("freezing", Nothing()),
        ("removing", NEXT_POLL),
    ],
)
def test_a_late_instance_is_stopped_where_the_spec_says_so(word: str, expected: Action) -> None:
    assert decide(after("StartupTimeout", a.an_instance(word), on_timeout="Stop")) == expected


def test_a_late_instance_that_is_kept_may_still_become_ready() -> None:
    instance = a.a_running_instance()

    assert decide(after("StartupTimeout", instance, on_timeout="Keep")) == Describe("i-1")


def test_a_late_instance_that_is_kept_does_not_fail_twice() -> None:
    instance = a.an_instance()

    assert decide(after("StartupTimeout", instance, on_timeout="Keep", detail=instance)) == Describe("i-1")
    assert decide(after("StartupTimeout", a.an_instance("pulling"), on_timeout="Keep")) == Wait(moving=True)


@pytest.mark.parametrize("on_timeout", ["Stop", "Keep"])
def test_a_late_instance_that_vanished_is_released_after_two_looks(on_timeout: Any) -> None:
    assert decide(after("StartupTimeout", on_timeout=on_timeout, gone_polls=1)) == ConfirmGone("i-1")
    assert decide(after("StartupTimeout", on_timeout=on_timeout, gone_polls=2)) == Release(check_first=True)


# --- Lost, or ended by itself ---------------------------------------------------------------------------------------


def test_a_lost_instance_is_released_after_two_looks() -> None:
    assert decide(after("InstanceLost", gone_polls=1)) == ConfirmGone("i-1")
    assert decide(after("InstanceLost", gone_polls=2)) == Release(check_first=True)


def test_an_instance_that_was_believed_lost_and_is_back_is_used() -> None:
    assert decide(after("InstanceLost", a.a_running_instance())) == Describe("i-1")


def test_an_instance_that_ended_by_itself_is_left_as_it_is() -> None:
    assert decide(after("Failed", a.an_instance("exited"))) == Nothing()


def test_an_instance_that_ended_by_itself_and_runs_again_is_used() -> None:
    assert decide(after("Failed", a.a_running_instance())) == Describe("i-1")


# --- A person asks for another try -----------------------------------------------------------------------------------

EDITED = {"generation": 2}
ASKED = {"annotations": {meta.RECONCILE_REQUESTED_AT: "2026-11-24T11:59:00Z"}}


@pytest.mark.parametrize("again", [EDITED, ASKED], ids=["by an edit", "by the annotation"])
@pytest.mark.parametrize("reason", REASONS)
def test_another_try_rents_again_where_nothing_is_left(again: dict[str, Any], reason: str) -> None:
    released = a.an_intent(outcome="Released")
    resource = a.an_object(status={"failure": a.a_failure(reason)}, intent=released, held=False, **again)

    assert decide(a.an_observation(resource)) == Launch()


@pytest.mark.parametrize("again", [EDITED, ASKED], ids=["by an edit", "by the annotation"])
@pytest.mark.parametrize("reason", ["StartupTimeout", "Failed"])
def test_another_try_starts_the_instance_that_is_stopped(again: dict[str, Any], reason: str) -> None:
    status = {"failure": a.a_failure(reason), "instanceId": "i-1"}
    resource = a.an_object(status=status, intent=a.an_intent(), **again)

    assert decide(a.an_observation(resource, a.an_instance("exited", error="OOM"))) == Start("i-1")


def test_another_try_has_its_own_deadline() -> None:
    status = {"failure": a.a_failure("StartupTimeout"), "instanceId": "i-1", "startedAt": wire(ago(10))}
    resource = a.an_object(status=status, intent=a.an_intent(), **EDITED)

    assert decide(a.an_observation(resource, a.an_instance("starting"))) == Wait(moving=True, seconds=590)


@pytest.mark.parametrize("request_", [ASKED, EDITED], ids=["by annotation", "by an edit"])
def test_another_try_that_is_asked_for_before_a_lost_instance_is_released_is_not_lost_with_it(
    request_: dict[str, Any],
) -> None:
    status = {"failure": a.a_failure("InstanceLost") | {"instanceId": "i-1"}, "instanceId": "i-1"}
    resource = a.an_object(status=status, intent=a.an_intent(), **request_)

    assert decide(a.an_observation(resource, gone_polls=2)) == Release(check_first=True)


def test_another_instance_that_is_lost_is_another_failure() -> None:
    status = {"failure": a.a_failure("InstanceLost") | {"instanceId": "i-0"}, "instanceId": "i-1"}
    resource = a.an_object(status=status, intent=a.an_intent(), **ASKED)

    assert isinstance(decide(a.an_observation(resource, gone_polls=2)), Fail)


def test_the_annotation_that_was_there_when_it_failed_asks_for_nothing_new() -> None:
    failure = a.a_failure("InstanceLost", asked="2026-11-24T11:59:00Z")
    resource = a.an_object(status={"failure": failure}, **ASKED)

    assert decide(a.an_observation(resource)) == Nothing()


def test_a_late_instance_that_was_kept_has_a_new_deadline_when_another_try_is_asked_for() -> None:
    status = {
        "instanceId": "i-1",
        "startedAt": a.wire(a.ago(3600)),
        "failure": a.a_failure("StartupTimeout", generation=1) | {"instanceId": "i-1"},
    }
    edited = a.an_object(spec={"startup": {"onTimeout": "Keep"}}, status=status, intent=a.an_intent(), generation=2)
    seen = a.an_observation(edited, a.an_instance("pulling"))

    decided = plan.decide(seen, a.NOON)
    reported = report(seen, Result(), a.NOON, Pace(600, timedelta(seconds=30))).status

    assert decided == Wait(moving=True, seconds=600)
    assert reported["startedAt"] == a.wire(a.NOON)
    assert "failure" not in reported
