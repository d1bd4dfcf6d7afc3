"""What holds for every decision, whatever was seen: money is spent, ended and left alone only on purpose.

Thousands of observations, most of them odd, made by chance from fixed seeds: each test asserts how many of them it
spoke of, so that none passes because nothing came its way.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from typing import Any, TypeVar

from tests.unit.support import builders as a
from tests.unit.support.builders import LAG, NOON, ago, wire

from novita_operator.api import meta
from novita_operator.controllers.gpu_instance import action
from novita_operator.controllers.gpu_instance.deciding import plan
from novita_operator.controllers.gpu_instance.observing.observation import AccountView, Observation
from novita_operator.novita.models import Instance, InstanceState

A = TypeVar("A", bound=action.Action)

COUNT = 8_000
WORDS = (
    *("pending", "toCreate", "creating", "pulling", "running", "toStart", "starting", "toStop", "stopping", "exited"),
    *("restarting", "resetting", "migrating", "toRemove", "removing", "freezing", "a word of next year"),
)
TROUBLED = ("Starting", "Absent", "NotAdmitted", "KeyMissing", "KeyRejected", "Unreachable")
AGES = (0.0, 1.0, 59.9, 60.0, 599.0, 600.0, 6000.0)


def an_odd_object(chance: random.Random) -> dict[str, Any]:
    """The parts of an object, as `an_object` takes them."""
    often, rarely = (lambda: chance.random() < 0.7), (lambda: chance.random() < 0.2)
    status: dict[str, Any] = {
        name: wire(ago(chance.choice(AGES))) for name in ("startedAt", "readyAt", "stoppedAt") if not often()
    }
    if not often():
        status["instanceId"] = "i-1"
    if not often():
        reason = chance.choice(["StartupTimeout", "Failed", "InstanceLost"])
        status["failure"] = a.a_failure(reason, generation=chance.choice([0, 1]))
    outcome: Any = chance.choice(["Pending", "Pending", "Pending", "Refused", "Released"])
    return {
        "spec": {
            "powerState": "Running" if often() else "Stopped",
            "deletionPolicy": chance.choice(["Delete", "Delete", "Retain", "Stop"]),
            "startup": {"onTimeout": chance.choice(["Delete", "Stop", "Keep"])},
        },
        "status": status,
        "annotations": {meta.PAUSED: "true"} if rarely() else {},
        "intent": a.an_intent(age=chance.choice(AGES), outcome=outcome) if often() else None,
        "held": often(),
        "deleting": not often(),
    }


def an_odd_observation(seed: int) -> Observation:
    chance = random.Random(seed)  # noqa: S311 - chance, and no secret
    count = chance.choice([0, 0, 0, 1, 1, 2, 3])
    found = [a.an_instance(chance.choice(WORDS), f"i-{n + 1}", age=90 - n) for n in range(count)]
    state: Any = "Usable" if chance.random() < 0.8 else chance.choice(TROUBLED)
    return a.an_observation(
        a.an_object(**an_odd_object(chance)),
        *found,
        account=AccountView(state),
        fresh=chance.random() < 0.8,
        looks=chance.randint(0, 4),
        gone_looks=chance.randint(0, 3),
        only_by_id=chance.random() < 0.3,
        delete_accepted=chance.random() < 0.3,
        detail=a.an_instance() if chance.random() < 0.5 else None,
    )


@cache
def decisions() -> tuple[tuple[Observation, action.Action], ...]:
    observations = (an_odd_observation(seed) for seed in range(COUNT))
    return tuple((seen, plan.decide(seen, NOON)) for seen in observations)


def all_that(kind: type[A], *, at_least: int) -> Iterator[tuple[Observation, A]]:
    """The observations that led to this kind of action; so many must have."""
    chosen = [(seen, decided) for seen, decided in decisions() if isinstance(decided, kind)]
    assert len(chosen) >= at_least
    return iter(chosen)


def search_is_over(seen: Observation) -> bool:
    """Safety rules, Create, step 3: the lag has passed, and it was looked for three times."""
    return (
        seen.intent is None
        or not seen.intent.pending
        or (seen.absence.intent_known_for >= LAG and seen.absence.looks >= 3)
    )


def too_late(seen: Observation, on_timeout: str) -> bool:
    """Whether a failure stands that says: end it like this."""
    failure = seen.resource.status.failure
    stands = failure is not None and failure.reason == "StartupTimeout" and failure.generation == 1
    return stands and seen.resource.spec.startup.on_timeout == on_timeout


def live(found: tuple[Instance, ...]) -> list[str]:
    return [instance.id for instance in found if instance.state is not InstanceState.REMOVING]


def test_something_is_rented_only_if_nothing_can_be_there_and_nobody_is_against_it() -> None:
    for seen, _ in all_that(action.Launch, at_least=30):
        failure = seen.resource.status.failure
        assert not seen.deleting
        assert not seen.paused
        assert seen.resource.spec.power_state == "Running"
        assert failure is None or failure.generation != 1
        assert seen.account.state == "Usable"
        assert seen.fresh
        assert seen.instance_id is None
        assert seen.found == ()
        assert search_is_over(seen)


def test_the_finalizer_goes_only_when_nothing_can_be_left_or_the_user_wants_it_left() -> None:
    unlike = {"retained": 0, "stopped": 0, "refused": 0, "gone": 0}
    for seen, decided in all_that(action.Release, at_least=100):
        policy = seen.resource.spec.deletion_policy if seen.deleting else "Delete"
        settled = seen.intent is not None and not seen.intent.pending
        if policy == "Retain":
            unlike["retained"] += 1
        elif policy == "Stop" and seen.instance is not None:
            unlike["stopped"] += 1
            assert live(seen.found) == [seen.instance.id]
            assert seen.instance.state in {InstanceState.EXITED, InstanceState.FROZEN}
        elif settled and seen.instance_id is None:
            unlike["refused"] += 1
            assert seen.found == ()
        else:
            unlike["gone"] += 1
            assert decided.look_first
            assert seen.fresh
            assert live(seen.found) == []
            assert search_is_over(seen) if seen.instance_id is None else seen.absence.gone_looks >= 1
            assert seen.deleting or seen.failure_stands
    assert min(unlike.values()) >= 10


def test_an_instance_is_deleted_only_where_the_spec_asks_for_it() -> None:
    for seen, decided in all_that(action.Delete, at_least=30):
        asked = seen.resource.spec.deletion_policy == "Delete" if seen.deleting else too_late(seen, "Delete")
        assert asked
        by_id = seen.absence.only_by_id and decided.instance_ids == (seen.instance_id,)
        assert list(decided.instance_ids) == live(seen.found) or by_id


def test_of_duplicates_the_recorded_one_that_was_ready_is_kept_and_else_the_oldest() -> None:
    for seen, decided in all_that(action.RemoveDuplicates, at_least=30):
        ids = live(seen.found)
        was_ready = seen.resource.status.ready_at is not None and seen.instance_id in ids
        assert decided.keep == (seen.instance_id if was_ready else ids[0])
        assert sorted([decided.keep, *decided.remove]) == sorted(ids)
        assert len(decided.remove) >= 1
        assert not seen.deleting or seen.resource.spec.deletion_policy == "Stop"


def test_an_instance_is_stopped_only_where_the_spec_asks_for_it() -> None:
    for seen, _ in all_that(action.Stop, at_least=10):
        spec = seen.resource.spec
        stopped = spec.power_state == "Stopped" or too_late(seen, "Stop")
        assert spec.deletion_policy == "Stop" if seen.deleting else stopped


def test_only_instances_that_were_seen_are_acted_on() -> None:
    for seen, decided in decisions():
        known = {found.id for found in seen.found} | {seen.instance_id}
        match decided:
            case action.Delete(instance_ids):
                assert known.issuperset(instance_ids)
            case action.RemoveDuplicates(keep, remove):
                assert known.issuperset({keep, *remove})
            case (
                action.Take(instance_id)
                | action.Describe(instance_id)
                | action.Start(instance_id)
                | action.Stop(instance_id)
                | action.ConfirmGone(instance_id)
            ):
                assert instance_id in known


def test_on_an_old_view_nothing_is_done_that_costs_or_ends_anything() -> None:
    old = [
        (seen, decided)
        for seen, decided in decisions()
        if not seen.fresh and seen.account.state not in {"Unreachable", "KeyRejected"}
    ]
    assert len(old) > 500
    for _, decided in old:
        harmless = action.Nothing() if isinstance(decided, action.Take | action.Wait | action.Hold) else decided
        assert harmless in {action.Nothing(), action.Release()}


def test_a_paused_object_is_never_acted_on() -> None:
    paused = [decided for seen, decided in decisions() if seen.paused]
    assert len(paused) > 500
    assert {type(decided) for decided in paused} == {action.Nothing, action.Hold}


def test_a_living_object_with_an_instance_is_held_before_anything_else() -> None:
    unheld = [(seen, decided) for seen, decided in decisions() if not seen.held and not seen.deleting]
    had = [decided for seen, decided in unheld if seen.instance_id is not None or seen.found]
    assert len(had) > 500
    assert {type(decided) for decided in had} == {action.Hold}
    for seen, _ in all_that(action.Hold, at_least=500):
        assert not seen.held
        assert not seen.deleting


def test_an_object_at_rest_is_where_it_should_be_or_waits_for_a_person() -> None:
    """Nothing but a change of the world or of the object wakes it again."""
    for seen, _ in all_that(action.Nothing, at_least=100):
        if seen.paused or seen.deleting:
            assert seen.paused or not seen.held
        elif seen.instance is not None:
            assert seen.instance.state.is_settled
        else:
            assert seen.instance_id is None
            assert seen.failure_stands or seen.resource.spec.power_state == "Stopped"
