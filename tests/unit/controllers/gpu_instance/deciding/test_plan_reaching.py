"""What is decided while an instance runs, is described, and spec.readiness does not hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON, ago, wire

from novita_operator.controllers.gpu_instance.action import Action, Edit, Fail, Measure, Nothing, Wait
from novita_operator.controllers.gpu_instance.deciding import plan
from novita_operator.controllers.gpu_instance.reachability.ports import Reach
from novita_operator.novita.models import PortMapping, PortSpec

UNREACHED = Reach(usable=False, why="port 80 does not answer")
RUNS = a.a_running_instance(ports=(PortMapping(80, "HTTP", "https://e"),), rootfs_gb=60)
TOO_LATE = Fail(
    "StartupTimeout",
    "Instance i-1 was not Ready 600 s after its start; it is running, and port 80 does not answer.",
)


def unreached(
    *, spec: dict[str, Any] | None = None, reach: Reach = UNREACHED, word: str = "running", **status: Any
) -> Any:
    instance = RUNS if word == "running" else a.an_instance(word)
    known = {"instanceId": "i-1", "connection": a.a_connection(RUNS)} | status
    resource = a.an_object(spec=spec or {}, status=known, intent=a.an_intent())
    return replace(a.an_observation(resource, instance), reach=reach)


def decide(seen: Any, **view: Any) -> Action:
    return plan.decide(replace(seen, **view), NOON)


@pytest.mark.parametrize(
    ("started", "expected"),
    [(100, Wait(seconds=500)), (599, Wait(seconds=1)), (600, TOO_LATE), (6000, TOO_LATE)],
    ids=["long before", "a second before", "at the deadline", "long after"],
)
def test_the_deadline_counts_until_the_ports_answer(started: float, expected: Action) -> None:
    assert decide(unreached(startedAt=wire(ago(started)))) == expected


def test_one_whose_ports_answer_has_no_deadline_any_more() -> None:
    assert decide(unreached(startedAt=wire(ago(6000)), reach=Reach())) == Nothing()


def test_a_deadline_in_another_state_says_nothing_of_ports() -> None:
    decided = decide(unreached(startedAt=wire(ago(600)), word="pulling"))

    assert decided == Fail("StartupTimeout", "Instance i-1 was not Ready 600 s after its start; it is pulling.")


def test_one_that_was_ready_before_waits_for_its_ports_without_a_deadline() -> None:
    assert decide(unreached(startedAt=wire(ago(6000)), readyAt=wire(ago(5000)))) == Nothing()


def test_without_a_known_start_there_is_nothing_to_wait_for() -> None:
    assert decide(unreached()) == Nothing()


def test_what_the_spec_asks_for_is_changed_all_the_same() -> None:
    """The edit may be what makes the ports answer."""
    seen = unreached(spec={"ports": [{"port": 22, "protocol": "TCP"}]}, startedAt=wire(ago(100)))

    assert decide(seen) == Edit("i-1", (PortSpec(22, "TCP"),), 0)
    assert decide(seen, edit_settles=True) == Wait(moving=True)


def test_the_gpu_is_measured_all_the_same() -> None:
    assert decide(unreached(startedAt=wire(ago(100))), measure=True) == Measure("i-1")


def test_one_that_was_too_late_and_is_kept_is_not_looked_at_without_a_pause() -> None:
    """Its deadline has passed: it says nothing of the next look."""
    kept = {"startup": {"onTimeout": "Keep"}}
    seen = unreached(spec=kept, startedAt=wire(ago(6000)), failure=a.a_failure("StartupTimeout"))

    assert decide(seen) == Nothing()


def test_after_a_failure_of_the_past_the_deadline_counts_again() -> None:
    """The user asked for another try, and it was started again."""
    seen = unreached(startedAt=wire(ago(600)), failure=a.a_failure("Failed", generation=0))

    assert decide(seen) == TOO_LATE
