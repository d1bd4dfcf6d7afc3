"""Running rows: a control plane and a simulator for all, so many cases at a time."""

from __future__ import annotations

import asyncio
import signal
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
from tests.faults import results
from tests.faults import tally as tallies
from tests.faults.results import Done
from tests.faults.row import Case, Row
from tests.faults.tally import Tally
from tests.faults.world import PATIENCE_SECONDS, Stage
from tests.support.plane import CRDS, Plane
from tests.support.simulator import Simulator

Say = Callable[[str], None]


@dataclass(frozen=True)
class How:
    """What is run and how. `broken` and `checkout` as in Stage."""

    jobs: int
    quick: bool
    broken: str | None = None
    checkout: Path | None = None
    patience: float = PATIENCE_SECONDS


@asynccontextmanager
async def staged(directory: Path, how: How) -> AsyncIterator[Stage]:
    """The real control plane, with the CRDs of the operator that runs, and the simulator."""
    for name in ("plane", "simulator", "worlds"):
        (directory / name).mkdir()
    plane = await Plane.start(directory / "plane", crds=CRDS if how.checkout is None else how.checkout / "crds")
    try:
        simulator = await Simulator.start(directory / "simulator", acceleration=1)
        try:
            yield Stage(plane, simulator, directory / "worlds", how.broken, how.checkout, how.patience)
        finally:
            await simulator.close()
    finally:
        await plane.close()


async def run(rows: Sequence[Row], how: How, say: Say, finished: Callable[[Done], None]) -> list[Done]:
    """All cases of these rows; `finished` hears of each row at its end. Rows that must be alone come last."""
    end_in_order()
    directory = Path(tempfile.mkdtemp(prefix="novita-faults-"))
    say(f"logs: {directory}")
    done: list[Done] = []

    def hear(found: Done) -> None:
        done.append(found)
        finished(found)
        say(f"{found.row.name}: {_short(found.tally)} in {found.seconds:.0f} s")

    async with staged(directory, how) as stage:
        wanted = [replace(row, cases=tuple(case for case in row.cases if case.quick or not how.quick)) for row in rows]
        # Rows of few cases have long ones: they begin first, so that nobody waits for the last of them at the end.
        together = sorted((row for row in wanted if not row.alone), key=lambda row: len(row.cases))
        await _rows(together, stage, how.jobs, say, hear)
        await _rows([row for row in wanted if row.alone], stage, 1, say, hear)
    return done


def end_in_order() -> None:
    """SIGTERM ends the run as an interrupt does: everything that was started is stopped."""
    current = asyncio.current_task()
    assert current is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, current.cancel)


async def _rows(rows: Sequence[Row], stage: Stage, jobs: int, say: Say, hear: Callable[[Done], None]) -> None:
    """The cases of all these rows, so many at a time."""
    commit = results.commit(stage.checkout or Path(__file__).parents[2])
    waiting = deque((row, case) for row in rows for case in row.cases)
    found: dict[str, list[Tally]] = {row.name: [] for row in rows}
    failed: dict[str, list[str]] = {row.name: [] for row in rows}
    began: dict[str, float] = {}

    async def work() -> None:
        while waiting:
            row, case = waiting.popleft()
            began.setdefault(row.name, time.monotonic())
            tally = await attempt(case, stage)
            found[row.name].append(tally)
            for complaint in tally.complaints:
                say(f"  {row.name} / {case.label}: {complaint}")
            if not tally.clean and not tally.unjudged:
                failed[row.name].append(case.label)
            if len(found[row.name]) == len(row.cases):
                took = time.monotonic() - began[row.name]
                hear(Done(row, tallies.total(found[row.name]), took, len(row.cases), tuple(failed[row.name]), commit))

    async with asyncio.TaskGroup() as group:
        for _ in range(jobs):
            group.create_task(work())


async def attempt(case: Case, stage: Stage) -> Tally:
    """One case. A case that cannot be judged proves nothing, and says so."""
    try:
        return await case.run(stage)
    except (AssertionError, httpx.HTTPError) as error:
        return replace(Tally(), not_fired=1, unjudged=1, complaints=(f"could not be judged: {error!r}",))


def _short(tally: Tally) -> str:
    return (
        f"{tally.fired} fired, {tally.not_fired} not; twice {tally.outside}+{tally.inside}, "
        f"forgotten {tally.forgotten}, wrong {tally.wrong}, person {tally.person}, "
        f"unguarded {tally.unguarded}, untrue {tally.untrue}, started twice {tally.restarted}, "
        f"wrong outcome {tally.misjudged}, unjudged {tally.unjudged}"
    )
