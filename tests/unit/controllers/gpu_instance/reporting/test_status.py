"""What the status says: all conditions from the first write on, calm, and true."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON, ago, wire
from tests.unit.support.reports import CHOSEN, Life, a_problem, brief, condition, kstatus, message, reasons, report

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import Failure
from novita_operator.controllers.gpu_instance.observing.observation import AccountView
from novita_operator.controllers.gpu_instance.reporting import status
from novita_operator.controllers.gpu_instance.result import Result

ALWAYS = {"Ready", "Scheduled", "Provisioned", "Synced"}
RENTED = Result(instance_id="i-1", chosen=CHOSEN, attempt=1, created_at=NOON, started_at=NOON)
DESCRIBED = Result(detail=a.a_running_instance())


def a_ready_life(**parts: Any) -> Life:
    """An object whose instance was rented and became Ready at noon."""
    life = Life(intent=a.an_intent(), **parts)
    life.step(result=RENTED)
    life.step(a.a_running_instance(), result=DESCRIBED)
    assert life.status["phase"] == "Running"
    return life


# --- The conditions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "ready", "scheduled", "synced"),
    [
        ("Usable", "False/Scheduling", "Unknown/Scheduling", "True/Success"),
        ("Starting", "False/Scheduling", "Unknown/Scheduling", "True/Success"),
        ("Absent", "False/AccountNotReady", "False/AccountNotReady", "False/AccountNotReady"),
        ("KeyMissing", "False/AccountNotReady", "False/AccountNotReady", "False/AccountNotReady"),
        ("NotAdmitted", "False/AccountNotAdmitted", "False/AccountNotAdmitted", "False/AccountNotAdmitted"),
        ("KeyRejected", "False/CredentialsRejected", "Unknown/Scheduling", "False/CredentialsRejected"),
        ("Unreachable", "False/NovitaUnavailable", "Unknown/Scheduling", "False/NovitaUnavailable"),
    ],
)
def test_all_four_conditions_exist_from_the_first_write_on(state: Any, ready: str, scheduled: str, synced: str) -> None:
    outcome = report(a.an_observation(a.an_object(), account=AccountView(state, "Because.")))

    assert {found["type"] for found in outcome.status["conditions"]} >= ALWAYS
    assert [brief(outcome, kind) for kind in ("Ready", "Scheduled", "Synced")] == [ready, scheduled, synced]
    assert brief(outcome, "Provisioned") == "False/NotCreated"


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("Usable", "InProgress"),
        ("Starting", "InProgress"),
        ("Absent", "InProgress"),
        ("Unreachable", "InProgress"),
        ("KeyMissing", "Failed"),
        ("NotAdmitted", "Failed"),
        ("KeyRejected", "Failed"),
    ],
)
def test_only_what_needs_a_person_is_a_failure_to_helm_and_flux(state: Any, expected: str) -> None:
    outcome = report(a.an_observation(a.an_object(), account=AccountView(state, "Because.")))

    assert kstatus(outcome) == expected
    assert (brief(outcome, "Stalled") != "absent") is (expected == "Failed")
    assert (brief(outcome, "Reconciling") != "absent") is (expected == "InProgress")


def test_stalled_and_reconciling_repeat_what_ready_says() -> None:
    stalled = report(a.an_observation(a.an_object(), account=AccountView("KeyRejected", "Novita refuses the key.")))
    moving = report(a.an_observation(a.an_object()))

    assert message(stalled, "Stalled") == message(stalled) == "Novita refuses the key."
    assert message(moving, "Reconciling") == message(moving) == "Choosing product, region and price."


def test_a_ready_object_is_neither_stalled_nor_reconciling() -> None:
    outcome = a_ready_life().step(a.a_running_instance())

    assert {found["type"] for found in outcome.status["conditions"]} == ALWAYS
    assert [brief(outcome, kind) for kind in sorted(ALWAYS)] == [
        "True/Created",
        "True/Ready",
        "True/Selected",
        "True/Success",
    ]
    assert kstatus(outcome) == "Current"


def test_a_transition_time_moves_only_when_the_status_of_its_condition_flips() -> None:
    life = Life()
    life.step(account=AccountView("Starting"))

    later = life.step(account=AccountView("KeyRejected", "Refused."), later=60)

    assert condition(later, "Ready")["lastTransitionTime"] == wire(NOON)  # type: ignore[index] - it exists always
    assert condition(later, "Synced")["lastTransitionTime"] == wire(ago(-60))  # type: ignore[index]


def test_a_pass_that_changes_nothing_reports_the_same_to_the_letter() -> None:
    life = a_ready_life()
    before = life.step(a.a_running_instance(), later=60)

    again = life.step(a.a_running_instance(), later=120)

    assert again.status == before.status
    assert again.events == ()


def test_status_and_conditions_name_the_generation_they_speak_of() -> None:
    life = a_ready_life()
    life.parts |= {"generation": 2}

    outcome = life.step(a.a_running_instance())

    assert outcome.status["observedGeneration"] == 2
    assert {found["observedGeneration"] for found in outcome.status["conditions"]} == {2}


def test_what_is_known_is_not_forgotten_before_the_first_poll() -> None:
    """After a restart nothing is known; what the status says is still the best guess."""
    life = a_ready_life()
    before = life.status

    outcome = life.step(account=AccountView("Starting"), fresh=False)

    assert outcome.status == before
    assert outcome.events == ()


def test_an_object_that_waits_for_its_turn_does_not_take_back_what_it_said() -> None:
    life = Life()
    refused = Result(problem=a_problem("Scheduled", "PriceAboveLimit"))
    before = life.step(result=refused)

    queued = life.step(result=Result(queued=True), later=1)
    again = life.step(result=refused, later=2)

    assert (reasons(before), queued.status) == (["PriceAboveLimit"], before.status)
    assert (queued.events, again.events) == ((), ())


# --- A create call without an answer --------------------------------------------------------------------------------


def test_an_unanswered_create_call_is_unknown_from_its_own_pass_on() -> None:
    life = Life()
    problem = a_problem("Provisioned", "CreateOutcomeUnknown")
    first = life.step(result=Result(problem=problem, attempt=1, started_at=NOON))

    life.parts |= {"intent": a.an_intent(age=0)}
    second = life.step(searches=1)

    assert brief(first, "Provisioned") == brief(second, "Provisioned") == "Unknown/CreateOutcomeUnknown"
    assert brief(second, "Ready") == "False/CreateOutcomeUnknown"
    assert "12:00:00 UTC" in message(second, "Provisioned")
    assert kstatus(second) == "InProgress"


def test_a_stopped_object_does_not_promise_that_nothing_is_billed_while_a_call_is_unanswered() -> None:
    resource = a.an_object(spec={"powerState": "Stopped"}, intent=a.an_intent(age=5))

    outcome = report(a.an_observation(resource, searches=1))

    assert brief(outcome, "Ready") == "False/CreateOutcomeUnknown"


def test_a_stopped_object_is_ready_when_the_search_has_found_nothing() -> None:
    resource = a.an_object(spec={"powerState": "Stopped"}, intent=a.an_intent(age=600))

    outcome = report(a.an_observation(resource, searches=3))

    assert brief(outcome, "Ready") == "True/Stopped"
    assert outcome.status["phase"] == "Stopped"
    assert kstatus(outcome) == "Current"


# --- Failures -------------------------------------------------------------------------------------------------------


def a_failed_life(reason: Any = "StartupTimeout") -> Life:
    life = a_ready_life()
    failure = Failure(reason=reason, message="It failed.", at=NOON, generation=1)
    life.step(a.an_instance("pulling"), result=Result(failure=failure))
    return life


def test_a_failure_stalls_and_says_what_it_costs_and_how_to_go_on() -> None:
    outcome = a_failed_life().step(a.an_instance("pulling"))

    assert brief(outcome, "Ready") == brief(outcome, "Stalled").replace("True", "False") == "False/StartupTimeout"
    assert message(outcome) == (
        "It failed. The instance still runs and costs 0.35 USD/h. Edit the spec, or set the annotation "
        "gpu.novita.ai/reconcile-requested-at to the time of now, to try again."
    )
    assert outcome.status["phase"] == "Failed"
    assert kstatus(outcome) == "Failed"


def test_a_failure_without_an_instance_is_the_reason_that_none_is_there() -> None:
    life = a_failed_life()

    outcome = life.step(result=Result(released=True))

    assert brief(outcome, "Provisioned") == "False/StartupTimeout"
    assert "costs" not in message(outcome)


def test_a_failure_is_remembered_until_another_try_has_begun() -> None:
    life = a_failed_life("Failed")
    life.parts |= {"generation": 2}

    failing = life.step(a.an_instance("exited"), result=Result(problem=a_problem("Synced", "NovitaUnavailable")))
    assert "failure" in failing.status

    begun = life.step(a.an_instance("exited"), result=Result(started_at=NOON))
    assert "failure" not in begun.status


def test_a_lost_instance_is_not_provisioned() -> None:
    life = a_ready_life()
    failure = Failure(reason="InstanceLost", message="Gone.", at=NOON, generation=1)

    assert brief(life.step(result=Result(failure=failure)), "Provisioned") == "False/InstanceLost"


# --- Crashes of the operator itself ---------------------------------------------------------------------------------


def test_an_unexpected_error_is_told_and_all_else_stays_as_it_was() -> None:
    life = a_ready_life()
    resource = GPUInstance.parse(a.a_body(status=life.status))

    crashed = status.crashed(resource, KeyError("canary-secret"), 20, NOON)

    changed = {key for key in crashed if crashed[key] != life.status.get(key)}
    assert changed == {"conditions"}
    told = {found["type"]: found for found in crashed["conditions"]}
    assert told["Ready"]["status"] == "True"
    assert (told["Synced"]["status"], told["Synced"]["reason"]) == ("False", "InternalError")
    assert "canary-secret" not in str(crashed)
    assert "KeyError" in told["Synced"]["message"]
    assert "in 20 s" in told["Synced"]["message"]


def test_an_object_that_never_had_a_status_gets_one_from_an_unexpected_error() -> None:
    crashed = status.crashed(a.an_object(), ValueError(), 5, NOON)

    assert {found["type"]: found["status"] for found in crashed["conditions"]} == {
        "Synced": "False",
        "Ready": "Unknown",
    }
