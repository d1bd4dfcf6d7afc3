"""What is decided over a long life: failures that are repaired, spot that is taken back, ends, edits, adoption."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON, ago, wire

from novita_operator.controllers.gpu_instance.action import (
    Action,
    Adopt,
    ConfirmGone,
    Delete,
    Edit,
    End,
    Fail,
    Launch,
    Measure,
    Nothing,
    Release,
    Start,
    Stop,
    Wait,
)
from novita_operator.controllers.gpu_instance.deciding import plan
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.policies.lifetime import End as Ending
from novita_operator.novita.models import Instance, PortMapping, PortSpec

NEXT_POLL = Wait(moving=True, poll=True)


def decide(seen: Observation) -> Action:
    return plan.decide(seen, NOON)


def with_one(
    *found: Instance, spec: dict[str, Any] | None = None, view: dict[str, Any] | None = None, **status: Any
) -> Observation:
    """An object whose recorded instance is `i-1`."""
    resource = a.an_object(spec=spec, status={"instanceId": "i-1"} | status, intent=a.an_intent())
    return a.an_observation(resource, *found, **(view or {}))


# --- Failures that are repaired by themselves ------------------------------------------------------------------------


def failed(reason: str, *, retry_in: float) -> dict[str, Any]:
    return a.a_failure(reason) | {"instanceId": "i-1", "retryAt": wire(ago(-retry_in))}


@pytest.mark.parametrize("word", ["exited", "running", "pulling"])
def test_an_instance_that_failed_is_left_alone_until_its_next_try(word: str) -> None:
    assert decide(with_one(a.an_instance(word), failure=failed("Failed", retry_in=10))) == Nothing()


def test_one_that_runs_all_the_same_is_ended_by_its_lifetime_before_its_next_try() -> None:
    over = Ending("MaxSeconds", "Stop", ago(0), "It has run for an hour.")
    failure = failed("Failed", retry_in=3000)
    ended = {"cause": "MaxSeconds", "action": "Stop", "at": wire(ago(0)), "generation": 1}
    runs = a.an_instance("running")

    due = replace(with_one(runs, failure=failure), end=over)
    stopping = replace(with_one(runs, failure=failure, ended=ended), ended=True)
    deleting = replace(with_one(runs, failure=failure, ended=ended | {"action": "Delete"}), ended=True)

    assert decide(due) == End("MaxSeconds", "Stop", over.message)
    assert decide(stopping) == Stop("i-1")
    assert decide(deleting) == Delete(("i-1",))


def test_an_instance_that_failed_is_started_when_its_time_has_come() -> None:
    assert decide(with_one(a.an_instance("exited", error="OOM"), failure=failed("Failed", retry_in=0))) == Start("i-1")


def test_a_lost_instance_is_released_first_and_replaced_when_its_time_has_come() -> None:
    lost = failed("InstanceLost", retry_in=10)
    assert decide(with_one(failure=lost, view={"gone_polls": 2})) == Release(check_first=True)

    released = a.an_intent(outcome="Released")
    later = a.an_object(status={"failure": failed("InstanceLost", retry_in=0)}, intent=released, held=False)
    waiting = a.an_object(status={"failure": lost}, intent=released, held=False)
    assert decide(a.an_observation(later)) == Launch()
    assert decide(a.an_observation(waiting)) == Nothing()


# --- Spot that is taken back -----------------------------------------------------------------------------------------

RECLAIMED = failed("SpotReclaimed", retry_in=0)


@pytest.mark.parametrize("word", ["running", "exited", "stopping"])
@pytest.mark.parametrize("policy", ["Recreate", "FallbackOnDemand"])
def test_a_spot_instance_that_is_taken_back_has_failed(policy: str, word: str) -> None:
    instance = a.an_instance(word, spot_status="reclaiming", spot_reclaim_at=ago(-60))

    decided = decide(with_one(instance, spec={"billing": "Spot", "onSpotReclaim": policy}))

    assert isinstance(decided, Fail)
    assert (decided.reason, decided.message) == (
        "SpotReclaimed",
        "Novita takes spot instance i-1 back at 12:01:00 UTC.",
    )


def test_one_that_novita_moves_by_itself_is_watched() -> None:
    moved = a.an_instance("migrating", spot_status="reclaiming")
    moving = a.an_instance("exited", spot_status="terminated", jobs=("instanceMigrate",))

    assert decide(with_one(moved)) == Wait(moving=True)
    assert decide(with_one(moving)) == Wait(moving=True)


def test_one_that_is_to_be_left_fails_when_it_has_ended() -> None:
    spec = {"billing": "Spot", "onSpotReclaim": "Stop"}

    running = decide(with_one(a.a_running_instance(spot_status="reclaiming"), spec=spec))
    ended = decide(with_one(a.an_instance("exited", spot_status="terminated"), spec=spec))

    assert not isinstance(running, Fail)
    assert isinstance(ended, Fail)


def test_a_reclaim_is_told_once_for_each_instance() -> None:
    goes = a.an_instance("running", spot_status="reclaiming")
    told = a.a_failure("SpotReclaimed", generation=0) | {"instanceId": "i-1"}
    stopped = {"billing": "Spot", "onSpotReclaim": "Stop", "powerState": "Running"}

    def fails(failure: dict[str, Any]) -> bool:
        decided = decide(with_one(a.an_instance("exited", spot_status="terminated"), spec=stopped, failure=failure))
        return isinstance(decided, Fail) and decided.reason == "SpotReclaimed"

    assert decide(with_one(goes, failure=told)) == Delete(("i-1",))
    assert not fails(a.a_failure("SpotReclaimed") | {"instanceId": "i-1"})
    assert fails(a.a_failure("SpotReclaimed") | {"instanceId": "i-0"})
    assert fails(a.a_failure("Failed") | {"instanceId": "i-1"})


def test_a_reclaim_without_a_time_is_told_without_one() -> None:
    decided = decide(with_one(a.an_instance("running", spot_status="notified")))

    assert decided == Fail("SpotReclaimed", "Novita takes spot instance i-1 back.", "the spot instance was taken back")


@pytest.mark.parametrize("reason", ["SpotReclaimed", "NoCapacityAtStart"])
def test_what_is_replaced_goes_before_another_one_comes(reason: str) -> None:
    status = {"failure": failed(reason, retry_in=0)}

    assert decide(with_one(a.an_instance("exited"), **status)) == Delete(("i-1",))
    assert decide(with_one(a.an_instance("removing"), **status)) == NEXT_POLL
    assert decide(with_one(**status)) == ConfirmGone("i-1")
    assert decide(with_one(view={"gone_polls": 2}, **status)) == Release(check_first=True)


def test_the_one_in_its_place_is_not_deleted_for_the_failure_of_the_last() -> None:
    resource = a.an_object(
        status={"instanceId": "i-2", "failure": RECLAIMED, "startedAt": wire(ago(10))}, intent=a.an_intent(age=10)
    )

    assert decide(a.an_observation(resource, a.an_instance("pulling", "i-2"))) == Wait(moving=True, seconds=590)


def test_what_is_to_be_stopped_is_not_replaced() -> None:
    seen = with_one(a.an_instance("exited"), spec={"powerState": "Stopped"}, failure=RECLAIMED)

    assert decide(seen) == Nothing()


# --- Ends ------------------------------------------------------------------------------------------------------------


def ending(seconds: float, how: Any = "Stop") -> Ending:
    return Ending("MaxSeconds", how, ago(-seconds), "It has run for an hour.")


def test_an_end_that_has_come_is_decided_on_durably_first() -> None:
    seen = replace(with_one(a.a_running_instance()), end=ending(0))

    assert decide(seen) == End("MaxSeconds", "Stop", "It has run for an hour.")


def test_an_end_to_come_changes_nothing() -> None:
    instance = a.a_running_instance()

    assert decide(replace(with_one(instance, connection=a.a_connection(instance)), end=ending(1))) == Nothing()


def test_what_is_lost_is_let_go_and_its_lifetime_ends_nothing_any_more() -> None:
    seen = with_one(failure=a.a_failure("InstanceLost"), view={"gone_polls": 2})

    assert decide(replace(seen, end=ending(0))) == Release(check_first=True)


def over(how: str) -> dict[str, Any]:
    return {"ended": {"cause": "Idle", "action": how, "at": wire(ago(9)), "generation": 1, "message": "It is over."}}


def test_what_was_ended_by_a_stop_is_stopped_and_stays_so() -> None:
    running = replace(with_one(a.an_instance("running"), **over("Stop")), ended=True)
    stopped = replace(with_one(a.an_instance("exited"), **over("Stop")), ended=True)

    assert (running.power, stopped.power) == ("Stopped", "Stopped")
    assert type(decide(running)).__name__ == "Stop"
    assert decide(stopped) == Nothing()


@pytest.mark.parametrize(
    ("found", "gone_polls", "expected"),
    [
        ((a.an_instance("running"),), 0, Delete(("i-1",))),
        ((a.an_instance("removing"),), 0, NEXT_POLL),
        ((), 0, ConfirmGone("i-1")),
        ((), 2, Release(check_first=True)),
    ],
    ids=["is deleted", "is watched", "is asked for by id", "is released"],
)
def test_what_was_ended_for_good_goes(found: tuple[Instance, ...], gone_polls: int, expected: Action) -> None:
    seen = replace(with_one(*found, view={"gone_polls": gone_polls}, **over("Delete")), ended=True)

    assert seen.power == "Released"
    assert decide(seen) == expected


def test_what_was_ended_for_good_and_is_gone_rents_nothing() -> None:
    resource = a.an_object(status=over("Delete"), intent=a.an_intent(outcome="Released"), held=False)

    assert decide(replace(a.an_observation(resource), ended=True)) == Nothing()


def test_an_end_that_no_longer_counts_starts_it_again() -> None:
    seen = replace(with_one(a.an_instance("exited"), stoppedAt=wire(ago(9)), **over("Stop")), ended=False)

    assert decide(seen) == Start("i-1")


# --- Changes in place ------------------------------------------------------------------------------------------------

RUNS = a.a_running_instance(ports=(PortMapping(80, "HTTP", "https://e"),), rootfs_gb=60)


def in_place(spec: dict[str, Any], **view: Any) -> Action:
    return decide(replace(with_one(RUNS, spec=spec, connection=a.a_connection(RUNS)), **view))


def test_ports_and_disk_are_brought_to_what_the_spec_asks() -> None:
    assert in_place({"ports": [{"port": 80}]}) == Nothing()
    assert in_place({"ports": [{"port": 22, "protocol": "TCP"}]}) == Edit("i-1", (PortSpec(22, "TCP"),), 0)
    assert in_place({"rootfsSizeGB": 100}) == Edit("i-1", (PortSpec(80, "HTTP"),), 40)


def test_an_edit_under_way_is_not_repeated() -> None:
    assert in_place({"rootfsSizeGB": 100}, edit_settles=True) == Wait(moving=True)


def test_the_gpu_is_measured_when_it_is_time() -> None:
    assert in_place({}, measure=True) == Measure("i-1")


# --- Adoption --------------------------------------------------------------------------------------------------------

ADOPTS = {"adopt": {"instanceId": "by-hand"}}


def test_an_instance_that_the_spec_names_is_taken_over_and_nothing_is_rented() -> None:
    assert decide(a.an_observation(a.an_object(spec=ADOPTS))) == Adopt("by-hand")


def test_an_object_that_is_to_be_stopped_adopts_nothing() -> None:
    assert decide(a.an_observation(a.an_object(spec=ADOPTS | {"powerState": "Stopped"}))) == Nothing()


def test_an_adopted_instance_is_deleted_with_its_object() -> None:
    status, released = {"instanceId": "by-hand"}, a.an_intent(outcome="Released")
    resource = a.an_object(spec=ADOPTS, status=status, intent=released, held=True, deleting=True)

    assert decide(a.an_observation(resource, a.an_instance("running", "by-hand"))) == Delete(("by-hand",))
    assert decide(a.an_observation(resource)) == ConfirmGone("by-hand")


def test_an_adoption_that_never_came_to_be_leaves_the_instance_alone() -> None:
    released = a.an_intent(outcome="Released")
    resource = a.an_object(spec=ADOPTS, intent=released, held=True, deleting=True)

    assert decide(a.an_observation(resource)) == Release()
