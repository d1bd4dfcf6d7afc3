"""What a job says of itself: the words of batch/v1, a truth for kstatus, counts that survive, Events."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.controllers.gpu_job import jobs as a
from tests.unit.support.builders import NOON, ago, wire

from novita_operator.controllers.gpu_job import action
from novita_operator.controllers.gpu_job.observing.observation import Observation
from novita_operator.controllers.gpu_job.observing.program import Attended, Hindrance
from novita_operator.controllers.gpu_job.reporting import status
from novita_operator.controllers.gpu_job.result import Result
from novita_operator.machines.programs.state import Running

SUCCESS = action.Conclude("Succeeded", "Completed", "The container ended without an error.")
TOO_LATE = action.Conclude("Failed", "DeadlineExceeded", "It took too long.")


def report(seen: Observation, step: action.Step | None = None, **result: Any) -> dict[str, Any]:
    return status.report(seen, Result(step or action.Wait(), **result), NOON).status


def conditions(wire_form: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {each["type"]: (each["status"], each["reason"]) for each in wire_form["conditions"]}


def message(wire_form: dict[str, Any], kind: str = "Ready") -> str:
    return next(str(each["message"]) for each in wire_form["conditions"] if each["type"] == kind)


def reasons(seen: Observation, step: action.Step, **result: Any) -> list[str]:
    return [str(event.reason) for event in status.report(seen, Result(step, **result), NOON).events]


def test_annotations_that_cannot_be_read_are_told_whatever_the_job_does() -> None:
    seen = a.seen(a.a_job(annotations={"gpu.novita.ai/paused": "yes"}, result="done"))

    told = report(seen, action.Begin(1))

    assert conditions(told)["Unreadable"] == ("True", "InvalidValue")
    assert "gpu.novita.ai/paused" in message(told, "Unreadable")
    assert 'gpu.novita.ai/job-result is "done"; write "succeeded"' in message(told, "Unreadable")


@pytest.mark.parametrize(
    ("kind", "ran", "expected"),
    [
        ("Away", False, "tried until 12:08:20 UTC. Then the job fails, and the instance is released."),
        ("LoginRefused", False, "create it with spec.completion.signal Exited"),
        ("Away", True, "tried until 12:13:20 UTC. Then the attempt fails; the program runs on until then."),
        ("HostKeyChanged", True, "tried until 12:00:20 UTC. Then the attempt fails. The condition HostKeyChanged of"),
    ],
)
def test_a_machine_that_is_away_is_told_with_the_end_of_all_patience(kind: Any, ran: bool, expected: str) -> None:
    away = Hindrance(kind, "has not shown an ssh host key yet", ago(100), 100)
    known = Attended(Running(ago(200)) if ran else None, away)
    resource = a.a_job(status=a.MADE, completion={"signal": "ExitCode"})

    told = message(report(a.seen(resource, a.an_instance(), program=known)))

    assert "train-1 has not shown an ssh host key yet, since 11:58:20 UTC; " in told
    assert expected in told


# --- Records ------------------------------------------------------------------------------------------------------


def test_an_attempt_is_counted_with_the_name_of_its_instance_to_come() -> None:
    told = report(a.seen(a.a_job()), action.Begin(1))

    assert (told["attempts"], told["active"], told["instanceName"]) == (1, 1, "train-1")
    assert "instanceUid" not in told
    assert told["startTime"] == wire(NOON)


def test_the_start_time_stays() -> None:
    assert report(a.seen(a.a_job(status=a.UNDER_WAY)))["startTime"] == a.UNDER_WAY["startTime"]


def test_the_uid_of_the_instance_is_noted_as_soon_as_it_is_seen() -> None:
    told = report(a.seen(a.a_job(status=a.UNDER_WAY), a.starting()))

    assert told["instanceUid"] == "uid-1"


def test_a_failed_attempt_is_counted_and_its_instance_is_let_go_of() -> None:
    told = report(a.seen(a.a_job(status=a.MADE), a.ended(a.BROKE)), action.GiveUp("Failed", "It broke."))

    assert (told["failed"], told["active"], told["attempts"]) == (1, 0, 1)
    assert "instanceName" not in told
    assert "instanceUid" not in told
    assert told["failures"] == [{"attempt": 1, "reason": "Failed", "message": "It broke.", "at": wire(NOON)}]


def test_only_the_last_failures_are_kept_and_all_are_counted() -> None:
    known = {"failed": 7, "failures": [a.a_failure(attempt) for attempt in range(3, 8)]}
    told = report(a.seen(a.a_job(status=a.MADE | {"attempts": 8} | known)), action.GiveUp("Failed", "It broke."))

    assert [failure["attempt"] for failure in told["failures"]] == [4, 5, 6, 7, 8]
    assert told["failed"] == 8


def test_a_suspension_counts_as_no_failure_and_forgets_the_start() -> None:
    told = report(a.seen(a.a_job(status=a.MADE, suspend=True), a.an_instance()), action.HoldBack())

    assert (told["failed"], told["active"], told["attempts"]) == (0, 0, 1)
    assert "instanceName" not in told
    assert "startTime" not in told


def test_success_is_recorded_while_the_instance_is_still_there() -> None:
    told = report(a.seen(a.a_job(status=a.MADE), a.ended()), SUCCESS)

    assert (told["succeeded"], told["failed"], told["active"]) == (1, 0, 0)
    assert conditions(told) == {
        "Ready": ("False", "Releasing"),
        "SuccessCriteriaMet": ("True", "Completed"),
        "Reconciling": ("True", "Releasing"),
    }
    assert "completionTime" not in told


def test_the_deadline_fails_the_attempt_that_it_interrupts() -> None:
    assert report(a.seen(a.a_job(status=a.MADE), a.an_instance()), TOO_LATE)["failed"] == 1
    assert report(a.seen(a.a_job()), TOO_LATE)["failed"] == 0


# --- Conditions ---------------------------------------------------------------------------------------------------


def test_complete_comes_when_the_instance_is_gone_and_is_ready() -> None:
    met = {"conditions": [a.a_condition("SuccessCriteriaMet")], "succeeded": 1}

    told = report(a.seen(a.a_job(status=met)), action.Finish())

    assert conditions(told) == {
        "Ready": ("True", "Completed"),
        "SuccessCriteriaMet": ("True", "Completed"),
        "Complete": ("True", "Completed"),
    }
    assert told["completionTime"] == wire(NOON)
    assert told["phase"] == "Complete"


def test_failed_comes_when_the_instance_is_gone_and_is_stalled() -> None:
    target = {"conditions": [a.a_condition("FailureTarget", "DeadlineExceeded")]}

    told = report(a.seen(a.a_job(status=target)), action.Finish())

    assert conditions(told) == {
        "Ready": ("False", "DeadlineExceeded"),
        "FailureTarget": ("True", "DeadlineExceeded"),
        "Failed": ("True", "DeadlineExceeded"),
        "Stalled": ("True", "DeadlineExceeded"),
    }
    assert "completionTime" not in told
    assert told["phase"] == "Failed"


@pytest.mark.parametrize("end", ["Complete", "Failed"])
def test_the_end_stays_the_same_in_every_later_pass(end: str) -> None:
    target = "SuccessCriteriaMet" if end == "Complete" else "FailureTarget"
    first = report(a.seen(a.a_job(status={"conditions": [a.a_condition(target)]})), action.Finish())

    assert report(a.seen(a.a_job(status=first)), action.Nothing()) == first


def test_a_suspended_job_is_ready_since_that_is_what_was_asked_for() -> None:
    told = report(a.seen(a.a_job(suspend=True)), action.Nothing())

    assert conditions(told) == {"Ready": ("True", "Suspended"), "Suspended": ("True", "Suspended")}


def test_a_suspended_job_is_not_ready_before_its_instance_is_gone() -> None:
    told = report(a.seen(a.a_job(status={"attempts": 1}, suspend=True), a.going()), action.Wait())

    assert conditions(told)["Ready"] == ("False", "Releasing")


@pytest.mark.parametrize(
    ("children", "expected"),
    [((), "Starting"), ((a.starting(),), "Starting"), ((a.an_instance(),), "Running"), ((a.ended(),), "Running")],
)
def test_while_an_attempt_is_under_way_the_job_reconciles(children: tuple[a.Child, ...], expected: str) -> None:
    told = report(a.seen(a.a_job(status=a.MADE), *children))

    assert conditions(told) == {"Ready": ("False", expected), "Reconciling": ("True", expected)}


def test_an_instance_that_needs_a_person_stalls_the_job_with_its_reason() -> None:
    told = report(a.seen(a.a_job(status=a.MADE), a.starting(trouble=a.NO_BALANCE)))

    assert conditions(told)["Stalled"] == ("True", "InstanceStalled")
    assert "InsufficientBalance: Top up the account." in message(told)


def test_between_two_attempts_the_job_says_why_and_when_the_next_one_begins() -> None:
    told = report(a.seen(a.a_job(status=a.MADE), a.ended(a.BROKE)), action.GiveUp("Failed", "It broke."))

    assert conditions(told)["Ready"] == ("False", "BackingOff")
    assert "Attempt 1 failed (failure 1 of at most 3): It broke." in message(told)
    assert "12:00:10 UTC" in message(told)


def test_a_release_that_is_blocked_says_what_blocks_it() -> None:
    blocked = a.going()
    blocked = a.replace(blocked, reason="DeletionBlocked", message="Novita refuses the key.")
    met = {"conditions": [a.a_condition("SuccessCriteriaMet")]}

    assert "Novita refuses the key." in message(report(a.seen(a.a_job(status=met), blocked)))


def test_what_the_cluster_refuses_is_told() -> None:
    told = report(a.seen(a.a_job(status=a.UNDER_WAY)), action.Make(1), refused="GPUInstance train-1 exists.")

    assert conditions(told)["Stalled"] == ("True", "CreateRefused")
    assert "GPUInstance train-1 exists." in message(told)


def test_a_word_that_means_neither_is_told() -> None:
    told = report(a.seen(a.a_job(status=a.MADE, result="ok"), a.an_instance()))

    assert '"ok"' in message(told)


def test_a_spec_that_cannot_be_read_stalls_the_job_and_keeps_what_was_counted() -> None:
    told = report(a.seen(a.a_job(status=a.MADE | {"failed": 2}, backoffLimit="many"), a.an_instance()))

    assert conditions(told) == {"Ready": ("False", "InvalidSpec"), "Stalled": ("True", "InvalidSpec")}
    assert (told["failed"], told["instanceName"]) == (2, "train-1")


def test_a_status_that_cannot_be_read_is_never_taken_for_a_new_job() -> None:
    job = a.a_job(status={"attempts": "many"})

    told = report(a.seen(job), action.Nothing())

    assert told["attempts"] == "many"
    assert conditions(told)["Stalled"] == ("True", "InvalidSpec")
    assert "status.attempts" in next(each["message"] for each in told["conditions"] if each["type"] == "Stalled")


def test_an_unexpected_error_is_told_and_the_outcome_stays() -> None:
    known = report(a.seen(a.a_job(status={"conditions": [a.a_condition("SuccessCriteriaMet")]})), action.Finish())

    told = status.crashed(a.a_job(status=known), KeyError("x"), 5.0, NOON)

    assert conditions(told)["Complete"] == ("True", "Completed")
    assert conditions(told)["Reconciling"] == ("True", "InternalError")
    assert {**told, "conditions": None} == {**known, "conditions": None}


# --- Events -------------------------------------------------------------------------------------------------------


def test_events_tell_the_story_of_a_job() -> None:
    made = a.seen(a.a_job(status=a.UNDER_WAY), a.starting())
    met = {"conditions": [a.a_condition("SuccessCriteriaMet")]}

    assert reasons(made, action.Make(1), made="train-1") == ["SuccessfulCreate"]
    assert reasons(a.seen(a.a_job(status=a.MADE), a.ended()), action.GiveUp("Failed", "x")) == ["AttemptFailed"]
    assert reasons(a.seen(a.a_job(status=met), a.going()), action.Release((a.ended(),)), released=("train-1",)) == [
        "SuccessfulDelete"
    ]
    assert reasons(a.seen(a.a_job(status=met)), action.Finish()) == ["Completed"]


@pytest.mark.parametrize("reason", ["BackoffLimitExceeded", "DeadlineExceeded", "FailurePolicy", "Unusable"])
def test_a_job_that_failed_says_why_in_one_event(reason: str) -> None:
    target = {"conditions": [a.a_condition("FailureTarget", reason)]}

    assert reasons(a.seen(a.a_job(status=target)), action.Finish()) == [reason]


def test_suspending_and_resuming_are_told_once_each() -> None:
    held = report(a.seen(a.a_job(suspend=True)), action.Nothing())

    assert reasons(a.seen(a.a_job(suspend=True)), action.Nothing()) == ["Suspended"]
    assert reasons(a.seen(a.a_job(suspend=True, status=held)), action.Nothing()) == []
    assert reasons(a.seen(a.a_job(status=held)), action.Begin(1)) == ["Resumed"]


def test_the_next_attempt_waits_longer_after_each_failure() -> None:
    assert [a.PAUSES.after(failures).total_seconds() for failures in (1, 2, 3, 6, 60)] == [10, 20, 40, 320, 360]


def test_the_deadline_counts_from_the_start_of_the_job() -> None:
    seen = a.seen(a.a_job(status={"startTime": wire(ago(100))}, activeDeadlineSeconds=300))

    assert seen.deadline is not None
    assert (seen.deadline - NOON).total_seconds() == 200
