"""Ready is the first thing that stands in the way, in a sentence: what happened, what comes next, what to do."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON, ago, wire
from tests.unit.support.reports import Life, brief, condition, kstatus, message, report

from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.result import Problem, Result
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


# --- On the way -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "reason", "phase", "says"),
    [
        ("pending", "Creating", "Creating", "is being created"),
        ("toCreate", "Creating", "Creating", "is being created"),
        ("pulling", "Pulling", "Pulling", "pulls its image; billing has started"),
        ("toStart", "Starting", "Starting", "is starting"),
        ("restarting", "Starting", "Starting", "is restarting"),
        ("resetting", "Starting", "Starting", "is being reset"),
        ("migrating", "Migrating", "Migrating", "moves to another machine"),
        ("stopping", "Stopping", "Stopping", "is stopping; it is started again afterwards"),
        ("exited", "Starting", "Starting", "is stopped and is being started"),
        ("removing", "InstanceLost", "Failed", "is being removed at Novita, and not by this object"),
        ("brandNew", "UnknownStatus", "Unknown", 'Novita says "brandNew" of instance i-1'),
    ],
)
def test_each_state_on_the_way_has_its_reason_and_its_words(word: str, reason: str, phase: str, says: str) -> None:
    outcome = report(seen(a.an_instance(word)))

    assert brief(outcome, "Ready") == f"False/{reason}"
    assert outcome.status["phase"] == phase
    assert says in message(outcome)
    assert kstatus(outcome) == "InProgress"


def test_a_frozen_instance_needs_a_person() -> None:
    outcome = report(seen(a.an_instance("freezing")))

    assert brief(outcome, "Stalled") == "True/Frozen"
    assert "Top up the account" in message(outcome)
    assert kstatus(outcome) == "Failed"


@pytest.mark.parametrize(
    ("on_timeout", "says"),
    [("Delete", "it is deleted"), ("Stop", "it is stopped"), ("Keep", "it is kept and reported")],
)
def test_the_deadline_is_told_with_what_comes_then(on_timeout: str, says: str) -> None:
    outcome = report(seen(a.an_instance("pulling"), {"startup": {"onTimeout": on_timeout}}, startedAt=wire(ago(100))))

    assert message(outcome).endswith(f"If it is not Ready by 12:08:20 UTC, {says}.")


def test_no_deadline_is_told_to_an_instance_that_was_ready_before() -> None:
    outcome = report(seen(a.an_instance("migrating"), startedAt=wire(ago(6000)), readyAt=wire(ago(5000))))

    assert message(outcome) == "Instance i-1 moves to another machine."


def test_an_instance_that_runs_is_not_ready_before_its_connection_is_known() -> None:
    outcome = report(seen(a.an_instance("running")))

    assert brief(outcome, "Ready") == "False/NotReachable"
    assert "has not given its connection details yet" in message(outcome)


def test_an_instance_that_was_restarted_elsewhere_is_not_ready_before_it_is_described_again() -> None:
    life = ready_once()

    assert brief(life.step(a.a_running_instance(started_at=ago(5))), "Ready") == "False/NotReachable"


def test_an_instance_that_runs_and_is_described_is_ready() -> None:
    outcome = ready_once().step(a.a_running_instance())

    assert brief(outcome, "Ready") == "True/Ready"
    assert message(outcome) == "Instance i-1 runs; status.connection and its Secret say how to reach it."


# --- Stopping -------------------------------------------------------------------------------------------------------


def test_a_wanted_stop_is_ready() -> None:
    outcome = report(seen(a.an_instance("exited"), STOPPED))

    assert brief(outcome, "Ready") == "True/Stopped"
    assert "only its disk is billed" in message(outcome)
    assert kstatus(outcome) == "Current"


@pytest.mark.parametrize("word", ["running", "pulling", "stopping", "starting"])
def test_a_stop_under_way_is_not_ready(word: str) -> None:
    outcome = report(seen(a.an_instance(word), STOPPED))

    assert brief(outcome, "Ready") == "False/Stopping"
    assert word in message(outcome)
    assert kstatus(outcome) == "InProgress"


def test_an_object_that_never_rented_and_is_to_be_stopped_is_ready() -> None:
    outcome = report(a.an_observation(a.an_object(spec=STOPPED)))

    assert brief(outcome, "Ready") == "True/Stopped"
    assert "nothing is billed" in message(outcome)


# --- What the list does not show ------------------------------------------------------------------------------------


def test_a_new_instance_is_being_created_until_the_list_shows_it() -> None:
    life = Life(intent=a.an_intent(age=0))
    first = life.step(result=Result(instance_id="i-1", started_at=NOON))
    second = life.step(fresh=False)

    assert brief(first, "Ready") == brief(second, "Ready") == "False/Creating"
    assert "waiting until Novita's list shows it" in message(second)


def test_an_instance_that_a_list_misses_stays_ready() -> None:
    """Lists miss instances now and then; what cannot be seen now is not gone."""
    life = ready_once()
    before = life.status

    outcome = life.step(later=30)

    assert brief(outcome, "Ready") == "True/Ready"
    assert outcome.events == ()
    assert outcome.status["readyAt"] == before["readyAt"]
    assert outcome.status["connection"] == before["connection"]


def test_an_instance_that_a_look_by_id_misses_too_is_not_called_ready_and_not_yet_lost() -> None:
    life = ready_once()

    outcome = life.step(gone_polls=1, later=30)

    assert brief(outcome, "Ready") == "False/NotListed"
    assert "neither in its list nor by id" in message(outcome)
    assert outcome.status["instanceId"] == "i-1"


def test_an_instance_that_a_list_misses_after_an_edit_is_not_called_ready() -> None:
    life = ready_once()
    life.parts |= {"generation": 2, "spec": STOPPED}

    outcome = life.step()

    assert brief(outcome, "Ready") == "False/NotListed"
    assert message(outcome) == "Novita's list lacks instance i-1; it is asked for by id before it counts as lost."


@pytest.mark.parametrize("problem", [None, Problem(ConditionType.SYNCED, Reason.NOVITA_UNAVAILABLE, "It is away.")])
def test_an_object_that_was_restored_is_not_ready_by_the_status_of_the_one_in_the_backup(
    problem: Problem | None,
) -> None:
    backed_up = ready_once()
    restored = Life(intent=a.an_intent(), age=-60)
    restored.status = backed_up.status

    outcome = restored.step(result=Result(problem=problem), later=90)

    assert brief(outcome, "Ready").startswith("False/")
    assert problem is None or message(outcome) == "It is away."
    assert problem is not None or "it is asked for by id" in message(outcome)


def test_an_object_that_was_restored_is_known_by_the_name_of_its_instance_where_clocks_disagree() -> None:
    life = ready_once()
    life.status = {**life.status, "instanceName": "nvo-cluster-of-the-one-in-the-backup"}

    outcome = life.step(later=30)

    assert brief(outcome, "Ready") == "False/NotListed"


def test_what_was_taken_over_by_a_restored_object_is_ready_from_when_that_has_seen_it() -> None:
    backed_up = ready_once()
    restored = Life(intent=a.an_intent(), age=-60)
    restored.status = backed_up.status

    seen_again = restored.step(a.a_running_instance(), later=90)
    missed = restored.step(later=120)

    assert (condition(seen_again, "Ready") or {})["lastTransitionTime"] == wire(ago(-90))
    assert brief(seen_again, "Ready") == brief(missed, "Ready") == "True/Ready"


def test_a_clock_that_is_behind_the_clusters_makes_no_object_look_restored() -> None:
    life = ready_once(age=-3600)
    before = life.status["conditions"]

    outcome = life.step(later=30)

    assert brief(outcome, "Ready") == "True/Ready"
    assert outcome.status["conditions"] == before


def test_an_instance_that_was_starting_and_is_missed_keeps_its_phase() -> None:
    life = Life(intent=a.an_intent())
    life.step(a.an_instance("pulling"), result=Result(instance_id="i-1", started_at=NOON))

    outcome = life.step(gone_polls=1)

    assert (outcome.status["phase"], brief(outcome, "Ready")) == ("Pulling", "False/NotListed")
    assert outcome.events == ()
