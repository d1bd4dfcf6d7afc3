"""When an object comes back after a pass: at the latest at the resync, and at each moment that no event announces."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON, ago, wire
from tests.unit.support.reports import a_problem

from novita_operator.controllers.gpu_instance import action
from novita_operator.controllers.gpu_instance.deciding import returning
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.result import Result
from novita_operator.reconciling.outcome import After, BackOff, Requeue, Woken

SEEN = a.an_observation()


def requeue(decided: action.Action, result: Result, seen: Observation, began: datetime = NOON) -> Requeue:
    return returning.requeue(decided, result, seen, returning.Due(began, NOON, 600, timedelta(minutes=5)))


@pytest.mark.parametrize(
    ("decided", "result", "expected"),
    [
        (action.Nothing(), Result(), After(600)),
        (action.Wait(moving=True), Result(), After(600)),
        (action.Wait(moving=True, seconds=42), Result(), After(42)),
        (action.Wait(seconds=4200), Result(), After(600)),
        (action.Take("i-1"), Result(instance_id="i-1"), After(0)),
        (action.Fail("Failed", "It failed."), Result(), After(0)),
        (action.End("Idle", "Stop", "It idles."), Result(), After(0)),
        (action.Launch(), Result(again=True), After(0)),
        (action.Launch(), Result(problem=a_problem("Synced", "NovitaUnavailable")), BackOff(0)),
        (
            action.Launch(),
            Result(problem=replace(a_problem("Synced", "RateLimited"), retry_after=17.0)),
            BackOff(17),
        ),
        (
            action.Launch(),
            Result(problem=replace(a_problem("Scheduled", "NoCapacity"), retry_after=60.0, back_off=False)),
            After(60),
        ),
        (
            action.Launch(),
            Result(problem=replace(a_problem("Provisioned", "CreateOutcomeUnknown"), back_off=False)),
            After(600),
        ),
        # Nothing was tried: the refusals before still count, however it was queued.
        (action.Launch(), Result(queued=True), Woken()),
    ],
)
def test_an_object_comes_back(decided: action.Action, result: Result, expected: Requeue) -> None:
    assert requeue(decided, result, SEEN) == expected


def test_an_object_comes_back_for_its_next_try() -> None:
    failure = a.a_failure("Failed") | {"retryAt": wire(ago(-25))}
    seen = a.an_observation(a.an_object(status={"failure": failure}))

    assert requeue(action.Nothing(), Result(), seen) == After(25)


@pytest.mark.parametrize(
    "status",
    [
        {"failure": a.a_failure("Failed") | {"retryAt": wire(ago(1))}},
        {"startedAt": wire(ago(601))},  # the deadline is ten minutes later
    ],
)
def test_a_moment_that_came_while_the_pass_was_under_way_is_looked_at_at_once(status: dict[str, Any]) -> None:
    """The pass has decided before it, and the next one would come minutes later."""
    seen = a.an_observation(a.an_object(status=status))

    assert requeue(action.Nothing(), Result(), seen, began=ago(2)) == After(0)
    assert requeue(action.Nothing(), Result(), seen) == After(600)


def test_a_deadline_that_was_announced_is_not_put_off_by_a_failure() -> None:
    seen = a.an_observation(a.an_object(status={"startedAt": wire(ago(590))}))  # ten seconds before the deadline
    backs_off = Result(problem=a_problem("Synced", "NovitaUnavailable"))
    waits = Result(problem=replace(a_problem("Synced", "RateLimited"), retry_after=300.0, back_off=False))

    assert requeue(action.Describe("i-1"), backs_off, seen) == BackOff(0, at_most=10)
    assert requeue(action.Describe("i-1"), waits, seen) == After(10)


def test_an_object_that_goes_does_not_come_back() -> None:
    seen = a.an_observation(a.an_object(deleting=True))

    assert requeue(action.Release(), Result(released=True), seen) is None
