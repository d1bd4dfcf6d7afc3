"""What the status records of an instance: what was chosen, when it came and went, and no password."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.unit.support import builders as a
from tests.unit.support.builders import NOON, ago, wire
from tests.unit.support.reports import CHOSEN, Life, brief, message, report

from novita_operator.api import meta
from novita_operator.api.gpu_instance.status import GPUInstanceStatus
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


# --- What was chosen, when, for how much ----------------------------------------------------------------------------


def test_a_rented_instance_is_recorded_with_what_was_chosen() -> None:
    outcome = Life(intent=a.an_intent(age=0)).step(result=RENTED)

    known = outcome.status
    assert known["instanceId"] == "i-1"
    assert known["instanceName"] == a.NAME
    assert known["product"] == {"id": "4090.16c62g", "name": "RTX 4090 24GB"}
    assert (known["region"], known["billing"], known["pricePerHour"]) == ("CN-HK-01", "OnDemand", "0.35")
    assert known["selection"] == CHOSEN.sentence
    assert (known["createdAt"], known["startedAt"], known["attempts"]) == (wire(NOON), wire(NOON), 1)
    assert message(outcome, "Scheduled") == CHOSEN.sentence


def test_when_novita_made_the_instance_is_recorded_by_its_own_clock_and_kept_while_it_is_hidden() -> None:
    """By that it is told from another one that gets its id. Our own clock may be another."""
    life = Life(intent=a.an_intent())

    steps = [
        life.step(result=RENTED),
        life.step(a.an_instance("pulling", age=7)),
        life.step(),
        life.step(a.an_instance("running", created_at=None)),
        life.step(result=replace(RENTED, instance_id="i-2")),
        life.step(a.an_instance("pulling", "i-2", age=3)),
        life.step(result=Result(released=True)),
    ]

    told = [each.status.get("novitaCreatedAt") for each in steps]
    assert told == [None, *[wire(ago(7))] * 3, None, wire(ago(3)), None]
    assert steps[1].status["createdAt"] == wire(NOON)


def test_what_was_chosen_stays_when_later_passes_choose_nothing() -> None:
    outcome = a_ready_life().step(a.a_running_instance())

    assert (outcome.status["pricePerHour"], outcome.status["selection"]) == ("0.35", CHOSEN.sentence)


def test_the_price_has_its_own_digits_and_no_exponent() -> None:
    outcome = Life().step(result=replace(RENTED, chosen=replace(CHOSEN, price_per_hour=Decimal("1.40"))))

    assert outcome.status["pricePerHour"] == "1.40"


def test_ready_at_is_the_first_ready_after_a_start_and_stays() -> None:
    life = a_ready_life()

    assert life.step(a.a_running_instance(), later=500).status["readyAt"] == wire(NOON)
    assert "readyAt" not in life.step(a.an_instance("exited"), result=Result(started_at=NOON), later=600).status


def test_a_stop_is_recorded_until_the_next_start() -> None:
    life = a_ready_life()
    life.parts |= {"spec": {"powerState": "Stopped"}, "generation": 2}
    stopping = life.step(a.an_instance("running"), result=Result(stopped_at=ago(-30)), later=31)
    stopped = life.step(a.an_instance("exited"), later=40)

    assert (stopping.status["phase"], stopped.status["phase"]) == ("Stopping", "Stopped")
    assert stopping.status["stoppedAt"] == stopped.status["stoppedAt"] == wire(ago(-30))
    assert "connection" not in stopped.status
    assert brief(stopped, "Ready") == "True/Stopped"

    life.parts |= {"spec": {"powerState": "Running"}, "generation": 3}
    started = life.step(a.an_instance("exited"), result=Result(started_at=ago(-60)), later=61)

    assert "stoppedAt" not in started.status
    assert started.status["startedAt"] == wire(ago(-60))


def test_a_stop_that_nobody_recorded_is_recorded_when_it_is_seen() -> None:
    """The process ended between the call and its status: the next start must still be a start."""
    resource = a.an_object(spec={"powerState": "Stopped"}, status={"instanceId": "i-1"}, intent=a.an_intent())

    assert report(a.an_observation(resource, a.an_instance("exited"))).status["stoppedAt"] == wire(NOON)


def test_a_released_instance_leaves_no_trace_of_itself_but_its_cost() -> None:
    life = a_ready_life()
    life.step(a.a_running_instance(), later=3600)

    gone = life.step(result=Result(released=True, failure=None), gone_polls=2, later=3660).status

    assert {"instanceId", "connection", "createdAt", "startedAt", "readyAt", "novitaStatus"}.isdisjoint(gone)
    assert Decimal(gone["cost"]["amount"]) > 0


def test_the_handled_request_is_echoed() -> None:
    resource = a.an_object(annotations={meta.RECONCILE_REQUESTED_AT: "now"})

    assert report(a.an_observation(resource)).status["lastHandledReconcileAt"] == "now"


# --- Secrets --------------------------------------------------------------------------------------------------------


def test_no_password_reaches_the_status_or_an_event() -> None:
    life = Life(intent=a.an_intent())
    life.step(result=RENTED)

    outcome = life.step(a.a_running_instance(), result=DESCRIBED)

    assert outcome.status["connection"]["ssh"] == "ssh -p 32787 root@proxy.example"
    assert outcome.status["connection"]["secretRef"] == {"name": "demo-connection"}
    assert "canary" not in str(outcome)


def test_an_unfinished_description_changes_no_connection() -> None:
    life = a_ready_life()
    before = life.status["connection"]

    outcome = life.step(a.an_instance(), result=Result(detail=a.an_instance()))

    assert outcome.status["connection"] == before


def test_a_word_of_novita_that_is_no_word_is_cut() -> None:
    """The schema bounds it; a status that the API server refuses would never be written at all."""
    resource = a.an_object(status={"instanceId": "i-1"}, intent=a.an_intent())

    outcome = report(a.an_observation(resource, a.an_instance("w" * 4096)))

    assert outcome.status["novitaStatus"] == "w" * 64
    GPUInstanceStatus.model_validate(outcome.status)
