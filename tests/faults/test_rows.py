"""A representative part of the table: every case of it is judged by the simulator's ledger."""

from __future__ import annotations

from typing import Any

import pytest
from tests.faults import run
from tests.faults.row import Case
from tests.faults.rows import catalog
from tests.faults.tally import Tally
from tests.faults.world import Stage

_TRIES = 3  # a busy machine may keep one from its moment, hardly three


def _quick(*, must_fail: bool) -> list[Any]:
    return [
        pytest.param(case, id=f"{row.name}: {case.label}")
        for row in catalog.ROWS
        for case in row.cases
        if case.quick and row.must_fail is must_fail
    ]


async def _proven(case: Case, stage: Stage, *, must_fail: bool = False) -> Tally:
    """The case, until it proves something: one in which nothing happened, or that nobody could judge, says nothing.

    What a judge complains of counts at once; where it has to complain, only together with the crash that it is for.
    """
    for _ in range(_TRIES):
        tally = await run.attempt(case, stage)
        if not tally.unjudged and (tally.fired and tally.caught if must_fail else tally.fired or not tally.clean):
            break
    return tally


@pytest.mark.parametrize("case", _quick(must_fail=False))
async def test_nothing_is_rented_twice_forgotten_or_wrongly_deleted(case: Case, stage: Stage) -> None:
    tally = await _proven(case, stage)

    assert tally.clean, "\n".join(tally.complaints)
    assert tally.fired, "no crash and no fault happened"


@pytest.mark.parametrize("case", _quick(must_fail=True))
async def test_the_judge_sees_what_an_operator_without_a_safety_step_does(case: Case, stage: Stage) -> None:
    tally = await _proven(case, stage, must_fail=True)

    assert tally.fired, "no crash and no fault happened"
    assert tally.caught, "an operator that lacks a safety step was found clean"
