"""Whatever a job goes through: never two instances, never more attempts than allowed, and in the end none is left.

A small world: instances run, end, break or are deleted by others; the operator is killed between any two writes, and
the user suspends, resumes and reports. Each pass is what the reconciler does: act first, then write the status.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.controllers.gpu_job import jobs as a
from tests.unit.support.builders import NOON

from novita_operator.api.gpu_job.resource import GPUJob
from novita_operator.controllers.gpu_job import action
from novita_operator.controllers.gpu_job.deciding import attempts, plan
from novita_operator.controllers.gpu_job.observing.observation import Observation, Pauses
from novita_operator.controllers.gpu_job.reporting import status
from novita_operator.controllers.gpu_job.result import Result
from novita_operator.reconciling.owned import Child

LIMIT = 2
CHANGES = (
    *("pass", "many passes", "many passes", "many passes", "killed after acting"),
    *("runs", "ends", "breaks", "deleted", "gone", "suspend", "resume", "report success", "report failure"),
)


class World:
    """The cluster: one job, its status as stored, its instances as stored."""

    def __init__(self) -> None:
        self.suspend = False
        self.result: str | None = None
        self.status: dict[str, Any] = {}
        self.stored: dict[str, Child] = {}
        self.made: list[str] = []
        self.most = 0

    @property
    def seen(self) -> Observation:
        resource: GPUJob = a.a_job(status=self.status, suspend=self.suspend, result=self.result, backoffLimit=LIMIT)
        return Observation(resource, tuple(self.stored.values()), Pauses(0, 0))

    def step(self, change: str) -> None:
        match change:
            case "pass":
                self._pass(write=True)
            case "many passes":
                for _ in range(4):
                    self._pass(write=True)
            case "killed after acting":
                self._pass(write=False)
            case "suspend" | "resume":
                self.suspend = change == "suspend"
            case "report success" | "report failure":
                self.result = "succeeded" if change == "report success" else "failed"
            case _:
                for name in list(self.stored):
                    self._happen(change, name)

    def _happen(self, change: str, name: str) -> None:
        child = self.stored[name]
        match change:
            case "runs" if child.ended is None:
                self.stored[name] = replace(child, ready=True, was_ready=True)
            case "ends" | "breaks" if child.ended is None:
                how = a.JUST_ENDED if change == "ends" else a.BROKE
                self.stored[name] = replace(child, ready=False, ended=how)
            case "deleted":
                self.stored[name] = replace(child, deleting=True)
            case "gone" if child.deleting:
                del self.stored[name]

    def _pass(self, *, write: bool) -> None:
        decided = plan.decide(self.seen, NOON)
        result = Result(decided)
        match decided:
            case action.Make(attempt):
                name = attempts.attempt_name("train", attempt)
                if name not in self.stored:
                    self.made.append(name)
                    self.stored[name] = a.starting(attempt=attempt)
                    self.most = max(self.most, len(self.stored))
                result = Result(decided, made=name)
            case action.Release(children):
                for child in children:
                    self.stored[child.name] = replace(child, deleting=True)
            case action.ClearReport():
                self.result = None
                return
        if write:
            self.status = status.report(self.seen, result, NOON).status

    def let_everything_end(self) -> None:
        """Until a round changes nothing: no time passes here, so that no later one would."""
        self.suspend = False
        for _ in range(60):
            before = (self.result, self.status, dict(self.stored))
            for change in ("runs", "ends", "gone", "pass", "pass"):
                self.step(change)
            if (self.result, self.status, self.stored) == before:
                return
        raise AssertionError("it never comes to rest")

    def condition(self, kind: str) -> bool:
        return any(each["type"] == kind for each in self.status.get("conditions", []))


@settings(max_examples=100, deadline=None)
@given(story=st.lists(st.sampled_from(CHANGES), max_size=25))
def test_never_two_instances_at_a_time(story: list[str]) -> None:
    world = World()

    for change in story:
        world.step(change)

        assert world.most <= 1


@settings(max_examples=100, deadline=None)
@given(story=st.lists(st.sampled_from(CHANGES), max_size=25))
def test_no_more_attempts_fail_than_the_limit_and_one(story: list[str]) -> None:
    world = World()

    for change in story:
        world.step(change)

        assert world.status.get("failed", 0) <= LIMIT + 1


@settings(max_examples=100, deadline=None)
@given(story=st.lists(st.sampled_from(CHANGES), max_size=20))
def test_in_the_end_it_has_one_outcome_and_no_instance(story: list[str]) -> None:
    world = World()
    for change in story:
        world.step(change)

    world.let_everything_end()

    assert world.condition("Complete") != world.condition("Failed")
    assert world.stored == {}


@settings(max_examples=100, deadline=None)
@given(before=st.lists(st.sampled_from(CHANGES), max_size=20), after=st.lists(st.sampled_from(CHANGES), max_size=10))
def test_after_the_end_nothing_is_rented_and_the_outcome_stays(before: list[str], after: list[str]) -> None:
    world = World()
    for change in before:
        world.step(change)
    world.let_everything_end()
    complete, made = world.condition("Complete"), list(world.made)

    for change in after:
        world.step(change)

    assert (world.condition("Complete"), world.made) == (complete, made)
