"""One object lives through lost answers, lagging lists, crashes and edits: rented at most once, forgotten never."""

from __future__ import annotations

import typing
from typing import cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.unit.support.worlds import Fate, World

FATES = st.sampled_from(["answer lost", "crash after", "answered", "never arrived", "crash before", "refused"])
HIDDEN = st.sampled_from([59.0, 30.0, 5.0, 0.0])  # seconds; the promise holds within the list lag of 60
SELDOM = st.integers(0, 5)  # what ends or repeats a story happens at 0, so that there is a story before


def assert_all_is_well(world: World) -> None:
    """What must hold when nothing happens any more: whoever has an instance says so, and nobody has one for nothing."""
    spec, known = world.object["spec"], world.object["status"]
    if world.object.get("deleting"):
        assert world.released or not world.object["held"]
        assert not world.novita.live
    elif world.novita.live:
        assert known["instanceId"] == world.novita.live[0].instance.id
    else:
        assert "instanceId" not in known
        assert spec.get("powerState") == "Stopped" or "failure" in known


class OneObject(RuleBasedStateMachine):
    """Rules are what the world may do; the invariant is what it costs."""

    @initialize()
    def begin(self) -> None:
        self.world = World()

    @rule(seconds=st.sampled_from([1.0, 30.0, 61.0, 300.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.clock.turned += seconds

    @rule(fate=FATES, hidden=HIDDEN, poll=st.booleans(), passes=st.integers(1, 3))
    def a_trigger(self, fate: str, hidden: float, poll: bool, passes: int) -> None:
        if poll:
            self.world.poll()
        for _ in range(passes):
            self.world.reconcile(cast("Fate", fate), hidden)

    @rule(fate=FATES, hidden=HIDDEN)
    def a_minute_of_polls(self, fate: str, hidden: float) -> None:
        for _ in range(4):
            self.world.clock.turned += 20
            self.world.poll()
            self.world.reconcile(cast("Fate", fate), hidden)

    @rule(seldom=SELDOM)
    def the_clock_on_the_wall_jumps_by_an_hour(self, seldom: int) -> None:
        if seldom == 0:
            self.world.clock.jumped += 3600

    @rule(seldom=SELDOM)
    def the_process_is_killed(self, seldom: int) -> None:
        if seldom == 0:
            self.world.restart()

    @rule(word=st.sampled_from(["Running", "Running", "Stopped"]))
    def the_power_state_is_edited(self, word: str) -> None:
        self.world.object["spec"] = self.world.object["spec"] | {"powerState": word}
        self.world.object["generation"] += 1

    @precondition(lambda self: self.world.novita.live)
    @rule()
    def somebody_deletes_the_instance(self) -> None:
        self.world.novita.end(self.world.novita.live[0].instance.id)

    @rule(seldom=SELDOM)
    def the_object_is_deleted(self, seldom: int) -> None:
        if seldom == 0:
            self.world.object["deleting"] = True

    @invariant()
    def never_two_at_once(self) -> None:
        assert len(self.world.novita.live) <= 1

    @invariant()
    def never_forgotten(self) -> None:
        if self.world.released or not self.world.object["held"]:
            assert not self.world.novita.live

    def teardown(self) -> None:
        self.world.settle()
        assert_all_is_well(self.world)


OneObject.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    derandomize=True,  # the same stories in each run; chance has its place in tests/faults
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestOneObject = OneObject.TestCase


EVENTS = ("nothing", "a kill", "a jump of the clock", "a deletion", "a stop", "a lost instance")


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("hidden", [0.0, 5.0, 59.0], ids="shown after {:.0f} s".format)
@pytest.mark.parametrize("fate", typing.get_args(Fate))
def test_a_create_call_survives(fate: Fate, hidden: float, event: str) -> None:
    """Every fate of a call, with everything that can happen right after it; judged after each poll."""
    world = World()
    for _ in range(2):
        world.poll()
        world.reconcile(fate, hidden)
    assert world.launches == 1

    happen(world, event)
    for _ in range(6):
        world.clock.turned += 2
        world.poll()
        for _ in range(2):
            world.reconcile(fate, hidden)
        assert len(world.novita.live) <= 1
        assert world.object["held"] or not world.novita.live
    world.settle()

    assert len(world.novita.live) <= 1
    assert_all_is_well(world)


def happen(world: World, event: str) -> None:
    match event:
        case "a kill":
            world.restart()
        case "a jump of the clock":
            world.clock.jumped += 3600
        case "a deletion":
            world.object["deleting"] = True
        case "a stop":
            world.object |= {"spec": {"powerState": "Stopped"}, "generation": 2}
        case "a lost instance":
            for each in world.novita.live:
                world.novita.end(each.instance.id)
