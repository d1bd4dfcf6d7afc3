"""Conditions as a pass states them: without their times. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from novita_operator.api.conditions import Condition
from novita_operator.kube import errors

Truth = Literal["True", "False", "Unknown"]


@dataclass(frozen=True, slots=True)
class Cond:
    """A condition without its times. Type and reason are words of the kind's own enums."""

    type: str
    status: Truth
    reason: str
    message: str

    def at(self, now: datetime, generation: int) -> Condition:
        """The condition, stated now about this generation of the spec; `api.conditions.merge` keeps older times."""
        return Condition(
            type=self.type,
            status=self.status,
            reason=self.reason,
            message=self.message,
            last_transition_time=now,
            observed_generation=generation,
        )


def crash(error: Exception, pause: float) -> tuple[Literal["InternalError", "ClusterRefused"], str]:
    """What users are told of a pass that ended with an error, and its reason; `pause` in seconds."""
    if isinstance(error, errors.REFUSALS):
        text = f"The cluster does not take what the operator writes about this object: {error}. "
        return "ClusterRefused", f"{text}Tried again in {pause:.0f} s; nothing else is done to it before."
    return "InternalError", (
        f"The operator failed on this object ({type(error).__name__}); its log says where. "
        f"Tried again in {pause:.0f} s; other objects go on. Please report it."
    )
