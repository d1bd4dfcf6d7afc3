"""What a pass over a set did: facts for the report. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from novita_operator.controllers.gpu_instance_set import action


@dataclass(frozen=True, slots=True)
class Result:
    """`refused`: why the API server would not store an instance. `made` and `removed` are names."""

    step: action.Step
    made: str | None = None
    removed: tuple[str, ...] = ()
    refused: str | None = None
