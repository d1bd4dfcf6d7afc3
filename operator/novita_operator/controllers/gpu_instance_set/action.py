"""What a pass over a set decides to do: a closed union of frozen values. Each is one step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from novita_operator.reconciling.owned import Child


@dataclass(frozen=True, slots=True)
class Nothing:
    """The instances are as the spec wants them, or only a person can change that."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Something is under way, or held back for `seconds`; without them, a change of an instance wakes the set."""

    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Make:
    """Create one GPUInstance of this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete these GPUInstances."""

    children: tuple[Child, ...]
    why: Literal["Surplus", "Outdated"]


Step = Nothing | Wait | Make | Remove
