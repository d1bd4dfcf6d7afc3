"""An hour of comings and goings, run faster: does the process hold on to anything?"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from tests.bench import making
from tests.bench.contenders import OURS, launch_counted
from tests.bench.figures import Churn, Usage
from tests.bench.watching import watching
from tests.support.workspace import Workspace

CYCLES = 12  # 1,000 in five minutes, for an hour
_QUIET_SECONDS = 5.0  # what a cycle left under way is over


async def measure(workspace: Workspace, objects: int, directory: Path) -> Churn:
    """Each cycle makes so many objects, waits until all are Ready, and deletes them."""
    operator = launch_counted(workspace, directory)
    await making.until_it_watches(workspace, OURS)
    usages, tasks, began = [], [], time.monotonic()
    for _ in range(CYCLES):
        async with watching(workspace, OURS) as seen:
            await making.create(workspace, (f"gpu-{number}" for number in range(objects)))
            await seen.until(lambda seen=seen: len(seen.ready) == objects, "all are Ready")
            await making.delete_all(workspace, seen, objects)
        await asyncio.sleep(_QUIET_SECONDS)
        usages.append(Usage.of(operator.child.process.pid))
        tasks.append(int((directory / "tasks").read_text()))
    seconds = time.monotonic() - began
    await operator.close()
    return Churn(
        objects=objects,
        rss=[each.rss for each in usages],
        tasks=tasks,
        files=[each.files for each in usages],
        seconds=seconds,
        left_billing=len((await workspace.novita.ledger()).billing),
    )
