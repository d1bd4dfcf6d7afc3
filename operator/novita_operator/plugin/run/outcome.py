"""What has become of a job, as one who waits for it is told. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from novita_operator.api import conditions
from novita_operator.api.gpu_job.reasons import ConditionType
from novita_operator.api.gpu_job.resource import GPUJob

_FAILED = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """`code`: the exit code of who waits: the program's own, where it is known."""

    code: int
    message: str


def of(job: GPUJob) -> Outcome | None:
    """None while nothing is known. Its machine may still be being let go."""
    found = (conditions.find(job.status.conditions, kind) for kind in _TARGETS)
    told = next((each for each in found if each is not None), None)
    if told is None:
        return None
    if told.type in _GOOD:
        return Outcome(0, told.message)
    return Outcome(job.status.exit_code or _FAILED, told.message)


def says(job: GPUJob) -> str:
    """What the operator says of it now."""
    ready = conditions.find(job.status.conditions, ConditionType.READY)
    return ready.message if ready is not None else "The operator has not looked at it yet."


_GOOD = frozenset({ConditionType.COMPLETE, ConditionType.SUCCESS_CRITERIA_MET})
_TARGETS = (*sorted(_GOOD), ConditionType.FAILED, ConditionType.FAILURE_TARGET)
