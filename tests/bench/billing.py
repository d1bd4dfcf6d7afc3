"""When Novita billed for each instance, by the simulator's ledger, on the clock that everything else is timed with."""

from __future__ import annotations

import time
from typing import Any

from tests.support.workspace import Workspace


async def began(workspace: Workspace) -> dict[str, float]:
    """The first billed moment by instance id, on the monotonic clock. Without those that never ran."""
    zero, instances = await _read(workspace)
    return {each["id"]: zero + each["billed"][0]["realFrom"] for each in instances if each["billed"]}


async def last_end(workspace: Workspace) -> float:
    """From when on nothing was billed any more, on the monotonic clock. Raises TypeError where something still is."""
    zero, instances = await _read(workspace)
    return max(zero + period["realTo"] for each in instances for period in each["billed"])


async def _read(workspace: Workspace) -> tuple[float, list[dict[str, Any]]]:
    """The monotonic moment of the ledger's zero, and its lines."""
    book = await workspace.novita.book()
    return time.monotonic() - book["now"]["real"], book["instances"]
