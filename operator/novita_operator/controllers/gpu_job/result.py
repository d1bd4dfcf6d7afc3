"""What a pass over a job did: facts for the report. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from novita_operator.controllers.gpu_job import action


@dataclass(frozen=True, slots=True)
class Result:
    """`step`: what was done; a step that turned out to be wrong is a Wait. `refused`: why no instance was stored."""

    step: action.Step
    made: str | None = None
    released: tuple[str, ...] = ()
    refused: str | None = None
