"""`python -m tests.bench --sizes 100 1000`: ours and the tutorial's operator on the same parts, in one run."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import churn, life, limited, noise, plot, poison, report
from tests.bench.contenders import NAIVE, OURS, Contender
from tests.bench.results import Results
from tests.support.plane import Plane
from tests.support.simulator import Simulator
from tests.support.workspace import Workspace

_HERE = Path(__file__).parent
_ACCELERATION = 3.0
_START_SECONDS = 6 / _ACCELERATION  # the simulator's six seconds from create to running
_NO_LIMITS = {"requestsPerMinute": 60_000, "maxConcurrentCreates": 64}
_LIMITS = {"requestsPerMinute": limited.REQUESTS_PER_MINUTE, "maxConcurrentCreates": 64}
# Above it, ours alone and without a limit: a GET for each object and poll is more than the simulator answers, and a
# limit would decide everything, for hours.
_ORDINARY_MOST = 1_000
_PARTS = ("life", "limited", "poison", "churn")


@dataclass
class Bench:
    """The parts that all runs share, and what they have found so far."""

    plane: Plane
    simulator: Simulator
    folder: Path
    results: Results = field(default_factory=Results)

    async def life(self, size: int, contenders: Sequence[Contender]) -> None:
        for contender in contenders:
            _say(f"{contender.name} with {size} objects")
            workspace = await self._workspace(_NO_LIMITS)
            self.results.lives.append(await life.measure(workspace, contender, size, self._directory(workspace)))
            await workspace.close()

    async def limited(self, size: int) -> None:
        _say(f"{size} objects under a limit of {limited.REQUESTS_PER_MINUTE} calls a minute")
        workspace = await self._workspace(_LIMITS)
        found = await limited.measure(workspace, size, self._directory(workspace), _START_SECONDS)
        self.results.limited.append(found)
        await workspace.close()

    async def poison(self) -> None:
        _say("good objects beside poisoned ones")
        plain, poisoned = await self._workspace(_NO_LIMITS), await self._workspace(_NO_LIMITS)
        self.results.poison = await poison.measure(plain, poisoned, self._directory(plain))
        await plain.close()
        await poisoned.close()

    async def churn(self, size: int) -> None:
        _say(f"{churn.CYCLES} times {size} objects made and deleted")
        workspace = await self._workspace(_NO_LIMITS)
        self.results.churn = await churn.measure(workspace, size, self._directory(workspace))
        await workspace.close()

    async def _workspace(self, limits: dict[str, int]) -> Workspace:
        self.results.noise.append(noise.sample())
        return await Workspace.make(self.plane, self.simulator, "bench", limits=limits)

    def _directory(self, workspace: Workspace) -> Path:
        return _made(self.folder / workspace.namespace)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000], help="numbers of objects")
    parser.add_argument("--only", choices=["ours", "naive"], help="one contender")
    parser.add_argument("--parts", nargs="+", choices=_PARTS, default=_PARTS, help="some of the parts")
    parser.add_argument("--add", action="store_true", help="to what an earlier run has left in the folder")
    parser.add_argument("--write", type=Path, default=_HERE, help="the folder for RESULTS.md (%(default)s)")
    given = parser.parse_args()
    contenders = {"ours": [OURS], "naive": [NAIVE]}.get(given.only or "", [OURS, NAIVE])
    given.write.mkdir(parents=True, exist_ok=True)
    known = Results.from_json((given.write / "results.json").read_text()) if given.add else Results()
    results = asyncio.run(_run(given.sizes, contenders, given.parts, given.write, known))
    sys.stdout.write(report.markdown(results))


async def _run(
    sizes: Sequence[int], contenders: Sequence[Contender], parts: Sequence[str], write: Path, known: Results
) -> Results:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plane = await Plane.start(_made(folder / "plane"))
        simulator = await Simulator.start(_made(folder / "simulator"), acceleration=_ACCELERATION)
        bench = Bench(plane, simulator, folder, known)
        try:
            async for _ in _parts(bench, sizes, contenders, parts):
                _write(bench.results, write)
        finally:
            await simulator.close()
            await plane.close()
    return bench.results


async def _parts(
    bench: Bench, sizes: Sequence[int], contenders: Sequence[Contender], parts: Sequence[str]
) -> AsyncIterator[None]:
    """One part after the other; the largest number comes last, since it takes as long as all the rest."""
    ordinary = [size for size in sizes if size <= _ORDINARY_MOST]
    for size in ordinary:
        if "life" in parts:
            yield await bench.life(size, contenders)
        if "limited" in parts:
            yield await bench.limited(size)
    if "poison" in parts:
        yield await bench.poison()
    if "churn" in parts:
        yield await bench.churn(max(ordinary, default=_ORDINARY_MOST))
    for size in sizes:
        if size > _ORDINARY_MOST and "life" in parts:
            yield await bench.life(size, [each for each in contenders if each is OURS])


def _write(results: Results, folder: Path) -> None:
    """What is known so far: a run of an hour is not lost where a later part fails."""
    (folder / "results.json").write_text(results.to_json())
    (folder / "RESULTS.md").write_text(report.markdown(results))
    plot.draw(results.lives, folder / "results.png")


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True)
    return directory


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
