"""`python -m tests.bench --sizes 100 1000`: ours and the tutorial's operator on the same parts, in one run."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench import measuring, report
from tests.bench.contenders import NAIVE, OURS, Contender
from tests.bench.figures import Figures
from tests.support.plane import Plane
from tests.support.simulator import Simulator
from tests.support.workspace import Workspace

_HERE = Path(__file__).parent
_ACCELERATION = 3.0  # six virtual seconds from create to running take two
_LIMITS = {"requestsPerMinute": 6000, "maxConcurrentCreates": 64}


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000], help="numbers of objects")
    parser.add_argument("--only", choices=["ours", "naive"], help="one contender")
    parser.add_argument("--write", type=Path, default=_HERE, help="the folder for RESULTS.md (%(default)s)")
    given = parser.parse_args()
    contenders = {"ours": [OURS], "naive": [NAIVE]}.get(given.only or "", [OURS, NAIVE])
    found = asyncio.run(_run(given.sizes, contenders))
    sys.stdout.write(report.write(found, given.write))


async def _run(sizes: Sequence[int], contenders: Sequence[Contender]) -> list[Figures]:
    found = []
    with tempfile.TemporaryDirectory() as folder:
        plane = await Plane.start(_made(Path(folder) / "plane"))
        simulator = await Simulator.start(_made(Path(folder) / "simulator"), acceleration=_ACCELERATION)
        try:
            for size in sizes:
                for contender in contenders:
                    sys.stdout.write(f"{contender.name} with {size} objects\n")
                    sys.stdout.flush()
                    found.append(await _one(plane, simulator, contender, size, Path(folder)))
        finally:
            await simulator.close()
            await plane.close()
    return found


async def _one(plane: Plane, simulator: Simulator, contender: Contender, size: int, folder: Path) -> Figures:
    workspace = await Workspace.make(plane, simulator, "bench", limits=_LIMITS)
    try:
        base = await measuring.floor(workspace, size)
        return await measuring.measure(workspace, contender, size, _made(folder / workspace.namespace), base)
    finally:
        await workspace.close()


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True)
    return directory


if __name__ == "__main__":
    main()
