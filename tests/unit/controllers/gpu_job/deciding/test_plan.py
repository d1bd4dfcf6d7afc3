"""What is decided for a job: when an attempt begins, when it is over, and that its instance always goes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.controllers.gpu_job import jobs as a
from tests.unit.support.builders import NOON, ago, wire

from novita_operator.controllers.gpu_job.action import (
    Begin,
    ClearReport,
    Conclude,
    Finish,
    GiveUp,
    HoldBack,
    Make,
    Nothing,
    Release,
    RemoveJob,
    Step,
    Wait,
)
from novita_operator.controllers.gpu_job.deciding import plan
from novita_operator.controllers.gpu_job.observing.observation import Observation
from novita_operator.reconciling.owned import Ended

ANNOTATION = {"completion": {"signal": "Annotation"}}
MET = {"conditions": [a.a_condition("SuccessCriteriaMet")]}
COMPLETE = {"conditions": [a.a_condition("SuccessCriteriaMet"), a.a_condition("Complete")]}
FAILED = {"conditions": [a.a_condition("FailureTarget"), a.a_condition("Failed")]}


def decide(seen: Observation) -> Step:
    return plan.decide(seen, NOON)


def failed(times: int, *, age: float = 600) -> dict[str, Any]:
    """The status of a job after so many failed attempts, the last one so many seconds ago."""
    failures = [a.a_failure(attempt, age=age) for attempt in range(1, times + 1)]
    return {"attempts": times, "failed": times, "failures": failures[-5:], "startTime": wire(ago(3000))}


# --- Attempts begin -----------------------------------------------------------------------------------------------


def test_a_new_job_counts_its_first_attempt() -> None:
    assert decide(a.seen(a.a_job())) == Begin(1)


def test_an_attempt_that_was_counted_gets_its_instance() -> None:
    assert decide(a.seen(a.a_job(status=a.UNDER_WAY))) == Make(1)


def test_an_attempt_with_an_instance_is_waited_for() -> None:
    assert decide(a.seen(a.a_job(status=a.MADE), a.an_instance())) == Wait()


def test_an_instance_that_was_made_before_a_crash_is_not_made_twice() -> None:
    assert decide(a.seen(a.a_job(status=a.UNDER_WAY), a.starting())) == Wait()


@pytest.mark.parametrize(("failures", "pause"), [(1, 10), (2, 20), (3, 40), (7, 360)])
def test_each_failure_doubles_the_pause_before_the_next_attempt(failures: int, pause: int) -> None:
    spec = {"backoffLimit": 10}

    assert decide(a.seen(a.a_job(status=failed(failures, age=1), **spec))) == Wait(pause - 1)
    assert decide(a.seen(a.a_job(status=failed(failures, age=pause), **spec))) == Begin(failures + 1)


def test_a_clock_that_was_set_back_holds_the_job_back_for_the_pause_only() -> None:
    assert decide(a.seen(a.a_job(status=failed(1, age=-86_400)))) == Wait(10)


def test_no_attempt_begins_before_the_instance_of_the_last_one_is_gone() -> None:
    assert decide(a.seen(a.a_job(status=failed(1)), a.going())) == Wait()


def test_an_instance_of_an_attempt_that_is_over_is_deleted() -> None:
    left = a.an_instance(1)

    assert decide(a.seen(a.a_job(status=failed(1)), left)) == Release((left,))


def test_an_instance_of_an_earlier_attempt_is_deleted_though_another_one_runs() -> None:
    left, runs = a.an_instance(1), a.an_instance(2)
    status = failed(1) | {"attempts": 2, "active": 1, "instanceName": "train-2", "instanceUid": "uid-2"}

    assert decide(a.seen(a.a_job(status=status), left, runs)) == Release((left,))


def test_a_result_that_nobody_under_way_can_have_written_is_removed_first() -> None:
    assert decide(a.seen(a.a_job(result="succeeded"))) == ClearReport()
    assert decide(a.seen(a.a_job(status=failed(1), result="failed: out of memory"))) == ClearReport()


# --- Attempts end -------------------------------------------------------------------------------------------------


def test_a_container_that_ran_and_ended_without_an_error_has_succeeded() -> None:
    decided = decide(a.seen(a.a_job(status=a.MADE), a.ended()))

    assert isinstance(decided, Conclude)
    assert (decided.outcome, decided.reason) == ("Succeeded", "Completed")


def test_a_container_that_was_seen_running_but_never_reachable_has_succeeded_too() -> None:
    decided = decide(a.seen(a.a_job(status=a.MADE), a.ended(was_ready=False, ran=True)))

    assert isinstance(decided, Conclude)
    assert (decided.outcome, decided.reason) == ("Succeeded", "Completed")


@pytest.mark.parametrize(
    ("child", "reason", "word"),
    [
        (a.ended(a.BROKE), "Failed", "NODE_STATUS"),
        (a.ended(a.TOO_SLOW, was_ready=False), "StartupTimeout", "not Ready 600 s"),
        (a.ended(was_ready=False), "Failed", "before it was ever seen running"),
    ],
    ids=["an error of Novita's", "not Ready in time", "never seen running"],
)
def test_an_attempt_has_failed(child: a.Child, reason: str, word: str) -> None:
    decided = decide(a.seen(a.a_job(status=a.MADE), child))

    assert isinstance(decided, GiveUp)
    assert decided.reason == reason
    assert word in decided.message


def test_an_instance_that_somebody_deleted_fails_the_attempt_once_it_is_gone() -> None:
    assert decide(a.seen(a.a_job(status=a.MADE), a.going())) == Wait()
    decided = decide(a.seen(a.a_job(status=a.MADE)))
    assert isinstance(decided, GiveUp)
    assert decided.reason == "InstanceDeleted"


def test_an_instance_that_needs_a_person_is_waited_for_and_is_no_failed_attempt() -> None:
    seen = a.seen(a.a_job(status=a.MADE), a.starting(trouble=a.NO_BALANCE))

    assert decide(seen) == Wait()


# --- Results that are reported ------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", [{}, ANNOTATION], ids=["Exited", "Annotation"])
@pytest.mark.parametrize("child", [a.an_instance(), a.ended(), a.ended(a.BROKE)], ids=["runs", "ended", "broke"])
def test_a_reported_success_counts_whatever_became_of_the_container(spec: dict[str, Any], child: a.Child) -> None:
    decided = decide(a.seen(a.a_job(status=a.MADE, result="succeeded", **spec), child))

    assert isinstance(decided, Conclude)
    assert (decided.outcome, decided.reason) == ("Succeeded", "Reported")


@pytest.mark.parametrize("said", ["failed: out of memory", "Failed:out of memory", " failed :  out of memory "])
def test_a_reported_failure_counts_with_its_message(said: str) -> None:
    decided = decide(a.seen(a.a_job(status=a.MADE, result=said), a.ended()))

    assert decided == GiveUp("Reported", "Failure was reported: out of memory")


def test_with_the_signal_annotation_an_end_without_a_report_has_failed() -> None:
    decided = decide(a.seen(a.a_job(status=a.MADE, **ANNOTATION), a.ended()))

    assert isinstance(decided, GiveUp)
    assert "no result was reported" in decided.message


def test_a_word_that_means_neither_ends_nothing() -> None:
    assert decide(a.seen(a.a_job(status=a.MADE, result="ok"), a.an_instance())) == Wait()


# --- Limits -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("failures", "over"), [(2, False), (3, True)])
def test_the_backoff_limit_is_the_number_of_failures_that_may_happen(failures: int, over: bool) -> None:
    decided = decide(a.seen(a.a_job(status=failed(failures), backoffLimit=2)))

    assert isinstance(decided, Conclude if over else Begin)
    if isinstance(decided, Conclude):
        assert (decided.outcome, decided.reason) == ("Failed", "BackoffLimitExceeded")
        assert "Attempt 3 broke." in decided.message


def test_a_backoff_limit_of_nought_allows_one_attempt() -> None:
    assert decide(a.seen(a.a_job(backoffLimit=0))) == Begin(1)
    assert isinstance(decide(a.seen(a.a_job(status=failed(1), backoffLimit=0))), Conclude)


@pytest.mark.parametrize(
    ("status", "children"),
    [
        (a.UNDER_WAY, ()),
        (a.MADE, (a.starting(),)),
        (a.MADE, (a.an_instance(),)),
        (failed(1, age=1) | {"startTime": wire(ago(300))}, ()),
    ],
    ids=["before the instance is made", "while it starts", "while it runs", "between two attempts"],
)
def test_the_deadline_ends_the_job_whatever_it_is_doing(status: dict[str, Any], children: tuple[a.Child, ...]) -> None:
    decided = decide(a.seen(a.a_job(status=status, activeDeadlineSeconds=300), *children))

    assert isinstance(decided, Conclude)
    assert (decided.outcome, decided.reason) == ("Failed", "DeadlineExceeded")
    assert not isinstance(decide(a.seen(a.a_job(status=status, activeDeadlineSeconds=301), *children)), Conclude)


# --- Suspension ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["Stopped", "Ended", "Stopping"])
def test_what_its_schedule_has_stopped_is_no_failed_attempt_and_nothing_is_rented_in_its_place(reason: str) -> None:
    stopped = Ended("Schedule", "It was ended as its spec.lifetime asks.", None)

    assert decide(a.seen(a.a_job(status=a.MADE), a.ended(stopped, ready=reason != "Stopping", reason=reason))) == Wait()


@pytest.mark.parametrize("cause", ["MaxSeconds", "Idle"])
def test_what_has_run_its_time_is_a_failed_attempt(cause: str) -> None:
    over = Ended(cause, "It was ended as its spec.lifetime asks.", None)

    decided = decide(a.seen(a.a_job(status=a.MADE), a.ended(over, ready=True, reason="Stopped")))

    assert isinstance(decided, GiveUp)
    assert decided.reason == cause


def test_a_suspended_job_begins_nothing() -> None:
    assert decide(a.seen(a.a_job(suspend=True))) == Nothing()


@pytest.mark.parametrize("status", [a.UNDER_WAY, a.MADE])
def test_suspending_ends_the_attempt_before_the_instance_is_released(status: dict[str, Any]) -> None:
    assert decide(a.seen(a.a_job(status=status, suspend=True), a.an_instance())) == HoldBack()


def test_the_instance_of_a_suspended_job_is_released_and_waited_for() -> None:
    held = {"attempts": 1}

    runs = a.an_instance()
    assert decide(a.seen(a.a_job(status=held, suspend=True), runs)) == Release((runs,))
    assert decide(a.seen(a.a_job(status=held, suspend=True), a.going())) == Wait()


def test_a_resumed_job_begins_another_attempt_under_another_name() -> None:
    assert decide(a.seen(a.a_job(status={"attempts": 1}))) == Begin(2)


def test_time_in_suspension_does_not_count_towards_the_deadline() -> None:
    assert decide(a.seen(a.a_job(status={"startTime": wire(ago(999))}, suspend=True, activeDeadlineSeconds=1))) == (
        Nothing()
    )


# --- The end ------------------------------------------------------------------------------------------------------


def test_after_the_outcome_is_recorded_the_instance_is_released_and_seen_gone() -> None:
    runs = a.an_instance()

    assert decide(a.seen(a.a_job(status=MET), runs)) == Release((runs,))
    assert decide(a.seen(a.a_job(status=MET), a.going())) == Wait()
    assert decide(a.seen(a.a_job(status=MET))) == Finish()


@pytest.mark.parametrize("parts", [{"suspend": True}, {"activeDeadlineSeconds": 1}, {"result": "failed"}])
def test_a_recorded_outcome_is_not_changed_by_anything(parts: dict[str, Any]) -> None:
    assert decide(a.seen(a.a_job(status=MET | {"startTime": wire(ago(300))}, **parts))) == Finish()


@pytest.mark.parametrize("status", [COMPLETE, FAILED], ids=["Complete", "Failed"])
def test_a_finished_job_is_left_alone(status: dict[str, Any]) -> None:
    assert decide(a.seen(a.a_job(status=status))) == Nothing()


@pytest.mark.parametrize("status", [COMPLETE, FAILED], ids=["Complete", "Failed"])
def test_a_finished_job_deletes_itself_when_its_time_has_come(status: dict[str, Any]) -> None:
    assert decide(a.seen(a.a_job(status=status, ttlSecondsAfterFinished=100))) == Wait(40)
    assert decide(a.seen(a.a_job(status=status, ttlSecondsAfterFinished=60))) == RemoveJob()
    assert decide(a.seen(a.a_job(status=status, ttlSecondsAfterFinished=0))) == RemoveJob()


def test_a_finished_job_that_still_has_an_instance_releases_it() -> None:
    left = a.an_instance()

    assert decide(a.seen(a.a_job(status=COMPLETE, ttlSecondsAfterFinished=0), left)) == Release((left,))


def test_a_job_that_is_being_deleted_releases_its_instance() -> None:
    runs = a.an_instance()

    assert decide(a.seen(a.a_job(status=a.MADE, deleting=True), runs)) == Release((runs,))
    assert decide(a.seen(a.a_job(status=a.MADE, deleting=True), a.going())) == Nothing()
    assert decide(a.seen(a.a_job(deleting=True))) == Nothing()


def test_nothing_is_done_while_the_job_is_paused_or_unreadable() -> None:
    paused = {"annotations": {"gpu.novita.ai/paused": "true"}}

    assert decide(a.seen(a.a_job(status=a.MADE, **paused), a.ended())) == Nothing()
    assert decide(a.seen(a.a_job(status=a.MADE, backoffLimit="many"), a.ended())) == Nothing()
