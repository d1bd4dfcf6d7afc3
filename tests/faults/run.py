"""Running rows: a control plane and a simulator for all, so many cases at a time."""

from __future__ import annotations

import asyncio
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from tests.faults import tally as tallies
from tests.faults.results import Done
from tests.faults.row import Case, Row
from tests.faults.tally import Tally
from tests.faults.world import Stage
from tests.support.plane import Plane
from tests.support.simulator import Simulator

Say = Callable[[str], None]


@asynccontextmanager
async def staged(directory: Path, broken: str | None = None) -> AsyncIterator[Stage]:
    """The real control plane and the simulator."""
    for name in ("plane", "simulator", "worlds"):
        (directory / name).mkdir()
    plane = await Plane.start(directory / "plane")
    try:
        simulator = await Simulator.start(directory / "simulator", acceleration=1)
        try:
            yield Stage(plane, simulator, directory / "worlds", broken)
        finally:
            await simulator.close()
    finally:
        await plane.close()


async def run(rows: Sequence[Row], *, jobs: int, quick: bool, broken: str | None, say: Say) -> list[Done]:
    """All cases of these rows. Rows that must be alone come last."""
    _end_in_order()
    directory = Path(tempfile.mkdtemp(prefix="novita-faults-"))
    say(f"logs: {directory}")
    done: list[Done] = []
    async with staged(directory, broken) as stage:
        for row in sorted(rows, key=lambda each: each.alone):
            cases = [case for case in row.cases if case.quick or not quick]
            if cases:
                started = time.monotonic()
                tally = await _row(row, cases, stage, 1 if row.alone else jobs, say)
                done.append(Done(row, tally, time.monotonic() - started))
                say(f"{row.name}: {_short(tally)} in {done[-1].seconds:.0f} s")
    return done


def _end_in_order() -> None:
    """SIGTERM ends the run as an interrupt does: everything that was started is stopped."""
    current = asyncio.current_task()
    assert current is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, current.cancel)


async def _row(row: Row, cases: Sequence[Case], stage: Stage, jobs: int, say: Say) -> Tally:
    waiting = list(reversed(cases))
    found: list[Tally] = []

    async def work() -> None:
        while waiting:
            case = waiting.pop()
            tally = await attempt(case, stage)
            found.append(tally)
            for complaint in tally.complaints:
                say(f"  {row.name} / {case.label}: {complaint}")

    async with asyncio.TaskGroup() as group:
        for _ in range(jobs):
            group.create_task(work())
    return tallies.total(found)


async def attempt(case: Case, stage: Stage) -> Tally:
    """One case. A case that cannot be judged proves nothing, and says so."""
    try:
        return await case.run(stage)
    except AssertionError as error:
        return replace(Tally(), not_fired=1, person=1, complaints=(f"could not be judged: {error}",))


def _short(tally: Tally) -> str:
    return (
        f"{tally.fired} fired, {tally.not_fired} not; twice {tally.outside}+{tally.inside}, "
        f"forgotten {tally.forgotten}, wrong {tally.wrong}, person {tally.person}"
    )
