"""`python -m tests.bench.scale`: 100,000 instances of ten accounts, to see where one process ends. Writes SCALE.md.

The process is the operator's own parts: its cache, queue, accounts, poll and pass, wired as in production. The
simulator holds the instances, and the API server the accounts; the objects are in the cache alone, since what 100,000
of them ask of an API server is not what is measured here.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.bench.scale import population
from tests.bench.scale.measuring import measure
from tests.bench.scale.process import Scale
from tests.support.kube import Body
from tests.support.plane import Plane
from tests.support.simulator import Simulator
from tests.support.workspace import Workspace

from novita_operator import composition
from novita_operator.kube import client as kube_client
from novita_operator.runtime import core
from novita_operator.settings import Settings

_FOLDER = Path(__file__).parents[1]
_NO_LIMITS = {"requestsPerMinute": 60_000, "maxConcurrentCreates": 64}
_HOW = (
    "`make scale` writes this file. The objects are in the operator's own cache and the instances at the simulator; "
    "the steps come one after the other. Wall time includes waiting for the simulator."
)


def markdown(scale: Scale, instances: int) -> str:
    """SCALE.md."""
    count = len(scale.workspaces)
    lines = [
        f"# {count * instances:,} instances of {count} accounts in one process",
        "",
        _HOW,
        "",
        "| step | CPU s | wall s | |",
        "|---|--:|--:|---|",
        *(step.row for step in scale.steps),
        "",
        "RSS, MiB: " + ", ".join(f"{mib:,.0f} {what}" for what, mib in scale.rss.items()) + ".",
    ]
    return "\n".join(lines) + "\n"


@asynccontextmanager
async def _scale(accounts: int, folder: Path) -> AsyncIterator[tuple[Scale, Body]]:
    plane = await Plane.start(_made(folder / "plane"))
    simulator = await Simulator.start(_made(folder / "simulator"), acceleration=1.0)
    try:
        workspaces = [await Workspace.make(plane, simulator, "scale", limits=_NO_LIMITS) for _ in range(accounts)]
        like = await population.pattern(workspaces[0], _made(folder / "operator"))
        client = await kube_client.connect(plane.operator_kubeconfig)
        parts = await core.build(Settings(), client)
        yield Scale(plane, workspaces, parts, composition.controllers(parts)), like
        await client.aclose()
    finally:
        await simulator.close()
        await plane.close()


async def _run(accounts: int, instances: int) -> str:
    with tempfile.TemporaryDirectory() as name:
        async with _scale(accounts, Path(name)) as (scale, like):
            await measure(scale, like, instances)
            return markdown(scale, instances)


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True)
    return directory


def main() -> None:
    parser = argparse.ArgumentParser(prog="scale", description=__doc__)
    parser.add_argument("--accounts", type=int, default=10)
    parser.add_argument("--instances", type=int, default=10_000, help="of each account")
    parser.add_argument("--write", type=Path, default=_FOLDER, help="the folder for SCALE.md (%(default)s)")
    given = parser.parse_args()
    page = asyncio.run(_run(given.accounts, given.instances))
    (given.write / "SCALE.md").write_text(page)
    sys.stdout.write(page)


if __name__ == "__main__":
    main()
