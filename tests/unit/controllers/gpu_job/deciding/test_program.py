"""What a job does about its program: a table of what a machine says, and of what keeps it from saying anything."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.controllers.gpu_job import jobs as a
from tests.unit.support.builders import NOON, ago, wire

from novita_operator.api.gpu_job.resource import GPUJob
from novita_operator.controllers.gpu_job import action
from novita_operator.controllers.gpu_job.deciding import plan, program
from novita_operator.controllers.gpu_job.observing.program import Attended, Hindrance, Kept
from novita_operator.machines.programs.state import Ended, Lost, NotStarted, Running, Starting, State
from novita_operator.reconciling import owned

_KEPT = Kept("train-1-output", "the last line")
_RAN = a.MADE | {"startedAt": wire(ago(200))}
_READY = a.an_instance(secret="train-1-connection", host_key="SHA256:x")


def a_job(*, status: Any = a.MADE, **spec: Any) -> GPUJob:
    return a.a_job(status=status, completion={"signal": "ExitCode"}, **spec)


def ended(code: int) -> Ended:
    return Ended(code, ago(200), ago(100))


def decided(state: State | None = None, *, status: Any = a.MADE, hindrance: Hindrance | None = None, kept: bool = True,
            **spec: Any) -> action.Step:  # fmt: skip
    known = Attended(state, hindrance, _KEPT if kept and isinstance(state, Ended) else None)
    return plan.decide(a.seen(a_job(status=status, **spec), _READY, program=known), NOON)


def hindered(kind: Any, seconds: float) -> Hindrance:
    return Hindrance(kind, "refuses the connection", ago(seconds), seconds)


@pytest.mark.parametrize("state", [None, NotStarted(), Starting(5), Running(ago(100))], ids=repr)
def test_while_it_runs_or_is_started_nothing_is_done(state: State | None) -> None:
    assert decided(state) == action.Wait()


def test_exit_code_0_is_success_once_the_output_is_kept() -> None:
    assert decided(ended(0), kept=False) == action.Wait()
    assert decided(ended(0)) == action.Conclude("Succeeded", "Completed", "The program ended with exit code 0.")


@pytest.mark.parametrize(
    ("code", "text"),
    [(1, "exit code 1."), (137, "exit code 137 (signal KILL)."), (200, "exit code 200."), (255, "exit code 255.")],
)
def test_any_other_one_fails_the_attempt(code: int, text: str) -> None:
    assert decided(ended(code)) == action.GiveUp("ExitCode", f"The program ended with {text}")


def rules(*parts: tuple[str, str, list[int]]) -> dict[str, Any]:
    made = [
        {"action": does, "onExitCodes": {"operator": operator, "values": values}} for does, operator, values in parts
    ]
    return {"rules": made}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (rules(), action.GiveUp),
        (rules(("Fail", "In", [3])), action.Conclude),
        (rules(("Ignore", "In", [3])), action.Disregard),
        (rules(("Count", "In", [3]), ("Fail", "In", [3])), action.GiveUp),
        (rules(("Fail", "In", [4]), ("Ignore", "In", [2, 3])), action.Disregard),
        (rules(("Fail", "NotIn", [3])), action.GiveUp),
        (rules(("Fail", "NotIn", [4])), action.Conclude),
    ],
    ids=["none", "fails", "ignored", "counted first", "the second one", "not in, and it is", "not in"],
)
def test_the_first_rule_that_fits_decides(policy: Any, expected: type) -> None:
    assert isinstance(decided(ended(3), failurePolicy=policy), expected)


def test_no_rule_speaks_of_success() -> None:
    step = decided(ended(0), failurePolicy=rules(("Fail", "NotIn", [4])))

    assert isinstance(step, action.Conclude)
    assert step.outcome == "Succeeded"


@pytest.mark.parametrize(
    ("state", "status"),
    [(Lost(), _RAN), (Lost(), a.MADE), (NotStarted(), _RAN), (Starting(121), a.MADE)],
    ids=["restarted", "restarted before it was seen", "its disk was wiped", "whoever started it was killed"],
)
def test_a_program_that_is_lost_is_a_disruption(state: State, status: Any) -> None:
    step = decided(state, status=status)

    assert isinstance(step, action.GiveUp)
    assert step.reason == "Disrupted"


@pytest.mark.parametrize(
    ("kind", "seconds", "status", "expected"),
    [
        ("Away", 1, a.MADE, "wait"),
        ("Away", 599, a.MADE, "wait"),
        ("Away", 601, a.MADE, "Unusable"),
        ("LoginRefused", 601, a.MADE, "Unusable"),
        ("Away", 120, _RAN, "wait"),
        ("Away", 899, _RAN, "wait"),
        ("Away", 901, _RAN, "Disrupted"),
        ("LoginRefused", 901, _RAN, "Disrupted"),
        ("HostKeyChanged", 119, _RAN, "wait"),
        ("HostKeyChanged", 121, _RAN, "Disrupted"),
        ("HostKeyChanged", 121, a.MADE, "Disrupted"),
        ("Unusable", 0, a.MADE, "Unusable"),
        ("Unusable", 10, _RAN, "wait"),
    ],
)
def test_what_keeps_it_from_being_seen(kind: Any, seconds: float, status: Any, expected: str) -> None:
    step = decided(Running(ago(100)) if status is _RAN else None, status=status, hindrance=hindered(kind, seconds))

    match expected:
        case "wait":
            assert step == action.Wait()
        case "Disrupted":
            assert isinstance(step, action.GiveUp)
            assert step.reason == "Disrupted"
        case _:
            assert isinstance(step, action.Conclude)
            assert (step.outcome, step.reason) == ("Failed", "Unusable")


def test_a_container_that_ends_takes_the_exit_code_with_it() -> None:
    step = plan.decide(a.seen(a_job(status=_RAN), a.ended(), program=Attended(Running(ago(100)))), NOON)

    assert isinstance(step, action.GiveUp)
    assert "exit code is not known" in step.message


@pytest.mark.parametrize("command", ["'unclosed", "", "  "], ids=["a quote", "nothing", "blanks"])
def test_what_cannot_be_run_fails_before_anything_is_rented(command: str) -> None:
    step = plan.decide(a.seen(a_job(status={}, template={"command": command, "entrypoint": ""})), NOON)

    assert isinstance(step, action.Conclude)
    assert step.reason == "Unusable"


# --- The deadline ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "kept", "late_by", "waits"),
    [
        (Running(ago(100)), False, 1, True),
        (Running(ago(100)), False, 91, False),
        (ended(143), False, 1, True),
        (ended(143), True, 1, False),
        (None, False, 1, False),
        (Lost(), False, 1, False),
    ],
    ids=["it runs", "it does not end", "it ended", "it is kept", "never seen", "lost"],
)
def test_a_program_whose_time_is_over_gets_its_grace_before_the_machine_goes(
    state: State | None, kept: bool, late_by: int, waits: bool
) -> None:
    step = decided(state, kept=kept, status=_RAN, activeDeadlineSeconds=300 - late_by)

    if waits:
        assert isinstance(step, action.Wait)
    else:
        assert isinstance(step, action.Conclude)
        assert step.reason == "DeadlineExceeded"


@pytest.mark.parametrize("state", [Running(ago(100)), ended(3)], ids=["it runs", "it ended"])
@pytest.mark.parametrize(("seconds", "late_by", "waits"), [(5, 1, True), (31, 1, False), (5, 91, False)])
def test_a_connection_that_broke_a_moment_ago_is_waited_for_then_and_a_machine_that_is_away_is_not(
    state: State, seconds: float, late_by: int, waits: bool
) -> None:
    away = hindered("Away", seconds)

    step = decided(state, kept=False, hindrance=away, status=_RAN, activeDeadlineSeconds=300 - late_by)

    assert isinstance(step, action.Wait) is waits
    assert isinstance(step, action.Conclude) is not waits


# --- What is attended to --------------------------------------------------------------------------------------------


def test_a_program_is_attended_to_once_its_instance_is_ready() -> None:
    sought = program.wanted(a.seen(a_job(template={"command": "train.py 'a b'", "entrypoint": "python"}), _READY), NOON)

    assert sought is not None
    assert (sought.name, sought.words) == (f"{a.UID}-1", ("python", "train.py", "a b"))
    assert (sought.secret, sought.fingerprint) == ("train-1-connection", "SHA256:x")
    assert (sought.may_start, sought.end) == (True, False)


@pytest.mark.parametrize(
    "changes",
    [
        {"was_ready": False},
        {"deleting": True},
        {"reason": "Stopped"},
        {"ready": False, "reason": "Stopping", "ended": owned.Ended("Schedule", "It was ended.", None)},
    ],
    ids=["never Ready", "on its way out", "stopped as its window says", "being stopped by its schedule"],
)
def test_nobody_goes_to_a_machine_that_is_not_up(changes: dict[str, Any]) -> None:
    child = a.an_instance(**({"secret": "s", "host_key": "SHA256:x"} | changes))

    assert program.wanted(a.seen(a_job(), child), NOON) is None


@pytest.mark.parametrize(
    "parts",
    [
        {"suspend": True},
        {"deleting": True},
        {"completion": {"signal": "Exited"}},
        {"status": a.MADE | {"conditions": [a.a_condition("FailureTarget")]}},
    ],
    ids=["held back", "deleted", "another signal", "concluded"],
)
def test_nor_where_nothing_is_to_run(parts: dict[str, Any]) -> None:
    resource = a.a_job(**({"status": a.MADE, "completion": {"signal": "ExitCode"}} | parts))

    assert program.wanted(a.seen(resource, _READY), NOON) is None


@pytest.mark.parametrize(
    ("parts", "child"),
    [
        ({"status": _RAN}, _READY),
        ({"annotations": {"gpu.novita.ai/paused": "true"}}, _READY),
        ({"activeDeadlineSeconds": 299}, _READY),
        ({}, a.an_instance(secret="s", host_key="SHA256:x", ready=False)),
    ],
    ids=["it was seen to run", "paused", "too late", "not Ready now"],
)
def test_it_is_looked_for_and_not_started(parts: dict[str, Any], child: Any) -> None:
    resource = a.a_job(**({"status": a.MADE, "completion": {"signal": "ExitCode"}} | parts))
    sought = program.wanted(a.seen(resource, child), NOON)

    assert sought is not None
    assert not sought.may_start
    assert sought.end == ("activeDeadlineSeconds" in parts)


def test_grace_is_shorter_than_the_time_that_the_machine_is_kept_for_it() -> None:
    assert timedelta(seconds=program.GRACE_SECONDS) < program._ENDING


# --- The signal -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "status", "signal"),
    [
        (None, {}, "ExitCode"),
        (None, {"attempts": 1, "completionSignal": "ExitCode"}, "ExitCode"),
        (None, {"attempts": 1}, "Exited"),
        ("Exited", {}, "Exited"),
        ("Annotation", {"attempts": 1, "completionSignal": "ExitCode"}, "Annotation"),
        ("Annotation", a.MADE | {"completionSignal": "Exited"}, "Annotation"),
        ("Exited", a.MADE | {"completionSignal": "ExitCode"}, "ExitCode"),
        ("ExitCode", a.MADE | {"completionSignal": "Annotation"}, "Annotation"),
        ("ExitCode", a.MADE | {"completionSignal": None}, "Exited"),
    ],
    ids=[
        "a new job",
        "one that has begun",
        "one of an earlier version",
        "Exited",
        "Annotation",
        "another observer under way",
        "no longer ExitCode under way",
        "ExitCode under way",
        "ExitCode under way in one of an earlier version",
    ],
)
def test_a_new_job_has_an_exit_code_and_one_that_has_begun_keeps_its_signal(
    asked: str | None, status: dict[str, Any], signal: str
) -> None:
    resource = a.a_job(status=status, completion={} if asked is None else {"signal": asked})

    assert a.seen(resource).signal == signal
