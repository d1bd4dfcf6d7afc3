"""Ready in trouble: what runs stays Ready, what needs a person is Stalled, and each sentence says the way out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON
from tests.unit.support.reports import Life, a_problem, brief, kstatus, message, report

from novita_operator.api import meta
from novita_operator.controllers.gpu_instance.observing.observation import AccountView, Observation
from novita_operator.controllers.gpu_instance.policies import use
from novita_operator.controllers.gpu_instance.result import Result
from novita_operator.novita.models import Instance

STOPPED = {"powerState": "Stopped"}


def seen(instance: Instance | None, spec: dict[str, Any] | None = None, **status: Any) -> Observation:
    """An object with the recorded instance `i-1`."""
    resource = a.an_object(spec=spec, status={"instanceId": "i-1"} | status, intent=a.an_intent())
    return a.an_observation(resource, *([instance] if instance else []))


def ready_once(**parts: Any) -> Life:
    """An object that was Ready, at noon."""
    life = Life(intent=a.an_intent(), **parts)
    life.step(result=Result(instance_id="i-1", started_at=NOON))
    life.step(a.a_running_instance(), result=Result(detail=a.a_running_instance()))
    return life


# --- Trouble --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["KeyRejected", "Unreachable"])
def test_an_instance_that_runs_stays_ready_while_novita_cannot_be_asked(state: Any) -> None:
    outcome = ready_once().step(account=AccountView(state, "Because."))

    assert brief(outcome, "Ready") == "True/Ready"
    assert brief(outcome, "Synced").startswith("False/")
    assert message(outcome, "Synced") == "Because."
    assert kstatus(outcome) == "Current"


def test_an_edit_that_cannot_be_carried_out_is_not_ready() -> None:
    life = ready_once()
    life.parts |= {"generation": 2, "spec": STOPPED}

    outcome = life.step(a.a_running_instance(), result=Result(problem=a_problem("Synced", "NovitaUnavailable")))

    assert brief(outcome, "Ready") == "False/NovitaUnavailable"


def test_a_spec_that_can_never_work_is_told_before_whatever_else_its_pass_has_met() -> None:
    refused = Result(problem=a_problem("Ready", "ServiceRefused", stalled=True))

    outcome = report(replace(a.an_observation(), flaw="No Service can be called so."), refused)
    rented = report(replace(seen(a.a_running_instance()), flaw="No Service can be called so."), refused)

    assert brief(outcome, "Scheduled") == "False/InvalidSpec"
    assert brief(outcome, "Ready") == "False/InvalidSpec"
    assert "InvalidSpec" not in brief(rented, "Ready")  # what is had goes on


def test_a_problem_of_the_choice_is_scheduling_and_any_other_is_pending() -> None:
    choice = report(a.an_observation(), Result(problem=a_problem("Scheduled", "NoCapacity")))
    other = report(a.an_observation(), Result(problem=a_problem("Provisioned", "CreateRefused", stalled=True)))

    assert (choice.status["phase"], other.status["phase"]) == ("Scheduling", "Pending")
    assert brief(choice, "Scheduled") == brief(choice, "Ready") == "False/NoCapacity"
    assert brief(other, "Provisioned") == brief(other, "Ready") == "False/CreateRefused"
    assert (kstatus(choice), kstatus(other)) == ("InProgress", "Failed")
    assert message(other, "Synced") == "The last pass could not do what the spec asks; see Ready."


# --- Paused ---------------------------------------------------------------------------------------------------------

PAUSED = {"annotations": {meta.PAUSED: "true"}}


def test_a_paused_object_says_so_and_promises_nothing() -> None:
    outcome = report(a.an_observation(a.an_object(**PAUSED)))

    assert brief(outcome, "Ready") == brief(outcome, "Synced") == "False/Paused"
    assert "remove it to go on" in message(outcome)
    assert brief(outcome, "Reconciling") == "absent"
    assert kstatus(outcome) == "InProgress"


def test_a_paused_object_that_is_ready_stays_ready() -> None:
    life = ready_once()
    life.parts |= PAUSED

    outcome = life.step(a.a_running_instance())

    assert (brief(outcome, "Ready"), brief(outcome, "Synced")) == ("True/Ready", "False/Paused")


def test_a_paused_object_does_not_claim_that_it_is_being_started() -> None:
    life = ready_once(spec=STOPPED)
    life.step(a.an_instance("exited"))
    life.parts |= PAUSED | {"spec": {}, "generation": 2}

    outcome = life.step(a.an_instance("exited"))

    assert (outcome.status["phase"], brief(outcome, "Ready")) == ("Stopped", "False/Paused")
    assert outcome.events == ()


def test_the_accounts_trouble_is_none_of_a_paused_object() -> None:
    outcome = report(a.an_observation(a.an_object(**PAUSED), account=AccountView("KeyRejected", "Refused.")))

    assert brief(outcome, "Stalled") == "absent"


# --- Going ----------------------------------------------------------------------------------------------------------

GOING = {"deleting": True, "status": {"instanceId": "i-1", "pricePerHour": "0.35"}, "intent": a.an_intent()}


def test_a_deletion_under_way_says_what_it_waits_for() -> None:
    outcome = report(a.an_observation(a.an_object(**GOING), a.an_instance("removing")))

    assert (outcome.status["phase"], brief(outcome, "Ready")) == ("Deleting", "False/Deleting")
    assert "the object goes when Novita no longer shows it" in message(outcome)
    assert kstatus(outcome, deleting=True) == "Terminating"


def test_a_paused_deletion_says_how_it_goes_on() -> None:
    outcome = report(a.an_observation(a.an_object(**(GOING | PAUSED)), a.an_instance()))

    assert "Deletion waits" in message(outcome)
    assert "Remove it to go on" in message(outcome)


def test_a_blocked_deletion_says_what_blocks_it_what_it_costs_and_how_to_give_up() -> None:
    account = AccountView("KeyRejected", "Novita refuses the key.")

    outcome = report(a.an_observation(a.an_object(**GOING), a.an_instance(), account=account))

    assert brief(outcome, "Ready") == "False/DeletionBlocked"
    assert brief(outcome, "Stalled") == "True/DeletionBlocked"
    assert message(outcome) == (
        "Deletion of instance i-1 is blocked. Novita refuses the key. It may go on costing 0.35 USD/h meanwhile. It is "
        "tried again by itself; the object stays until the instance is gone. To give up and let it cost, annotate the "
        "object with gpu.novita.ai/force-finalize=i-1."
    )


def test_a_deletion_that_is_blocked_for_a_while_only_is_not_stalled() -> None:
    outcome = report(a.an_observation(a.an_object(**GOING), account=AccountView("Unreachable", "It is down.")))

    assert (brief(outcome, "Stalled"), brief(outcome, "Reconciling")) == ("absent", "True/DeletionBlocked")


def test_a_namespace_that_is_no_longer_admitted_blocks_no_deletion() -> None:
    outcome = report(a.an_observation(a.an_object(**GOING), a.an_instance(), account=AccountView("NotAdmitted", "No.")))

    assert brief(outcome, "Ready") == "False/Deleting"


# --- A spec that cannot be read -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("annotation", "parts", "says"),
    [
        (meta.PAUSED, {}, "is neither true nor false"),
        (meta.FORCE_FINALIZE, {"deleting": True}, "gives nothing up: it has to be i-1."),
        (meta.LAST_USED, {}, "is no time with a zone"),
    ],
)
def test_an_annotation_that_cannot_be_read_is_told(annotation: str, parts: dict[str, Any], says: str) -> None:
    resource = a.an_object(annotations={annotation: "yes"}, status={"instanceId": "i-1"}, **parts)
    told = (resource.meta.unclear_pause, use.unclear(resource))

    seen = replace(a.an_observation(resource, a.an_instance()), unreadable=tuple(each for each in told if each))

    outcome = report(seen)

    assert f"The annotation {annotation} {says}" in message(outcome, "Unreadable")


def test_an_unreadable_spec_is_named_by_field_and_stalls() -> None:
    outcome = report(a.an_observation(a.an_object(spec={"gpuCount": "many"})))

    assert brief(outcome, "Synced") == "False/InvalidSpec"
    assert brief(outcome, "Stalled") == "True/InvalidSpec"
    assert "spec.gpuCount" in message(outcome)


def test_an_unreadable_spec_that_says_enough_for_a_deletion_blocks_none() -> None:
    enough = a.an_object(**(GOING | {"spec": {"gpuCount": "many"}}))
    too_little = a.an_object(**(GOING | {"spec": {"deletionPolicy": "Archive"}}))

    assert brief(report(a.an_observation(enough, a.an_instance())), "Ready") == "False/Deleting"
    assert brief(report(a.an_observation(too_little, a.an_instance())), "Ready") == "False/DeletionBlocked"
