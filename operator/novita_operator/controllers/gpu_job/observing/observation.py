"""The facts of one pass over a job: the object, the instances it owns, and what one can conclude. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from novita_operator.api import conditions, meta
from novita_operator.api.gpu_job.reasons import ConditionType
from novita_operator.api.gpu_job.resource import GPUJob
from novita_operator.api.gpu_job.spec import GPUJobSpec
from novita_operator.api.gpu_job.status import GPUJobStatus
from novita_operator.controllers.gpu_job.observing.program import UNATTENDED, Attended
from novita_operator.reconciling.owned import Child

_TYPE = ConditionType


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody wrote into the annotation gpu.novita.ai/job-result."""

    outcome: Literal["Succeeded", "Failed", "Unclear"]
    message: str


@dataclass(frozen=True, slots=True)
class Pauses:
    """Between a failed attempt and the next one: `first` seconds, then twice that, … up to `longest`."""

    first: float
    longest: float

    def after(self, failures: int) -> timedelta:
        # 2 ** 30 is beyond every maximum: the exponent is bounded so that it never overflows.
        return timedelta(seconds=min(self.longest, self.first * 2.0 ** min(max(0, failures - 1), 30)))


@dataclass(frozen=True, slots=True)
class Observation:
    """What a pass knows before it decides. `children`: all instances of the job, those on their way out included."""

    resource: GPUJob
    children: tuple[Child, ...]
    pauses: Pauses
    program: Attended = UNATTENDED
    """What is known of the program of the attempt under way, where it runs over ssh."""

    @property
    def spec(self) -> GPUJobSpec | None:
        return self.resource.spec

    @property
    def status(self) -> GPUJobStatus:
        return self.resource.status

    @property
    def current(self) -> Child | None:
        """The instance of the attempt under way, if it is there."""
        return next((child for child in self.children if child.name == self.status.instance_name), None)

    @property
    def strays(self) -> tuple[Child, ...]:
        """Instances of attempts that are over, which nobody has asked to go yet."""
        return tuple(child for child in self.live if child.name != self.status.instance_name)

    @property
    def live(self) -> tuple[Child, ...]:
        return tuple(child for child in self.children if not child.deleting)

    @property
    def complete(self) -> bool:
        return self.has(_TYPE.COMPLETE)

    @property
    def finished(self) -> bool:
        """The outcome is known, and no instance is left."""
        return self.complete or self.has(_TYPE.FAILED)

    @property
    def concluded(self) -> bool:
        """The outcome is known."""
        return self.has(_TYPE.SUCCESS_CRITERIA_MET) or self.has(_TYPE.FAILURE_TARGET)

    def has(self, kind: ConditionType) -> bool:
        found = conditions.find(self.status.conditions, kind)
        return found is not None and found.status == "True"

    @property
    def finished_at(self) -> datetime | None:
        ends = (conditions.find(self.status.conditions, kind) for kind in (_TYPE.COMPLETE, _TYPE.FAILED))
        return next((found.last_transition_time for found in ends if found is not None), None)

    @property
    def deadline(self) -> datetime | None:
        """When the job fails, whatever it is doing."""
        spec, start = self.spec, self.status.start_time
        if spec is None or start is None or spec.active_deadline_seconds is None or spec.suspend:
            return None
        return start + timedelta(seconds=spec.active_deadline_seconds)

    @property
    def next_attempt_at(self) -> datetime | None:
        """When the next attempt may begin; None where none has failed."""
        if not self.status.failures:
            return None
        return self.status.failures[-1].at + self.pauses.after(self.status.failed)

    @property
    def report(self) -> Report | None:
        said = self.resource.meta.annotations.get(meta.JOB_RESULT)
        return None if said is None else _report(said)

    @property
    def signal(self) -> str:
        """How the outcome is known. What a job began with stays."""
        spec, status = self.spec, self.status
        asked = spec.completion.signal if spec is not None else None
        begun = status.begun_signal
        # Who starts the program was settled with its instance: with another one, it would run twice, or never.
        settled = status.instance_name is not None and "ExitCode" in {asked, begun}
        return begun if asked is None or settled else asked

    @property
    def over_ssh(self) -> bool:
        """Whether the operator runs the program itself."""
        return self.signal == "ExitCode"

    @property
    def paused(self) -> bool:
        return self.resource.meta.paused

    @property
    def deleting(self) -> bool:
        return self.resource.meta.deleted_at is not None


def _report(said: str) -> Report:
    word, _, message = said.partition(":")
    match word.strip().lower():
        case "succeeded":
            return Report("Succeeded", message.strip())
        case "failed":
            return Report("Failed", message.strip())
        case _:
            return Report("Unclear", said)
