"""Ours under a rate limit: how much of the limit goes to what users wait for."""

from __future__ import annotations

import time
from pathlib import Path

from tests.bench import billing, floor, making
from tests.bench.contenders import OURS
from tests.bench.figures import Limited, Timed
from tests.bench.watching import watching
from tests.support.workspace import Workspace

REQUESTS_PER_MINUTE = 1200  # twelve times the default: the machine could do more, so that the limit decides
# Calls that one object cannot do without. To Ready: create, and one read, since lists lack the connection (novita-api
# 2A.2). To its end: delete; to be let go: also one read by id and one list by exact name that show it gone (safety.md).
CALLS_TO_READY, CALLS_TO_THE_END, CALLS_TO_BE_LET_GO = 2, 1, 3


async def measure(workspace: Workspace, objects: int, directory: Path, start_seconds: float) -> Limited:
    """All Ready and all deleted. `start_seconds`: what an instance needs from its create call to running."""
    operator = OURS.launch(workspace, directory)
    await making.until_it_watches(workspace, OURS)
    async with watching(workspace, OURS) as seen:
        began = time.monotonic()
        await making.create(workspace, (f"gpu-{number}" for number in range(objects)))
        await seen.until(lambda: len(seen.ready) == objects, f"{objects} are Ready")
        ready, deleting = max(seen.ready.values()) - began, time.monotonic()
        await making.delete_all(workspace, seen, objects)
        ended, gone = await billing.last_end(workspace) - deleting, max(seen.gone.values()) - deleting
    await operator.close()
    return Limited(
        objects=objects,
        requests_per_minute=REQUESTS_PER_MINUTE,
        ready=_timed(ready, objects, CALLS_TO_READY, start_seconds),
        unbilled=_timed(ended, objects, CALLS_TO_THE_END),
        gone=_timed(gone, objects, CALLS_TO_BE_LET_GO),
        left_billing=len((await workspace.novita.ledger()).billing),
    )


def _timed(seconds: float, objects: int, calls: int, clock_seconds: float = 0) -> Timed:
    """Beside its floor, and beside the time that one call for each object takes."""
    least, single = (floor.through(objects * each, REQUESTS_PER_MINUTE, clock_seconds) for each in (calls, 1))
    return Timed(seconds, calls, floor=least, one_call=single)
