"""What holds for every decision, whatever was seen: money is spent, ended and left alone only on purpose.

Thousands of observations, most of them odd, made by chance from fixed seeds: each test asserts how many of them it
spoke of, so that none passes because nothing came its way.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TypeVar, get_args

import pytest
from tests.unit.support.builders import LAG, NOON
from tests.unit.support.oddities import DISK_GB, HELD_PORTS, OPENS_IN_THE_EVENING, OURS, an_odd_observation

from novita_operator.api import meta
from novita_operator.controllers.gpu_instance import action
from novita_operator.controllers.gpu_instance.deciding import plan
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.novita.models import Instance, InstanceState

A = TypeVar("A", bound=action.Action)

COUNT = 10_000


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
        or (seen.absence.intent_known_for >= LAG and seen.absence.searches >= 3)
    )


def too_late(seen: Observation, on_timeout: str) -> bool:
    """Whether a failure stands that says: end it like this."""
    failure = seen.resource.status.failure
    late = failure is not None and failure.reason == "StartupTimeout" and seen.failure_stands
    return late and seen.resource.spec.startup.on_timeout == on_timeout


def over(seen: Observation, how: str) -> bool:
    """Whether spec.lifetime has ended it like this, and that still counts, or its window is closed.

    A stop of a schedule counts as long as the schedule stands, whatever else is edited; any other end until an edit.
    """
    ended, lifetime = seen.resource.status.ended, seen.resource.spec.lifetime
    schedule = lifetime.schedule if lifetime is not None else None
    if schedule is not None and schedule.start == OPENS_IN_THE_EVENING and schedule.action == how:
        return True
    if ended is None or ended.action != how:
        return False
    if ended.cause == "Schedule":
        return schedule is not None and schedule.start is None
    return ended.generation == 1


def replaced(seen: Observation) -> bool:
    """Whether its instance is of no use, and another one is to come."""
    failure = seen.resource.status.failure
    useless = failure is not None and failure.reason in {"SpotReclaimed", "NoCapacityAtStart"}
    return useless and failure is not None and failure.instance_id == seen.instance_id and not seen.failure_stands


def live(found: tuple[Instance, ...]) -> list[str]:
    return [instance.id for instance in found if instance.state is not InstanceState.REMOVING]


@pytest.mark.parametrize("kind", get_args(action.Action), ids=lambda kind: kind.__name__)
def test_every_action_is_decided_on_somewhere(kind: type[action.Action]) -> None:
    """What never comes of these observations is something that the tests below say nothing about."""
    assert len(list(all_that(kind, at_least=5))) >= 5


@pytest.mark.parametrize(("kind", "adopts"), [(action.Launch, None), (action.Adopt, OURS)], ids=["rented", "adopted"])
def test_something_is_had_only_if_nothing_can_be_there_and_nobody_is_against_it(
    kind: type[action.Launch | action.Adopt], adopts: str | None
) -> None:
    for seen, decided in all_that(kind, at_least=10):
        failure = seen.resource.status.failure
        assert getattr(decided, "instance_id", None) == seen.adopts == adopts
        assert not seen.deleting
        assert not seen.paused
        assert seen.resource.unreadable is None
        assert seen.resource.spec.power_state == "Running"
        assert not over(seen, "Stop")
        assert not over(seen, "Delete")
        assert failure is None or failure.generation != 1 or (failure.retry_at or NOON) <= NOON
        assert failure is None or not seen.failure_stands
        assert seen.account.state == "Usable"
        assert seen.fresh
        assert seen.doubt is None
        assert seen.instance_id is None
        assert seen.found == ()
        assert search_is_over(seen)


def test_what_the_account_does_not_allow_is_neither_had_nor_started() -> None:
    for kind in (action.Launch, action.Adopt, action.Start):
        for seen, _ in all_that(kind, at_least=5):
            assert seen.denied is None


def test_an_instance_that_was_taken_over_without_consent_is_not_touched() -> None:
    touched = (action.Start, action.Stop, action.Delete, action.Edit, action.Describe, action.RemoveDuplicates)
    for kind in touched:
        for seen, _ in all_that(kind, at_least=5):
            assert seen.not_ours is None


def test_an_instance_is_left_only_where_the_user_wants_that() -> None:
    unlike = {"Retain": 0, "Stop": 0}
    for seen, _ in all_that(action.Leave, at_least=10):
        policy = seen.resource.spec.deletion_policy
        assert seen.deleting
        assert policy != "Delete"
        unlike[policy] += 1
        if policy == "Stop":
            assert seen.instance is not None
            assert live(seen.found) == [seen.instance.id]
            assert seen.instance.state in {InstanceState.EXITED, InstanceState.FROZEN}
    assert min(unlike.values()) >= 5


def test_otherwise_the_finalizer_goes_only_when_nothing_can_be_left() -> None:
    unlike = {"settled": 0, "gone": 0}
    for seen, decided in all_that(action.Release, at_least=50):
        settled = seen.intent is not None and not seen.intent.pending
        if settled and seen.instance_id is None:
            unlike["settled"] += 1
            assert seen.found == ()
        else:
            unlike["gone"] += 1
            assert decided.check_first
            assert seen.fresh
            assert live(seen.found) == []
            assert search_is_over(seen) if seen.instance_id is None else seen.absence.gone_polls >= 1
            lost = seen.resource.status.failure is not None and seen.resource.status.failure.reason == "InstanceLost"
            unwanted = over(seen, "Delete") or replaced(seen) or seen.failure_stands or lost
            assert seen.deleting or unwanted
    assert min(unlike.values()) >= 5


def test_a_deletion_is_given_up_only_where_a_person_repeats_what_may_be_left() -> None:
    for seen, decided in all_that(action.Abandon, at_least=30):
        assert seen.deleting
        assert seen.held
        assert decided.left_behind == (seen.instance_id or seen.name)
        assert seen.resource.meta.annotations[meta.FORCE_FINALIZE] == decided.left_behind


def test_an_instance_is_deleted_only_where_the_spec_asks_for_it() -> None:
    unlike = {"deleted": 0, "too late": 0, "over": 0, "replaced": 0}
    for seen, decided in all_that(action.Delete, at_least=50):
        living = {"too late": too_late(seen, "Delete"), "over": over(seen, "Delete"), "replaced": replaced(seen)}
        deleted = seen.deleting and seen.resource.spec.deletion_policy == "Delete"
        why = {"deleted": deleted} if seen.deleting else living
        assert any(why.values())
        for reason in (reason for reason, holds in why.items() if holds):
            unlike[reason] += 1
        # Where no list can be had, one that none shows is looked at by its id, right before.
        asked_for = seen.absence.only_by_id or seen.account.state in {"Unreachable", "KeyRejected"}
        by_id = asked_for and decided.instance_ids == (seen.instance_id,)
        assert list(decided.instance_ids) == live(seen.found) or by_id
    assert min(unlike.values()) >= 5


def test_of_duplicates_the_recorded_one_that_was_ready_is_kept_and_else_the_oldest() -> None:
    for seen, decided in all_that(action.RemoveDuplicates, at_least=30):
        ids = live(seen.found)
        was_ready = seen.resource.status.ready_at is not None and seen.instance_id in ids
        assert decided.keep == (seen.instance_id if was_ready else ids[0])
        assert sorted([decided.keep, *decided.remove]) == sorted(ids)
        assert len(decided.remove) >= 1
        unclear = seen.resource.unreadable is not None and not seen.resource.unreadable.can_delete
        assert not seen.deleting or unclear or seen.resource.spec.deletion_policy != "Delete"


def test_an_instance_is_stopped_only_where_the_spec_asks_for_it() -> None:
    for seen, _ in all_that(action.Stop, at_least=5):
        spec = seen.resource.spec
        stopped = spec.power_state == "Stopped" or too_late(seen, "Stop") or over(seen, "Stop")
        assert spec.deletion_policy == "Stop" if seen.deleting else stopped


def wanted_running(seen: Observation) -> bool:
    return seen.resource.spec.power_state == "Running" and not over(seen, "Stop") and not over(seen, "Delete")


def test_a_working_instance_is_ended_only_when_its_lifetime_is_over() -> None:
    for seen, decided in all_that(action.End, at_least=5):
        lifetime, started = seen.resource.spec.lifetime, seen.resource.status.started_at
        assert lifetime is not None
        assert lifetime.max_seconds is not None
        assert started is not None
        assert (NOON - started).total_seconds() >= lifetime.max_seconds
        assert (decided.cause, decided.action) == ("MaxSeconds", lifetime.action)
        assert wanted_running(seen)
        assert not seen.deleting
        assert seen.instance_id is not None


def test_only_a_running_instance_that_is_wanted_so_is_measured_or_changed_in_place() -> None:
    for kind in (action.Measure, action.Edit, action.Describe):
        for seen, decided in all_that(kind, at_least=5):
            assert wanted_running(seen)
            assert not seen.deleting
            assert seen.fresh
            assert seen.instance is not None
            assert (seen.instance.id, seen.instance.state) == (decided.instance_id, InstanceState.RUNNING)


def test_a_change_in_place_brings_what_the_spec_asks_and_takes_no_disk_away() -> None:
    for seen, decided in all_that(action.Edit, at_least=5):
        spec = seen.resource.spec
        ports = [(port.port, port.protocol) for port in decided.ports]
        asked = HELD_PORTS if spec.ports is None else [(port.port, port.protocol) for port in spec.ports]
        assert sorted(ports) == sorted(asked)
        assert decided.grow_gb == max(0, spec.rootfs_size_gb - DISK_GB)
        assert sorted(ports) != sorted(HELD_PORTS) or decided.grow_gb > 0
        assert not seen.edit_settles


def test_only_a_stopped_instance_that_is_wanted_running_is_started() -> None:
    for seen, decided in all_that(action.Start, at_least=5):
        assert wanted_running(seen)
        assert not seen.failure_stands
        assert seen.instance is not None
        assert (seen.instance.id, seen.instance.state) == (decided.instance_id, InstanceState.EXITED)


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
                | action.Measure(instance_id)
                | action.Edit(instance_id)
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
        match decided:
            case (
                action.Take()
                | action.ProvePrice()
                | action.Wait()
                | action.Hold()
                | action.Abandon()
                | action.Leave()
                | action.Nothing()
            ):
                pass
            case other:
                assert other == action.Release()


def test_a_paused_object_is_never_acted_on_but_by_a_person_who_gives_it_up() -> None:
    paused = [decided for seen, decided in decisions() if seen.paused]
    assert len(paused) > 500
    assert {type(decided) for decided in paused} == {action.Nothing, action.Hold, action.Abandon}


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
    for seen, _ in all_that(action.Nothing, at_least=50):
        unreadable, failure = seen.resource.unreadable is not None, seen.resource.status.failure
        if seen.paused or seen.deleting:
            assert seen.paused or not seen.held or unreadable or seen.not_ours or seen.retention_denied
        elif seen.not_ours is not None:
            assert seen.adopts is not None
        elif unreadable:
            assert not wanted_to_be_held(seen)
        elif seen.instance is not None:
            waits = failure is not None and seen.failure_stands and failure.retry_at is not None
            assert seen.instance.state.is_settled or waits
        else:
            assert seen.instance_id is None
            assert seen.failure_stands or not wanted_running(seen) or seen.denied


def wanted_to_be_held(seen: Observation) -> bool:
    return not seen.held and (seen.instance_id is not None or seen.found != ())


def test_nothing_is_looked_at_again_without_a_pause() -> None:
    """A wait of no time ends in the same wait: the object would turn in a circle, and so would the processor."""
    paced = [decided.seconds for _, decided in all_that(action.Wait, at_least=500) if decided.seconds is not None]
    assert len(paced) >= 5
    assert min(paced) > 0
