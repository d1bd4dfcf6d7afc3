"""What is decided for an object that is to live: each power state with each state of the instance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON, ago, wire

from novita_operator.controllers.gpu_instance.action import (
    Action,
    Delete,
    Describe,
    End,
    Fail,
    Nothing,
    RemoveDuplicates,
    Start,
    Stop,
    Wait,
)
from novita_operator.controllers.gpu_instance.deciding import plan
from novita_operator.controllers.gpu_instance.observing.observation import AccountView, Observation
from novita_operator.controllers.gpu_instance.policies import lifetime
from novita_operator.novita.models import Instance

NEXT_POLL = Wait(moving=True, poll=True)
STOPPED = {"powerState": "Stopped"}
UNDER_WAY = (
    *("pending", "toCreate", "creating", "pulling", "toStart", "starting", "toStop", "stopping"),
    *("toRestart", "restarting", "toReset", "resetting", "migrating", "a word of next year"),
)


def decide(seen: Observation) -> Action:
    return plan.decide(seen, NOON)


def with_one(instance: Instance, spec: dict[str, Any] | None = None, **status: Any) -> Observation:
    """An object whose recorded instance is this one; the create call was made ten minutes ago."""
    resource = a.an_object(spec=spec, status={"instanceId": instance.id} | status, intent=a.an_intent())
    return a.an_observation(resource, instance)


# --- Towards running -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", UNDER_WAY)
def test_on_the_way_it_waits_until_the_deadline(word: str) -> None:
    seen = with_one(a.an_instance(word), startedAt=wire(ago(100)))

    assert decide(seen) == Wait(moving=True, seconds=500)


@pytest.mark.parametrize("word", UNDER_WAY)
def test_an_instance_that_was_ready_before_has_no_deadline_any_more(word: str) -> None:
    seen = with_one(a.an_instance(word), startedAt=wire(ago(6000)), readyAt=wire(ago(5000)))

    assert decide(seen) == Wait(moving=True)


def test_without_a_known_start_there_is_no_deadline() -> None:
    assert decide(with_one(a.an_instance("pulling"))) == Wait(moving=True)


@pytest.mark.parametrize("word", UNDER_WAY)
def test_at_the_deadline_the_start_has_failed(word: str) -> None:
    seen = with_one(a.an_instance(word), startedAt=wire(ago(600)))

    message = f"Instance i-1 was not Ready 600 s after its start; it is {word}."
    assert decide(seen) == Fail("StartupTimeout", message)


def test_one_second_before_the_deadline_it_still_waits() -> None:
    seen = with_one(a.an_instance("pulling"), startedAt=wire(ago(599)))

    assert decide(seen) == Wait(moving=True, seconds=1)


def test_a_running_instance_is_described() -> None:
    assert decide(with_one(a.a_running_instance(), startedAt=wire(ago(100)))) == Describe("i-1")


def test_a_running_instance_that_is_described_needs_nothing() -> None:
    instance = a.a_running_instance()

    assert decide(with_one(instance, connection=a.a_connection(instance))) == Nothing()


def test_a_running_instance_is_described_again_after_another_start() -> None:
    before = a.a_connection(a.a_running_instance(started_at=ago(900)))

    assert decide(with_one(a.a_running_instance(started_at=ago(20)), connection=before)) == Describe("i-1")


def test_an_instance_that_ran_while_nobody_looked_is_described_before_the_deadline_counts() -> None:
    """The operator was away for longer than the deadline: what runs may well be reachable."""
    seen = with_one(a.a_running_instance(), startedAt=wire(ago(6000)))

    assert decide(seen) == Describe("i-1")


def test_an_instance_that_runs_without_being_reachable_fails_at_the_deadline() -> None:
    instance = a.an_instance()
    resource = a.an_object(status={"instanceId": "i-1", "startedAt": wire(ago(600))}, intent=a.an_intent())

    decided = decide(a.an_observation(resource, instance, detail=instance))

    assert decided == Fail("StartupTimeout", "Instance i-1 was not Ready 600 s after its start; it is running.")


def test_an_instance_whose_details_the_cluster_refuses_to_hold_has_no_deadline() -> None:
    instance = a.an_instance()
    resource = a.an_object(status={"instanceId": "i-1", "startedAt": wire(ago(6000))}, intent=a.an_intent())

    assert decide(a.an_observation(resource, instance, detail=a.a_running_instance())) == Describe("i-1")


def test_an_instance_that_runs_without_being_reachable_is_looked_at_until_the_deadline() -> None:
    instance = a.an_instance()
    resource = a.an_object(status={"instanceId": "i-1", "startedAt": wire(ago(599))}, intent=a.an_intent())

    assert decide(a.an_observation(resource, instance, detail=instance)) == Describe("i-1")


@pytest.mark.parametrize("word", ["toRemove", "removing"])
def test_one_that_somebody_else_removes_is_watched(word: str) -> None:
    assert decide(with_one(a.an_instance(word))) == NEXT_POLL


def test_a_frozen_instance_waits_for_a_person() -> None:
    assert decide(with_one(a.an_instance("freezing"))) == Nothing()


def test_an_instance_that_we_stopped_is_started() -> None:
    assert decide(with_one(a.an_instance("exited"), stoppedAt=wire(ago(60)))) == Start("i-1")


def test_an_instance_that_ended_by_itself_has_failed() -> None:
    message = "Instance i-1 ended by itself. Novita gives no reason; its command may have ended."

    assert decide(with_one(a.an_instance("exited"))) == Fail("Failed", message)


def test_what_novita_says_of_the_end_is_passed_on() -> None:
    seen = with_one(a.an_instance("exited", error="IMAGE_TOO_LARGE: 90 GB"), stoppedAt=wire(ago(60)))

    said = "IMAGE_TOO_LARGE: 90 GB"
    assert decide(seen) == Fail("Failed", f"Instance i-1 ended by itself. Novita says: {said}.", said)


def test_a_reclaimed_spot_instance_did_not_just_end() -> None:
    decided = decide(with_one(a.an_instance("exited", spot_status="terminated")))

    assert isinstance(decided, Fail)
    assert decided.novita_error == "the spot instance was taken back"


# --- Towards stopped -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["running", "pulling"])
def test_an_instance_that_is_billed_is_stopped(word: str) -> None:
    assert decide(with_one(a.an_instance(word), STOPPED)) == Stop("i-1")


@pytest.mark.parametrize("word", ["exited", "freezing"])
def test_an_instance_that_is_at_rest_needs_no_stop(word: str) -> None:
    assert decide(with_one(a.an_instance(word), STOPPED)) == Nothing()


@pytest.mark.parametrize("word", [word for word in (*UNDER_WAY, "toRemove", "removing") if word != "pulling"])
def test_an_instance_between_two_states_is_stopped_when_it_arrives(word: str) -> None:
    assert decide(with_one(a.an_instance(word), STOPPED)) == NEXT_POLL


def test_no_deadline_hastens_a_stop() -> None:
    assert decide(with_one(a.an_instance("starting"), STOPPED, startedAt=wire(ago(6000)))) == NEXT_POLL


# --- A spec that cannot be read as a whole ---------------------------------------------------------------------------


def an_unreadable(*found: Instance, spec: dict[str, Any], **status: Any) -> Observation:
    resource = a.an_object(
        spec={"gpuCount": "many"} | spec, status={"instanceId": "i-1"} | status, intent=a.an_intent()
    )
    seen = a.an_observation(resource, *found)
    return replace(seen, end=lifetime.next_end(resource, None, NOON))


def test_a_stop_goes_on_though_another_field_cannot_be_read() -> None:
    assert plan.decide(an_unreadable(a.an_instance(), spec={"powerState": "Stopped"}), NOON) == Stop("i-1")


def test_a_deadline_goes_on_though_another_field_cannot_be_read() -> None:
    lifetime_of_a_minute = {"lifetime": {"maxSeconds": 60, "action": "Delete"}}

    decided = plan.decide(an_unreadable(a.an_instance(), spec=lifetime_of_a_minute, startedAt=wire(ago(61))), NOON)

    assert isinstance(decided, End)


@pytest.mark.parametrize(
    ("startup", "fails"), [({"timeoutSeconds": 60}, True), ({"timeoutSeconds": "soon"}, False)], ids=["readable", "not"]
)
def test_the_startup_deadline_counts_only_where_it_can_be_read(startup: dict[str, Any], fails: bool) -> None:
    seen = an_unreadable(a.an_instance("pulling"), spec={"startup": startup}, startedAt=wire(ago(601)))

    assert isinstance(plan.decide(seen, NOON), Fail) is fails


def test_nothing_is_rented_by_a_spec_that_cannot_be_read() -> None:
    resource = a.an_object(spec={"gpuCount": "many"})

    assert plan.decide(a.an_observation(resource), NOON) == Nothing()


def test_without_the_account_nothing_at_all_is_done() -> None:
    seen = an_unreadable(a.an_instance(), spec={"accountRef": 7, "powerState": "Stopped"})

    assert plan.decide(seen, NOON) == Nothing()


# --- An account of no use --------------------------------------------------------------------------------------------


def of_an_account(
    state: Any, *found: Instance, fresh: bool = True, spec: dict[str, Any] | None = None, **status: Any
) -> Observation:
    resource = a.an_object(spec=spec, status={"instanceId": "i-1"} | status, intent=a.an_intent())
    seen = a.an_observation(resource, *found, account=AccountView(state), fresh=fresh)
    return replace(seen, end=lifetime.next_end(resource, None, NOON), ended=lifetime.stays_ended(resource, NOON))


STOPPED = {"powerState": "Stopped"}
OVER = {"lifetime": {"maxSeconds": 60, "action": "Delete"}}
ENDED = {"cause": "MaxSeconds", "action": "Delete", "at": wire(ago(5)), "generation": 1}


BOTH = (a.an_instance(), a.an_instance(instance_id="i-2"))


@pytest.mark.parametrize("spec", [{"gpuCount": "many"}, {"deletionPolicy": "Archive"}, {"powerState": 7}])
def test_of_an_unreadable_spec_duplicates_are_ended_all_the_same(spec: dict[str, Any]) -> None:
    assert plan.decide(an_unreadable(*BOTH, spec=spec), NOON) == RemoveDuplicates("i-1", ("i-2",))


def test_duplicates_in_an_account_that_the_spec_may_not_mean_are_left_alone() -> None:
    assert plan.decide(an_unreadable(*BOTH, spec={"accountRef": 7}), NOON) == Nothing()


def test_a_namespace_that_is_no_longer_admitted_keeps_no_duplicates() -> None:
    resource = a.an_object(intent=a.an_intent(), status={"instanceId": "i-1"})
    account = AccountView("NotAdmitted")

    assert plan.decide(a.an_observation(resource, *BOTH, account=account), NOON) == RemoveDuplicates("i-1", ("i-2",))
    assert plan.decide(a.an_observation(resource, *BOTH, account=account, fresh=False), NOON) == Wait(poll=True)


@pytest.mark.parametrize("state", ["Unreachable", "KeyRejected", "NotAdmitted"])
def test_a_stop_is_tried_whatever_the_account_says(state: str) -> None:
    assert plan.decide(of_an_account(state, a.an_instance(), spec=STOPPED), NOON) == Stop("i-1")


@pytest.mark.parametrize("state", ["Unreachable", "KeyRejected", "NotAdmitted"])
def test_a_deadline_acts_when_it_is_due_whatever_the_account_says(state: str) -> None:
    due = of_an_account(state, a.an_instance(), spec=OVER, startedAt=wire(ago(61)))
    decided = of_an_account(state, a.an_instance(), spec=OVER, startedAt=wire(ago(61)), ended=ENDED)

    assert isinstance(plan.decide(due, NOON), End)
    assert plan.decide(decided, NOON) == Delete(("i-1",))


def test_a_stop_that_was_called_for_is_not_repeated_by_an_old_list() -> None:
    seen = of_an_account("Unreachable", a.an_instance(), fresh=False, spec=STOPPED, stoppedAt=wire(ago(5)))

    assert plan.decide(seen, NOON) == Wait(poll=True)


@pytest.mark.parametrize("state", ["KeyMissing", "Absent", "Starting"])
def test_without_a_key_or_an_account_nothing_can_be_tried(state: str) -> None:
    assert isinstance(plan.decide(of_an_account(state, a.an_instance(), spec=STOPPED), NOON), Wait)


def test_in_a_namespace_that_is_not_admitted_nothing_is_asked_about_an_instance_of_another_name() -> None:
    seen = of_an_account("NotAdmitted", spec=OVER, startedAt=wire(ago(61)), ended=ENDED)

    assert plan.decide(seen, NOON) == Wait(poll=True)


def test_the_running_instance_of_a_namespace_that_is_no_longer_admitted_is_left_as_it_is() -> None:
    assert plan.decide(of_an_account("NotAdmitted", a.an_instance()), NOON) == Wait(poll=True)
