"""Where the output of one attempt of a job is to be looked for now. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from novita_operator.api import conditions
from novita_operator.api.conditions import Condition
from novita_operator.api.gpu_job.reasons import ConditionType
from novita_operator.api.gpu_job.resource import GPUJob

_TARGETS = (ConditionType.SUCCESS_CRITERIA_MET, ConditionType.FAILURE_TARGET)


@dataclass(frozen=True, slots=True)
class NotBegun:
    """There is no such attempt yet."""


@dataclass(frozen=True, slots=True)
class Preparing:
    """It is under way, and its program was not seen to run yet."""


@dataclass(frozen=True, slots=True)
class Runs:
    """Its program was seen to run on the machine of this GPUInstance."""

    instance: str


@dataclass(frozen=True, slots=True)
class OfItsOwn:
    """It is under way on this GPUInstance, whose container runs the program itself (signals Exited and Annotation)."""

    instance: str


@dataclass(frozen=True, slots=True)
class Over:
    """It is over; what is kept is all that there is."""


Standing = NotBegun | Preparing | Runs | OfItsOwn | Over


def standing(job: GPUJob, attempt: int) -> Standing:
    """Of the attempt with this number."""
    status = job.status
    if attempt > status.attempts:
        return NotBegun()
    if attempt < status.attempts or status.instance_name is None:
        return Over()
    if status.begun_signal != "ExitCode":
        return OfItsOwn(status.instance_name)
    return Runs(status.instance_name) if status.started_at is not None else Preparing()


def outcome(job: GPUJob) -> Condition | None:
    """What has become of the job, once no further attempt begins."""
    found = (conditions.find(job.status.conditions, kind) for kind in _TARGETS)
    return next((each for each in found if each is not None and each.status == "True"), None)


def told(job: GPUJob) -> str:
    """What the operator says of the job now."""
    ready = conditions.find(job.status.conditions, ConditionType.READY)
    return ready.message if ready is not None else "The operator has not looked at this job yet."


def failure(job: GPUJob, attempt: int) -> str | None:
    """Why this attempt has failed, as far as the status still says so."""
    found = next((each for each in job.status.failures if each.attempt == attempt), None)
    return None if found is None else found.message
