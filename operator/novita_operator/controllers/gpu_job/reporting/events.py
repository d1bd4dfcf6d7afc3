"""Status before and after -> Events of a job: on transitions only, so that no loop and no restart repeats one. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from novita_operator.api import conditions
from novita_operator.api.events import Event, EventReason
from novita_operator.api.gpu_job.reasons import ConditionType, Reason
from novita_operator.api.gpu_job.status import GPUJobStatus
from novita_operator.controllers.gpu_job.result import Result

_TYPE = ConditionType


def events(old: GPUJobStatus, new: GPUJobStatus, result: Result) -> tuple[Event, ...]:
    """The Events of one pass, in the order in which things happened."""
    return tuple(_from_result(new, result)) + tuple(_from_conditions(old, new)) + tuple(_from_failures(old, new))


def _from_result(new: GPUJobStatus, result: Result) -> Iterator[Event]:
    if result.made is not None:
        text = f"Made GPUInstance {result.made} for attempt {new.attempts}."
        yield Event("Normal", EventReason.SUCCESSFUL_CREATE, text)
    for name in result.released:
        yield Event("Normal", EventReason.SUCCESSFUL_DELETE, f"Deleted GPUInstance {name}: its attempt is over.")


def _from_failures(old: GPUJobStatus, new: GPUJobStatus) -> Iterator[Event]:
    if new.failed > old.failed and new.failures:
        last = new.failures[-1]
        yield Event("Warning", EventReason.ATTEMPT_FAILED, f"Attempt {last.attempt} failed: {last.message}")


_FAILED = {
    Reason.BACKOFF_LIMIT_EXCEEDED: EventReason.BACKOFF_LIMIT_EXCEEDED,
    Reason.DEADLINE_EXCEEDED: EventReason.DEADLINE_EXCEEDED,
    Reason.FAILURE_POLICY: EventReason.FAILURE_POLICY,
    Reason.UNUSABLE: EventReason.UNUSABLE,
}


def _from_conditions(old: GPUJobStatus, new: GPUJobStatus) -> Iterator[Event]:
    if (held := _became_true(old, new, _TYPE.SUSPENDED)) is not None:
        yield Event("Normal", EventReason.SUSPENDED, held.message)
    if _became_true(new, old, _TYPE.SUSPENDED) is not None and new.start_time is not None:
        yield Event("Normal", EventReason.RESUMED, "spec.suspend is false again; a new attempt begins.")
    if (done := _became_true(old, new, _TYPE.COMPLETE)) is not None:
        yield Event("Normal", EventReason.COMPLETED, f"{done.message} Its instance is gone.")
    if (failed := _became_true(old, new, _TYPE.FAILED)) is not None and failed.reason in _FAILED:
        yield Event("Warning", _FAILED[Reason(failed.reason)], failed.message)
    refused = conditions.find(new.conditions, _TYPE.READY)
    before = conditions.find(old.conditions, _TYPE.READY)
    if refused is not None and refused.reason == Reason.CREATE_REFUSED and _differs(before, refused):
        yield Event("Warning", EventReason.FAILED_CREATE, refused.message)


def _became_true(old: GPUJobStatus, new: GPUJobStatus, kind: ConditionType) -> conditions.Condition | None:
    before, after = conditions.find(old.conditions, kind), conditions.find(new.conditions, kind)
    return after if before is None else None


def _differs(before: conditions.Condition | None, after: conditions.Condition) -> bool:
    return before is None or before.reason != after.reason
