"""What a pass over a job decides to do: a closed union of frozen values. Each is one step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from novita_operator.reconciling.owned import Child


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing is to be done, or only a person can change that."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Something is under way, or due in `seconds`; a change of the job or its instance wakes it, too."""

    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class ClearReport:
    """Remove a reported result that no attempt under way can have written."""


@dataclass(frozen=True, slots=True)
class Begin:
    """Count the next attempt durably, before its instance is made."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Make:
    """Create the GPUInstance of the attempt that was counted."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Release:
    """Delete these GPUInstances: their attempts are over."""

    children: tuple[Child, ...]


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The attempt failed; whether another one follows is the next decision."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Disregard:
    """The attempt is over, and spec.failurePolicy says that its failure does not count."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class HoldBack:
    """spec.suspend: the attempt is over, and did not fail."""


@dataclass(frozen=True, slots=True)
class Conclude:
    """Record the outcome durably, before the instance is released."""

    outcome: Literal["Succeeded", "Failed"]
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The outcome is recorded and no instance is left: say Complete or Failed."""


@dataclass(frozen=True, slots=True)
class RemoveJob:
    """ttlSecondsAfterFinished has passed."""


Step = (
    Nothing
    | Wait
    | ClearReport
    | Begin
    | Make
    | Release
    | GiveUp
    | Disregard
    | HoldBack
    | Conclude
    | Finish
    | RemoveJob
)
