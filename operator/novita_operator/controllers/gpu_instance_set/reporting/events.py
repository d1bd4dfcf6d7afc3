"""Status before and after -> Events of a set: on transitions only, so that no loop and no restart repeats one. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from novita_operator.api import conditions
from novita_operator.api.events import Event, EventReason
from novita_operator.api.gpu_instance_set.reasons import TROUBLES, ConditionType, Reason
from novita_operator.api.gpu_instance_set.status import GPUInstanceSetStatus
from novita_operator.controllers.gpu_instance_set import action
from novita_operator.controllers.gpu_instance_set.result import Result

_READY = ConditionType.READY
_AS_WANTED = {Reason.STOPPED: EventReason.STOPPED, Reason.ENDED: EventReason.ENDED}


def events(old: GPUInstanceSetStatus, new: GPUInstanceSetStatus, result: Result) -> tuple[Event, ...]:
    """The Events of one pass, in the order in which things happened."""
    return tuple(_from_result(result)) + tuple(_from_failures(old, new)) + tuple(_from_ready(old, new))


def _from_result(result: Result) -> Iterator[Event]:
    if result.made is not None:
        yield Event("Normal", EventReason.SUCCESSFUL_CREATE, f"Made GPUInstance {result.made}.")
    if isinstance(result.step, action.Remove):
        why = {"Surplus": "there were more than spec.replicas", "Outdated": "its template is an older one"}
        for name in result.removed:
            text = f"Deleted GPUInstance {name}: {why[result.step.why]}."
            yield Event("Normal", EventReason.SUCCESSFUL_DELETE, text)


def _from_failures(old: GPUInstanceSetStatus, new: GPUInstanceSetStatus) -> Iterator[Event]:
    known = {(failure.name, failure.reason) for failure in old.failures}
    for failure in new.failures:
        if (failure.name, failure.reason) not in known:
            text = f"{failure.name}: {failure.message}"
            yield Event("Warning", EventReason.REPLICA_FAILED, text)


def _from_ready(old: GPUInstanceSetStatus, new: GPUInstanceSetStatus) -> Iterator[Event]:
    before, after = conditions.find(old.conditions, _READY), conditions.find(new.conditions, _READY)
    if after is None or (before is not None and before.reason == after.reason):
        return
    if after.status == "True":
        yield Event("Normal", _AS_WANTED.get(Reason(after.reason), EventReason.READY), after.message)
    elif after.reason in TROUBLES:
        yield Event("Warning", TROUBLES[Reason(after.reason)], after.message)
