"""An instance that runs and does not answer: what is done about it, and what its object says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.unit.support import builders as a

from novita_operator.controllers.gpu_instance import action
from novita_operator.controllers.gpu_instance.deciding import plan
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.reachability.ports import Reach
from novita_operator.controllers.gpu_instance.reporting import readiness
from novita_operator.controllers.gpu_instance.reporting.facts import Facts
from novita_operator.controllers.gpu_instance.result import Result

_WHY = "port 8888 (https://i-1-8888.example/) answers 502"


def _running(*, reach: Reach, started: float, spec: dict[str, Any] | None = None, **status: Any) -> Observation:
    """A described, running instance whose create call was made so many seconds before noon."""
    instance = a.a_running_instance()
    known = {"instanceId": instance.id, "connection": a.a_connection(instance), "startedAt": a.wire(a.ago(started))}
    resource = a.an_object(spec={"readiness": {}, **(spec or {})}, status={**known, **status}, intent=a.an_intent())
    return replace(a.an_observation(resource, instance), reach=reach)


def _verdict(seen: Observation) -> readiness.Verdict:
    return readiness.judge(Facts(seen, Result(), None, a.NOON))


def test_it_is_waited_for_until_the_deadline_without_polling_faster() -> None:
    seen = _running(reach=Reach(False, _WHY), started=500)

    assert plan.decide(seen, a.NOON) == action.Wait(moving=False, poll=False, seconds=100.0)


def test_the_deadline_ends_it_and_the_failure_says_why() -> None:
    decided = plan.decide(_running(reach=Reach(False, _WHY), started=601), a.NOON)

    assert isinstance(decided, action.Fail)
    assert decided.reason == "StartupTimeout"
    assert decided.message.endswith(f"it is running, and {_WHY}.")


def test_after_the_first_ready_no_deadline_ends_it() -> None:
    seen = _running(reach=Reach(False, _WHY), started=10_000, readyAt=a.wire(a.ago(9_000)))

    assert plan.decide(seen, a.NOON) == action.Nothing()


def test_an_instance_that_answers_is_left_alone_after_the_deadline() -> None:
    assert plan.decide(_running(reach=Reach(), started=10_000), a.NOON) == action.Nothing()


def test_the_message_names_port_endpoint_cause_next_look_and_deadline() -> None:
    verdict = _verdict(_running(reach=Reach(False, _WHY), started=500, spec={"readiness": {"periodSeconds": 7}}))

    assert (verdict.ready, verdict.reason, verdict.stalled) == (False, "NotReachable", False)
    assert verdict.message == (
        f"Instance i-1 runs, but {_WHY}. It is looked at every 7 s. If it is not Ready by 12:01:40 UTC, it is deleted."
    )


def test_once_it_was_ready_the_message_threatens_with_no_deadline() -> None:
    verdict = _verdict(_running(reach=Reach(False, _WHY), started=500, readyAt=a.wire(a.ago(400))))

    assert "deleted" not in verdict.message


def test_what_only_a_person_can_help_with_is_stalled() -> None:
    assert _verdict(_running(reach=Reach(False, _WHY, stalled=True), started=5)).stalled


def test_ready_waits_for_the_service_that_is_asked_for_and_for_no_address_of_it() -> None:
    waiting = _verdict(_running(reach=Reach(), started=5, spec={"service": {}}))
    made = _verdict(_running(reach=Reach(), started=5, spec={"service": {}}, service={"name": "demo"}))

    assert (waiting.ready, waiting.reason) == (False, "NotReachable")
    assert made.ready
