"""A representative part of the table: every case of these is judged by the simulator's ledger."""

from __future__ import annotations

import asyncio

import pytest
from tests.faults import run
from tests.faults.row import Case, Row
from tests.faults.rows import catalog
from tests.faults.tally import Tally, total
from tests.faults.world import Stage

_AT_ONCE = 4  # cases wait for processes to start most of the time


def _rows(*, must_fail: bool) -> list[Row]:
    return [row for row in catalog.ROWS if row.must_fail is must_fail and any(case.quick for case in row.cases)]


async def _run(row: Row, stage: Stage) -> Tally:
    slots = asyncio.Semaphore(1 if row.alone else _AT_ONCE)

    async def one(case: Case) -> Tally:
        async with slots:
            return await run.attempt(case, stage)

    return total(await asyncio.gather(*(one(case) for case in row.cases if case.quick)))


@pytest.mark.parametrize("row", _rows(must_fail=False), ids=lambda row: row.name)
async def test_nothing_is_rented_twice_forgotten_or_wrongly_deleted(row: Row, stage: Stage) -> None:
    tally = await _run(row, stage)

    assert tally.clean, "\n".join(tally.complaints)
    assert tally.fired, "no crash and no fault happened"


@pytest.mark.parametrize("row", _rows(must_fail=True), ids=lambda row: row.name)
async def test_the_judge_sees_what_an_operator_without_a_safety_step_does(row: Row, stage: Stage) -> None:
    tally = await _run(row, stage)

    assert tally.fired, "no crash and no fault happened"
    assert tally.outside + tally.forgotten, "an operator that lacks a safety step was found clean"
