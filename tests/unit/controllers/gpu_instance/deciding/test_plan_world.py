"""One object lives through lost answers, lagging lists, crashes and edits: rented at most once, forgotten never."""

from __future__ import annotations

import typing
from collections import Counter
from typing import Any, cast, get_args

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.unit.support.worlds import Fate, World

from novita_operator.api import meta
from novita_operator.controllers.gpu_instance import action

LIFETIMES: list[dict[str, Any] | None] = [
    None,
    {"maxSeconds": 60, "action": "Stop"},
    {"maxSeconds": 600, "action": "Delete"},
    {"idle": {"afterSeconds": 300}},
]
FATES = st.sampled_from(["answer lost", "crash after", "answered", "never arrived", "crash before", "refused"])
HIDDEN = st.sampled_from([59.0, 30.0, 5.0, 0.0])  # seconds; the promise holds within the list lag of 60
SELDOM = st.integers(0, 5)  # what ends or repeats a story happens at 0, so that there is a story before


def assert_all_is_well(world: World) -> None:
    """What must hold when nothing happens any more: whoever has an instance says so, and nobody has one for nothing."""
    spec, known = world.object["spec"], world.object["status"]
    if world.abandoned:
        return
    if world.object.get("deleting"):
        assert world.released or not world.object["held"]
        assert not world.ours
    elif world.ours:
        assert known["instanceId"] == world.ours[0].instance.id
    else:
        assert "instanceId" not in known
        vanished = "adopt" in spec and not world.novita.live  # before it was taken over
        assert spec.get("powerState") == "Stopped" or vanished or "failure" in known or "ended" in known


class OneObject(RuleBasedStateMachine):
    """Rules are what the world may do; the invariant is what it costs."""

    @initialize(adopts=st.sampled_from([False, False, True]))
    def begin(self, adopts: bool) -> None:
        self.world = World(adopts=adopts)

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

    @rule(lifetime=st.sampled_from(LIFETIMES), ports=st.sampled_from([None, [{"port": 80}], []]))
    def life_or_ports_are_edited(self, lifetime: dict[str, Any] | None, ports: list[Any] | None) -> None:
        spec = {name: value for name, value in (("lifetime", lifetime), ("ports", ports)) if value is not None}
        kept = {name: value for name, value in self.world.object["spec"].items() if name in {"powerState", "adopt"}}
        self.world.object |= {"spec": kept | spec}
        self.world.object["generation"] += 1

    @rule()
    def the_finalizer_is_dropped(self) -> None:
        if not self.world.object.get("deleting"):
            self.world.drop_finalizer()

    @precondition(lambda self: self.world.novita.live)
    @rule(word=st.sampled_from(["notified", "reclaiming", ""]))
    def novita_takes_the_spot_instance_back(self, word: str) -> None:
        self.world.novita.change(self.world.novita.live[0].instance.id, spot_status=word)

    @precondition(lambda self: self.world.object.get("deleting"))
    @rule(seldom=SELDOM)
    def a_person_gives_the_deletion_up(self, seldom: int) -> None:
        if seldom == 0 and (known := self.world.object["status"].get("instanceId")):
            self.world.object["annotations"] = {meta.FORCE_FINALIZE: known}

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
        assert len(self.world.ours) <= 1

    @invariant()
    def never_forgotten(self) -> None:
        """But by a person, who drops the finalizer or gives the deletion up."""
        if (self.world.released or not self.world.object["held"]) and not (self.world.abandoned or self.world.dropped):
            assert not self.world.ours

    def teardown(self) -> None:
        self.world.settle()
        assert_all_is_well(self.world)
        TOLD.update(self.world.decided)


STORIES = settings(
    phases=[Phase.generate],  # a story that fails is told as it is: shortening it takes minutes
    max_examples=60,
    stateful_step_count=25,
    derandomize=True,  # the same stories in each run; chance has its place in tests/faults
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TOLD: Counter[type[action.Action]] = Counter()
"""How often each action was decided on, in all stories together."""


NOT_TOLD = {action.RemoveDuplicates, action.Measure, action.Abandon, action.Leave, action.Start}
"""There are never two at once here, nothing is retained, and the others take more turns than a story has: see
test_plan_safety.py."""


def test_one_object_lives_through_whatever_happens() -> None:
    TOLD.clear()

    run_state_machine_as_test(OneObject, settings=STORIES)  # type: ignore[no-untyped-call]

    assert set(get_args(action.Action)) - TOLD.keys() <= NOT_TOLD


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


@pytest.mark.parametrize("deleted", [False, True], ids=["kept", "deleted then"])
@pytest.mark.parametrize("people", ["replaced", "wiped", "the note removed"])
@pytest.mark.parametrize("hidden", [5.0, 59.0], ids="shown after {:.0f} s".format)
def test_a_call_whose_note_went_while_no_operator_ran_is_looked_for(hidden: float, people: str, deleted: bool) -> None:
    world = World()
    for _ in range(2):
        world.poll()
        world.reconcile("crash after", hidden)
    assert world.launches == 1
    match people:
        case "the note removed":
            world.object["intent"] = None
        case _:
            world.replace(wiped=people == "wiped")
    # Without a finalizer, a deleted object is gone at once; that is for the collector.
    world.object["deleting"] = deleted and world.object["held"]

    for _ in range(70):
        world.clock.turned += 2
        world.poll()
        world.reconcile("answered", 0)
        assert len(world.novita.live) <= 1
    world.settle()

    assert len(world.novita.rented) == 1
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
