"""Keys of people in status and conditions, over several passes: Ready waits for them at each start, and not later."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.machines.test_public_keys import ED25519
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON, ago, wire
from tests.unit.support.reports import CHOSEN, NOTHING, brief, message, reasons, report

from novita_operator.api import meta
from novita_operator.api.gpu_instance.reasons import Reason
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance import action
from novita_operator.controllers.gpu_instance.deciding import plan
from novita_operator.controllers.gpu_instance.policies import flaws
from novita_operator.controllers.gpu_instance.reachability import authorized_keys, watching
from novita_operator.controllers.gpu_instance.reachability.authorized_keys import NOTHING as UNKNOWN
from novita_operator.controllers.gpu_instance.reachability.authorized_keys import Hindrance, Known, Written
from novita_operator.controllers.gpu_instance.reachability.host_keys import Shown
from novita_operator.controllers.gpu_instance.reachability.ports import Reach
from novita_operator.controllers.gpu_instance.result import Result
from novita_operator.novita.models import Instance
from novita_operator.reconciling.outcome import Outcome

_CONDITION = "AuthorizedKeysPending"
_ON_IT = Known(Written(1, "digest"), looked=True)
_AWAY = Hindrance(Reason.SSH_UNREACHABLE, "the machine has not shown an ssh host key yet")
_SPEC = {"authorizedKeys": [ED25519]}


class Machine:
    """One object; each report is the status of the next pass."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec, self.status = spec, dict[str, Any]()
        started = Result(instance_id="i-1", chosen=CHOSEN, attempt=1, created_at=NOON, started_at=NOON)
        self.step(a.an_instance("starting"), result=started)
        self.step(result=Result(detail=a.a_running_instance()))

    def step(self, *found: Instance, known: Known = UNKNOWN, result: Result = NOTHING, why: str = "") -> Outcome:
        body = a.a_body(spec=self.spec, status=self.status, intent=a.an_intent(), finalizers=[meta.FINALIZER])
        resource = GPUInstance.parse(body)
        (instance,) = found or (a.a_running_instance(),)
        granted = authorized_keys.judge(resource, instance, known)
        reach = watching.together(Reach(), Shown(why=why), granted)
        self.seen = replace(a.an_observation(resource, instance), reach=reach)
        outcome = report(self.seen, result)
        self.status = outcome.status
        return outcome

    @property
    def count(self) -> int | None:
        found = self.status.get("authorizedKeys")
        return None if found is None else int(found["count"])


@pytest.fixture
def machine() -> Machine:
    return Machine(_SPEC)


def test_ready_waits_with_the_cause_and_the_deadline(machine: Machine) -> None:
    first = brief(machine.step(), "Ready")
    waits = machine.step(known=Known(None, _AWAY, looked=True), why="refuses the connection")

    assert first == brief(waits, "Ready") == "False/NotReachable"
    assert message(waits) == (
        "Instance i-1 runs, but spec.authorizedKeys are not on it yet: the machine has not shown an ssh host key yet "
        "(it refuses the connection). If it is not Ready by 12:10:00 UTC, it is deleted."
    )
    assert brief(waits, _CONDITION) == "True/SshUnreachable"
    assert reasons(waits) == [_CONDITION]
    assert "None of them lets in yet; the password does." in message(waits, _CONDITION)


def test_the_deadline_ends_what_never_got_them(machine: Machine) -> None:
    machine.step(known=Known(None, _AWAY, looked=True))
    machine.step(known=Known(None, _AWAY, looked=True))

    decided = plan.decide(machine.seen, ago(-601))

    assert isinstance(decided, action.Fail)
    assert decided.reason == "StartupTimeout"
    assert decided.message.endswith(
        "it is running, and spec.authorizedKeys are not on it yet: the machine has not shown an ssh host key yet."
    )


def test_once_they_are_there_it_is_ready_and_says_how_many(machine: Machine) -> None:
    outcome = machine.step(known=_ON_IT)

    assert (brief(outcome, "Ready"), brief(outcome, _CONDITION), machine.count) == ("True/Ready", "absent", 1)
    assert machine.status["authorizedKeys"]["instanceId"] == "i-1"


def test_a_later_change_that_does_not_arrive_is_told_and_ready_stays(machine: Machine) -> None:
    machine.step(known=_ON_IT)

    told = machine.step(known=Known(_ON_IT.written, _AWAY, looked=True))
    after_a_restart = machine.step(known=Known(_ON_IT.written))
    arrived = machine.step(known=_ON_IT)

    assert [brief(each, "Ready") for each in (told, after_a_restart, arrived)] == ["True/Ready"] * 3
    assert [brief(each, _CONDITION) for each in (told, after_a_restart, arrived)] == [
        "True/SshUnreachable",
        "True/SshUnreachable",
        "absent",
    ]
    assert "The 1 that were there before still let in" in message(told, _CONDITION)
    assert [reasons(each) for each in (told, after_a_restart)] == [[_CONDITION], []]


def test_keys_that_are_asked_for_later_do_not_take_ready_away() -> None:
    machine = Machine({})
    assert brief(machine.step(), "Ready") == "True/Ready"
    machine.spec = _SPEC

    asked = machine.step()
    there = machine.step(known=_ON_IT)

    assert (brief(asked, "Ready"), brief(there, "Ready"), machine.count) == ("True/Ready", "True/Ready", 1)


@pytest.mark.parametrize("word", ["exited", "migrating", "restarting"])
def test_each_start_waits_for_them_whoever_has_started_it(machine: Machine, word: str) -> None:
    machine.step(known=_ON_IT)
    machine.step(a.an_instance(word, started_at=ago(200)))
    moved = a.a_running_instance(started_at=ago(-60))

    described = machine.step(moved, result=Result(detail=moved))
    on_it = machine.step(moved, known=_ON_IT)

    assert (brief(described, "Ready"), brief(on_it, "Ready")) == ("False/NotReachable", "True/Ready")
    assert machine.status["authorizedKeys"]["instanceStartedAt"] == wire(ago(-60))


def test_a_start_that_is_seen_late_takes_ready_away_until_they_are_there(machine: Machine) -> None:
    machine.step(known=_ON_IT)
    moved = a.a_running_instance(started_at=ago(-60))

    outcome = machine.step(moved, result=Result(detail=moved))

    assert brief(outcome, "Ready") == "False/NotReachable"


def test_other_ports_of_the_same_start_change_nothing(machine: Machine) -> None:
    machine.step(known=_ON_IT)
    running = a.a_running_instance()

    outcome = machine.step(running, result=Result(detail=running))

    assert (brief(outcome, "Ready"), machine.count) == ("True/Ready", 1)


def test_what_is_on_the_disk_is_known_while_it_is_stopped_and_until_it_is_removed(machine: Machine) -> None:
    machine.step(known=_ON_IT)
    machine.spec = {"powerState": "Stopped"}
    machine.step(a.an_instance("exited"), result=Result(stopped_at=NOON))
    stopped = machine.count
    machine.spec = {}
    machine.step(result=Result(detail=a.a_running_instance()))
    started = machine.count

    machine.step(known=Known(Written(0, "none"), looked=True))

    assert (stopped, started, machine.count) == (1, 1, None)


def test_another_instance_has_nothing_of_it(machine: Machine) -> None:
    machine.step(known=_ON_IT)

    machine.step(a.an_instance("starting", "i-2"), result=Result(instance_id="i-2", started_at=ago(-60)))

    assert machine.count is None


def test_a_key_that_is_none_is_found_before_anything_is_rented() -> None:
    resource = a.an_object(spec={"authorizedKeys": [ED25519, "-----BEGIN OPENSSH PRIVATE KEY-----\ncanary"]})

    flaw = flaws.of(resource)
    seen = replace(a.an_observation(resource), flaw=flaw)

    assert flaw is not None
    assert flaw.startswith("spec.authorizedKeys[1] is a private key. Give the public one")
    assert "canary" not in flaw
    assert isinstance(plan.decide(seen, NOON), action.Nothing)
    assert brief(report(seen), "Ready") == "False/InvalidSpec"
