"""The host key in the status, over several passes: recorded once, carried, and never silently another one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON, ago, wire
from tests.unit.support.reports import CHOSEN, NOTHING, brief, message, reasons, report

from novita_operator.api import meta
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import HostKeyStatus
from novita_operator.controllers.gpu_instance.reachability import host_keys
from novita_operator.controllers.gpu_instance.reachability.host_keys import Shown
from novita_operator.controllers.gpu_instance.reachability.ports import Reach
from novita_operator.controllers.gpu_instance.result import Result
from novita_operator.machines.host_keys import HostKey
from novita_operator.novita.models import Instance
from novita_operator.reconciling.outcome import Outcome

ONE = HostKey.parse("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl")
OTHER = HostKey.parse("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJm")
_CONDITION = "HostKeyChanged"


class Machine:
    """One object whose instance shows a host key; each report is the status of the next pass."""

    def __init__(self) -> None:
        self.status: dict[str, Any] = {}
        self.annotations: dict[str, str] = {}
        started = Result(instance_id="i-1", chosen=CHOSEN, attempt=1, created_at=NOON, started_at=NOON)
        self.step(a.an_instance("starting"), result=started)
        self.step(result=Result(detail=a.a_running_instance()))

    def step(self, *found: Instance, shows: HostKey | None = None, result: Result = NOTHING) -> Outcome:
        """A pass; what `acting.describing` does with the key is done here."""
        body = a.a_body(status=self.status, annotations=self.annotations, intent=a.an_intent(), finalizers=["x"])
        resource = GPUInstance.parse(body)
        shown = host_keys.judge(resource, shows)
        if shown.state == "First":
            assert shown.key is not None
            result = replace(result, host_key=HostKeyStatus(fingerprint=shown.key.fingerprint))
        seen = a.an_observation(resource, *(found or (a.a_running_instance(),)))
        outcome = report(replace(seen, reach=Reach(host_key=shown)), result)
        self.status = outcome.status
        return outcome

    @property
    def recorded(self) -> str | None:
        found = self.status["connection"].get("hostKey")
        return None if found is None else str(found["fingerprint"])


@pytest.fixture
def machine() -> Machine:
    made = Machine()
    made.step(shows=ONE)
    assert made.recorded == ONE.fingerprint
    return made


def test_the_first_key_is_recorded_and_is_no_news(machine: Machine) -> None:
    again = machine.step(shows=ONE)

    assert (brief(again, "Ready"), brief(again, _CONDITION), reasons(again)) == ("True/Ready", "absent", [])


def test_another_key_is_told_with_both_fingerprints_and_what_to_do(machine: Machine) -> None:
    outcome = machine.step(shows=OTHER)

    assert brief(outcome, _CONDITION) == "True/HostKeyChanged"
    assert reasons(outcome) == ["HostKeyChanged"]
    for part in (ONE.fingerprint, OTHER.fingerprint, f"{meta.TRUST_HOST_KEY}={OTHER.fingerprint}", "no password"):
        assert part in message(outcome, _CONDITION)
    assert machine.recorded == ONE.fingerprint


def test_it_stays_told_while_nobody_can_look_as_after_a_restart(machine: Machine) -> None:
    told = message(machine.step(shows=OTHER), _CONDITION)

    unseen = machine.step(shows=None)
    changed_still = machine.step(shows=OTHER)
    right_again = machine.step(shows=ONE)

    assert (message(unseen, _CONDITION), reasons(unseen)) == (told, [])
    assert (message(changed_still, _CONDITION), reasons(changed_still)) == (told, [])
    assert brief(right_again, _CONDITION) == "absent"


def test_a_person_trusts_the_key_by_its_fingerprint_and_no_other(machine: Machine) -> None:
    machine.step(shows=OTHER)
    machine.annotations = {meta.TRUST_HOST_KEY: "SHA256:something"}
    wrong = machine.step(shows=OTHER)
    machine.annotations = {meta.TRUST_HOST_KEY: f" {OTHER.fingerprint} "}

    right = machine.step(shows=OTHER)
    then = machine.step(shows=OTHER)
    back = machine.step(shows=ONE)

    assert brief(wrong, _CONDITION) == "True/HostKeyChanged"
    assert machine.recorded == OTHER.fingerprint
    assert [brief(each, _CONDITION) for each in (right, then, back)] == ["absent", "absent", "True/HostKeyChanged"]


def test_a_start_of_our_own_takes_whatever_key_comes(machine: Machine) -> None:
    machine.step(a.an_instance("starting"), result=Result(started_at=ago(-60)))
    assert machine.recorded is None

    outcome = machine.step(shows=OTHER)

    assert (machine.recorded, brief(outcome, _CONDITION)) == (OTHER.fingerprint, "absent")


@pytest.mark.parametrize("word", ["exited", "migrating", "restarting", "running"])
def test_a_start_that_is_not_our_own_takes_no_other_key(machine: Machine, word: str) -> None:
    """Somebody stops, moves or restarts it in Novita's console."""
    machine.step(a.an_instance(word, started_at=ago(200)))
    moved = a.a_running_instance(started_at=ago(-60))
    machine.step(moved, result=Result(detail=moved))

    outcome = machine.step(moved, shows=OTHER)

    assert (machine.recorded, brief(outcome, _CONDITION)) == (ONE.fingerprint, "True/HostKeyChanged")


def test_another_try_that_a_person_asks_for_is_no_start(machine: Machine) -> None:
    """The deadline begins anew: `status.startedAt` is another one, and nothing was started."""
    machine.status["startedAt"] = wire(NOON)
    seen = a.an_observation(GPUInstance.parse(a.a_body(status=machine.status)), a.a_running_instance())
    failure = a.a_failure("StartupTimeout") | {"instanceId": "i-1"}
    late = replace(
        seen, resource=GPUInstance.parse(a.a_body(status=machine.status | {"failure": failure}, generation=2))
    )
    assert late.deadline_begins_anew

    outcome = report(late, later=60)

    assert outcome.status["startedAt"] != wire(NOON)
    assert outcome.status["connection"]["hostKey"]["startedAt"] == outcome.status["startedAt"]


def test_a_view_without_a_key_says_nothing() -> None:
    resource = a.an_object()

    assert host_keys.judge(resource, None) == Shown("Unseen")
    assert host_keys.judge(resource, ONE) == Shown("First", ONE)
