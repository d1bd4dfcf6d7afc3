"""Events: one for each thing that happened, in order, and none for a pass that changed nothing."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import NAME, NOON
from tests.unit.support.reports import CHOSEN, Life, a_problem, event, reasons

from novita_operator.api import meta
from novita_operator.api.gpu_instance.reasons import TROUBLES, Reason
from novita_operator.api.gpu_instance.status import Failure
from novita_operator.controllers.gpu_instance.observing.observation import AccountView
from novita_operator.controllers.gpu_instance.result import Result

RENTED = Result(instance_id="i-1", chosen=CHOSEN, attempt=1, created_at=NOON, started_at=NOON)
DESCRIBED = Result(detail=a.a_running_instance())
STOPPED = {"powerState": "Stopped"}


def a_rented_life(**parts: Any) -> Life:
    life = Life(intent=a.an_intent(), **parts)
    life.step(result=RENTED)
    return life


def a_ready_life(**parts: Any) -> Life:
    life = a_rented_life(**parts)
    life.step(a.a_running_instance(), result=DESCRIBED)
    return life


def test_a_life_is_told_in_order_and_each_thing_once() -> None:
    life = Life(intent=a.an_intent())
    told = [reasons(life.step())]
    told.append(reasons(life.step(result=RENTED)))
    words = ("toCreate", "creating", "pulling", "pulling", "running", "running")
    told += [reasons(life.step(a.an_instance(word))) for word in words]
    told.append(reasons(life.step(a.a_running_instance(), result=DESCRIBED)))
    told.append(reasons(life.step(a.a_running_instance())))

    assert told == [[], ["Scheduled", "Created"], [], [], ["Pulling"], [], [], [], ["Ready"], []]


def test_what_was_rented_is_told_with_place_and_price() -> None:
    outcome = Life(intent=a.an_intent()).step(result=RENTED)

    assert event(outcome, "Scheduled").message == CHOSEN.sentence
    assert event(outcome, "Created").message == "Rented instance i-1 in CN-HK-01 for 0.35 USD/h."
    assert {each.type for each in outcome.events} == {"Normal"}


def test_a_finalizer_that_was_put_back_is_told_with_what_to_use_instead() -> None:
    life = a_ready_life()

    outcome = life.step(a.a_running_instance(), result=Result(again=True, held_again=True))

    assert [(each.type, each.reason) for each in outcome.events] == [("Warning", "HeldAgain")]
    assert "kubectl apply" in outcome.events[0].message
    assert outcome.status == life.step(a.a_running_instance()).status


def test_an_instance_whose_answer_was_lost_is_told_when_it_is_found() -> None:
    outcome = Life(intent=a.an_intent()).step(a.an_instance("creating"), result=Result(instance_id="i-1", adopted=True))

    assert reasons(outcome) == ["Adopted"]
    assert "from a call whose answer was lost" in outcome.events[0].message


def test_an_instance_that_the_spec_names_is_told_as_taken_over() -> None:
    life = Life(intent=a.an_intent(outcome="Released"), spec={"adopt": {"instanceId": "i-1"}})

    outcome = life.step(result=Result(instance_id="i-1", adopted=True, created_at=NOON, started_at=NOON))

    assert "as spec.adopt asks" in event(outcome, "Adopted").message


def test_an_id_that_is_recorded_already_is_no_news() -> None:
    assert reasons(a_rented_life().step(result=RENTED)) == ["Scheduled"]


def test_a_start_and_a_stop_are_told_once_each() -> None:
    life = a_ready_life()
    life.parts |= {"spec": STOPPED, "generation": 2}
    told = [reasons(life.step(a.an_instance(word))) for word in ("running", "stopping", "exited", "exited")]
    life.parts |= {"spec": {}, "generation": 3}
    started = Result(started_at=NOON)
    told += [
        reasons(life.step(a.an_instance("exited"), result=started)),
        reasons(life.step(a.an_instance("starting"))),
        reasons(life.step(a.a_running_instance(), result=DESCRIBED)),
    ]

    assert told == [[], [], ["Stopped"], [], ["Started"], [], ["Ready"]]


def test_a_start_that_failed_is_not_told_as_one() -> None:
    life = a_ready_life(spec=STOPPED)
    life.step(a.an_instance("exited"))
    life.parts |= {"spec": {}, "generation": 2}

    outcome = life.step(a.an_instance("exited"), result=Result(problem=a_problem("Synced", "NovitaUnavailable")))

    assert "Started" not in reasons(outcome)


def test_duplicates_are_told_with_what_was_kept() -> None:
    outcome = a_ready_life().step(a.a_running_instance(), result=Result(instance_id="i-1", duplicates_removed=("i-2",)))

    assert event(outcome, "DuplicatesRemoved").type == "Warning"
    assert event(outcome, "DuplicatesRemoved").message == (
        f"Several instances carried the name {NAME}; kept i-1, deleted i-2."
    )


@pytest.mark.parametrize(
    ("on_timeout", "says"),
    [("Delete", "which ends the billing"), ("Stop", "Stopping it"), ("Keep", "goes on costing money")],
)
def test_a_missed_deadline_is_told_with_what_becomes_of_the_instance(on_timeout: str, says: str) -> None:
    life = a_rented_life(spec={"startup": {"onTimeout": on_timeout}})
    failure = Failure(reason="StartupTimeout", message="It was not Ready in 600 s.", at=NOON, generation=1)

    outcome = life.step(a.an_instance("pulling"), result=Result(failure=failure))

    assert says in event(outcome, "StartupTimeout").message
    assert "StartupTimeout" not in reasons(life.step(a.an_instance("pulling")))


@pytest.mark.parametrize(("reason", "told"), [("InstanceLost", "InstanceLost"), ("Failed", "Failed")])
def test_a_failure_is_told_once(reason: Any, told: str) -> None:
    life = a_ready_life()
    failure = Failure(reason=reason, message="It failed.", at=NOON, generation=1)

    first = life.step(a.an_instance("exited"), result=Result(failure=failure))

    assert event(first, told).type == "Warning"
    assert reasons(life.step(a.an_instance("exited"))) == []


def test_an_instance_that_somebody_removes_is_told_as_lost_once() -> None:
    life = a_ready_life()
    told = [reasons(life.step(a.an_instance("removing"))), reasons(life.step(gone_polls=1))]
    failure = Failure(reason="InstanceLost", message="It is gone.", at=NOON, generation=1)
    told.append(reasons(life.step(result=Result(failure=failure), gone_polls=2)))

    assert told == [["InstanceLost"], [], []]


# --- The end --------------------------------------------------------------------------------------------------------


def test_a_deleted_instance_is_told_as_gone() -> None:
    life = a_ready_life()
    life.parts |= {"deleting": True}

    outcome = life.step(result=Result(released=True), gone_polls=1)

    assert event(outcome, "Deleted").message == "Instance i-1 is gone at Novita; nothing of it is billed any more."


@pytest.mark.parametrize(("policy", "says"), [("Retain", "is left as it is"), ("Stop", "is left stopped")])
def test_an_instance_that_stays_is_told_with_what_it_goes_on_costing(policy: str, says: str) -> None:
    life = a_ready_life(spec={"deletionPolicy": policy})
    life.parts |= {"deleting": True}

    told = event(life.step(a.an_instance("exited"), result=Result(released=True)), "Retained")

    assert told.type == "Warning"
    assert f"instance i-1 ({NAME}) {says} at Novita" in told.message
    assert "0.35 USD/h" in told.message


def test_an_object_that_had_no_instance_goes_without_a_word() -> None:
    assert reasons(Life(intent=a.an_intent(), deleting=True).step(result=Result(released=True))) == []


def test_an_instance_that_went_after_a_failure_is_told_whatever_the_deletion_policy_says() -> None:
    life = a_ready_life(spec={"deletionPolicy": "Retain"})

    assert "Deleted" in reasons(life.step(result=Result(released=True), gone_polls=1))


def test_a_deletion_that_was_given_up_names_what_is_left() -> None:
    life = a_ready_life()
    life.parts |= {"deleting": True}

    told = event(life.step(result=Result(released=True, abandoned="i-1")), "ForceFinalized")

    assert "i-1 may still exist at Novita and may go on costing 0.35 USD/h" in told.message


def test_a_blocked_deletion_is_told_once() -> None:
    life = a_ready_life()
    life.parts |= {"deleting": True}
    refused = AccountView("KeyRejected", "Refused.")

    told = [reasons(life.step(a.an_instance(), account=refused)) for _ in range(3)]

    assert told == [["DeletionBlocked", "CredentialsRejected"], [], []]


# --- Trouble --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("about", "reason", "told"),
    [
        ("Scheduled", "NoCapacity", ["NoCapacity"]),
        ("Scheduled", "PriceAboveLimit", ["PriceAboveLimit"]),
        ("Scheduled", "ProductNotFound", ["CreateRefused"]),
        ("Scheduled", "TemplateNotFound", ["CreateRefused"]),
        ("Scheduled", "VolumeNotFound", ["CreateRefused"]),
        ("Scheduled", "ReferenceNotFound", ["CreateRefused"]),
        ("Provisioned", "CreateRefused", ["CreateRefused"]),
        ("Provisioned", "InsufficientBalance", ["CreateRefused"]),
        ("Provisioned", "QuotaExceeded", ["CreateRefused"]),
        ("Synced", "CredentialsRejected", ["CredentialsRejected"]),
        ("Synced", "RateLimited", []),
        ("Synced", "NovitaUnavailable", []),
        ("Provisioned", "CreateOutcomeUnknown", []),
    ],
)
def test_trouble_that_a_person_should_hear_of_is_told_once(about: str, reason: str, told: list[str]) -> None:
    life = Life()
    problem = Result(problem=a_problem(about, reason))

    assert [reasons(life.step(result=problem)) for _ in range(3)] == [told, [], []]


_SEEN_IN_CONDITIONS_ALONE = """
    Ready Stopped Scheduling Creating Pulling Starting Migrating NotListed NameDiffers NotReachable Stopping
    Deleting StartupTimeout SpotReclaimed NoCapacityAtStart Ended ChangedElsewhere AdoptRefused Frozen InvalidValue
    UnknownStatus Selected AccountNotAdmitted AccountNotReady AccountOfAnotherClass InstancesMissing
    ClusterIdChanged CreatesFrozen InvalidSpec InternalError NotCreated Created Adopted CreateOutcomeUnknown
    AdoptionNotAllowed LimitReached NotAllowed ClusterRefused HostKeyChanged
    SshUnreachable LoginRefused KeysNotWritten
    Success RateLimited NovitaUnavailable Paused InvalidResponse
"""


def test_of_each_reason_it_was_decided_whether_an_event_tells_it() -> None:
    assert TROUBLES.keys() | {Reason(word) for word in _SEEN_IN_CONDITIONS_ALONE.split()} == set(Reason)


def test_trouble_that_comes_back_is_told_again() -> None:
    life = Life()
    problem = Result(problem=a_problem("Scheduled", "NoCapacity"))
    life.step(result=problem)
    life.step(result=Result(problem=a_problem("Synced", "NovitaUnavailable")))

    assert reasons(life.step(result=problem)) == ["NoCapacity"]


def test_a_refused_key_is_told_of_an_object_that_stays_ready() -> None:
    outcome = a_ready_life().step(a.a_running_instance(), account=AccountView("KeyRejected", "Refused."))

    assert reasons(outcome) == ["CredentialsRejected"]


def test_a_restart_tells_nothing_again() -> None:
    life = a_ready_life()

    assert reasons(life.step(account=AccountView("Starting"), fresh=False)) == []
    assert reasons(life.step(a.a_running_instance())) == []


def test_a_pause_is_no_news() -> None:
    life = a_ready_life(annotations={meta.PAUSED: "true"})

    assert reasons(life.step(a.a_running_instance())) == []
