"""Ours under a rate limit: how much of the limit goes to what users wait for."""

from __future__ import annotations

import time
from pathlib import Path

from tests.bench import floor, making
from tests.bench.contenders import OURS
from tests.bench.figures import Limited
from tests.bench.watching import watching
from tests.support.workspace import Workspace

REQUESTS_PER_MINUTE = 1200  # twelve times the default: the machine could do more, so that the limit decides


async def measure(workspace: Workspace, objects: int, directory: Path, start_seconds: float) -> Limited:
    """All Ready and all deleted. `start_seconds`: what an instance needs from its create call to running."""
    operator = OURS.launch(workspace, directory)
    await making.until_it_watches(workspace, OURS)
    async with watching(workspace, OURS) as seen:
        began = time.monotonic()
        await making.create(workspace, (f"gpu-{number}" for number in range(objects)))
        await seen.until(lambda: len(seen.ready) == objects, f"{objects} are Ready")
        ready, began = max(seen.ready.values()) - began, time.monotonic()
        await making.delete_all(workspace, seen, objects)
        deleted = max(seen.gone.values()) - began
    await operator.close()
    return Limited(
        objects=objects,
        requests_per_minute=REQUESTS_PER_MINUTE,
        ready_seconds=ready,
        ready_floor=floor.through(objects, REQUESTS_PER_MINUTE, start_seconds),
        delete_seconds=deleted,
        delete_floor=floor.through(objects, REQUESTS_PER_MINUTE, 0),
        left_billing=len((await workspace.novita.ledger()).billing),
    )
