"""Programs of jobs x what happens meanwhile: the right exit code, started once, output kept, nothing costs after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from tests.faults.programs.batch import batch
from tests.faults.programs.disturbances import DISTURBANCES, Disturbance
from tests.faults.programs.program import PROGRAMS, Program
from tests.faults.row import Case, Row
from tests.faults.tally import Tally
from tests.faults.world import Stage

_QUICK = {"undisturbed", "ssh cut"}  # a kill for each program is eight starts of an operator


async def disturbed(disturbance: Disturbance, programs: Sequence[Program], stage: Stage) -> Tally:
    """All programs side by side, and the same happens to each."""
    patient = replace(stage, patience=max(disturbance.patience, stage.patience))
    async with batch(patient, programs, disturbance.expected) as made:
        proven = await disturbance.strike(made)
        notes = (f"the operator's memory grew by {made.memory.growth:.0f} MiB",)
        return await made.judged(proven, notes=notes if disturbance.label == "undisturbed" else ())


def _cases() -> Iterator[Case]:
    for each in DISTURBANCES:
        yield Case(each.label, partial(disturbed, each, PROGRAMS), each.label in _QUICK, scenarios=len(PROGRAMS))


ROW = Row(
    "exit-codes",
    "Jobs on machines that are real: eight programs side by side x what is done to operator, ssh, instance or job",
    tuple(_cases()),
)
