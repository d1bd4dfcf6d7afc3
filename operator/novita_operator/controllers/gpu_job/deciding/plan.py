"""Spec x status x instances -> Step: ordered checks, first match wins. Pure.

An attempt is counted before its instance is made, the outcome is recorded before the instance is released, and an
attempt begins only when no instance of the job is left: whatever crashes in between, the next pass sees what was meant.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from novita_operator.api.gpu_job.reasons import Reason
from novita_operator.api.gpu_job.spec import GPUJobSpec
from novita_operator.controllers.gpu_job import action
from novita_operator.controllers.gpu_job.deciding import program
from novita_operator.controllers.gpu_job.observing.observation import Observation
from novita_operator.reconciling.owned import Child, Ended

_ENDING_SECONDS = 5.0  # its end wakes the job, too

Check = Callable[[Observation, GPUJobSpec, datetime], action.Step | None]


def decide(seen: Observation, now: datetime) -> action.Step:
    """The next step for this job."""
    if seen.spec is None:
        return _what_ends(seen)
    for check in _CHECKS:
        if (found := check(seen, seen.spec, now)) is not None:
            return found
    return action.Wait()


def _what_ends(seen: Observation) -> action.Step:
    """Of a job that cannot be read, what is over and what is deleted lets its instances go all the same."""
    over = seen.deleting or seen.concluded or seen.finished
    return action.Release(seen.live) if over and seen.live and not seen.paused else action.Nothing()


def _paused(seen: Observation, _: GPUJobSpec, __: datetime) -> action.Step | None:
    return action.Nothing() if seen.paused else None


def _deleting(seen: Observation, _: GPUJobSpec, __: datetime) -> action.Step | None:
    """The garbage collector deletes what the job owns; a job that something else still holds must not go on running."""
    if not seen.deleting:
        return None
    return action.Release(seen.live) if seen.live else action.Nothing()


def _finished(seen: Observation, spec: GPUJobSpec, now: datetime) -> action.Step | None:
    if not seen.finished:
        return None
    if seen.live:
        return action.Release(seen.live)
    if spec.ttl_seconds_after_finished is None or seen.finished_at is None:
        return action.Nothing()
    left = _left(seen.finished_at + timedelta(seconds=spec.ttl_seconds_after_finished), now)
    return action.Wait(left) if left > 0 else action.RemoveJob()


def _concluded(seen: Observation, _: GPUJobSpec, __: datetime) -> action.Step | None:
    if not seen.concluded:
        return None
    if seen.live:
        return action.Release(seen.live)
    return action.Wait() if seen.children else action.Finish()


def _strays(seen: Observation, _: GPUJobSpec, __: datetime) -> action.Step | None:
    return action.Release(seen.strays) if seen.strays else None


def _suspended(seen: Observation, spec: GPUJobSpec, _: datetime) -> action.Step | None:
    if not spec.suspend:
        return None
    if seen.status.instance_name is not None:
        return action.HoldBack()
    return action.Wait() if seen.children else action.Nothing()


def _too_late(seen: Observation, spec: GPUJobSpec, now: datetime) -> action.Step | None:
    if seen.deadline is None or now < seen.deadline:
        return None
    if program.is_being_ended(seen, now):
        return action.Wait(_ENDING_SECONDS)
    text = f"The job took longer than {spec.active_deadline_seconds} s (spec.activeDeadlineSeconds)."
    return action.Conclude("Failed", Reason.DEADLINE_EXCEEDED, text)


def _between_attempts(seen: Observation, spec: GPUJobSpec, now: datetime) -> action.Step | None:
    status = seen.status
    if status.instance_name is not None:
        return None
    if seen.children:
        return action.Wait()
    if status.failed > spec.backoff_limit:
        return _limit_exceeded(seen, spec)
    left = 0.0 if seen.next_attempt_at is None else _left(seen.next_attempt_at, now)
    if left > 0:
        # A clock that was set back must not hold the job back for longer than the pause.
        return action.Wait(min(left, seen.pauses.after(status.failed).total_seconds()))
    return action.ClearReport() if seen.report is not None else action.Begin(status.attempts + 1)


def _limit_exceeded(seen: Observation, spec: GPUJobSpec) -> action.Step:
    last = f" The last one: {seen.status.failures[-1].message}" if seen.status.failures else ""
    attempts = f"{seen.status.failed} attempt{'s' if seen.status.failed > 1 else ''}"
    text = f"{attempts} failed; spec.backoffLimit allows {spec.backoff_limit}.{last}"
    return action.Conclude("Failed", Reason.BACKOFF_LIMIT_EXCEEDED, text)


def _reported(seen: Observation, _: GPUJobSpec, __: datetime) -> action.Step | None:
    report = seen.report
    if report is None or report.outcome == "Unclear":
        return None
    said = f": {report.message}" if report.message else "."
    if report.outcome == "Succeeded":
        return action.Conclude("Succeeded", Reason.REPORTED, f"Success was reported{said}")
    return action.GiveUp("Reported", f"Failure was reported{said}")


def _missing(seen: Observation, _: GPUJobSpec, __: datetime) -> action.Step | None:
    if seen.current is not None:
        return None
    if seen.status.instance_uid is None:
        return action.Make(seen.status.attempts)
    return action.GiveUp("InstanceDeleted", f"Somebody deleted GPUInstance {seen.status.instance_name} while it ran.")


def _ended(seen: Observation, _: GPUJobSpec, __: datetime) -> action.Step | None:
    child = seen.current
    if child is None or child.deleting or child.ended is None or child.held_back:
        return None
    why_not = _why_no_success(child, child.ended, seen)
    if why_not is None:
        text = f"The container of {child.name} ended."
        unconfirmed = "Novita gives no exit code, so success is not confirmed."
        return action.Conclude("Succeeded", Reason.COMPLETED, f"{text} {unconfirmed}")
    return action.GiveUp(child.ended.reason, why_not)


def _why_no_success(child: Child, ended: Ended, seen: Observation) -> str | None:
    if ended.reason != "Failed" or ended.said is not None:
        return ended.message
    if seen.over_ssh:
        return f"The container of {child.name} ended, and its program with it: its exit code is not known."
    if seen.signal == "Annotation":
        return f"The container of {child.name} ended and no result was reported (spec.completion.signal is Annotation)."
    if not (child.ran or child.was_ready):
        return f"The container of {child.name} ended before it was ever seen running."
    return None


def _unrunnable(seen: Observation, spec: GPUJobSpec, now: datetime) -> action.Step | None:
    return program.unrunnable(seen, spec, now) if seen.status.instance_name is None and not seen.children else None


def _left(due: datetime, now: datetime) -> float:
    return (due - now).total_seconds()


_CHECKS: tuple[Check, ...] = (
    _paused,
    _deleting,
    _finished,
    _concluded,
    _strays,
    _suspended,
    _too_late,
    _unrunnable,
    _between_attempts,
    _reported,
    _missing,
    program.judged,
    _ended,
)
