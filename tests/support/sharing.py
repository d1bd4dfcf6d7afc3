"""What all workers of a run share: whoever needs it first starts it, the others find it, the end of the run stops it.

Each thing has a folder below the run's temporary one, with a file of what another worker has to know to use it. Control
planes and children write files with their pids, by which the end of the run finds what still runs.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_cluster import locking, processes

Facts = dict[str, Any]
_PIDS = ("*.pids.json", "*plane*/pids.json")
_FAILURE = "failure"


@dataclass(frozen=True)
class Sharing:
    """The temporary folder of one run; those of its workers are below it."""

    directory: Path

    async def find_or_start(self, name: str, start: Callable[[Path], Awaitable[Facts]]) -> Facts:
        """What `start` has said of this thing, in whichever worker it ran; it is given the thing's own folder.

        Raises AssertionError where it has failed: it is not tried again, since it would fail for each worker.
        """
        folder = self.directory / f"shared-{name}"
        async with _locked(folder):
            known = folder / "facts.json"
            if not known.exists():
                known.write_text(json.dumps(await _started(folder, start)))
            facts: Facts = json.loads(known.read_text())
        assert _FAILURE not in facts, f"{name} did not start:\n{facts[_FAILURE]}"
        return facts

    def end(self) -> None:
        """Stop every process that runs below this folder, the newest first; logs stay, the data of etcd do not."""
        # Not `rglob`, which fails where a folder goes meanwhile, such as one of kubectl's cache.
        below = (Path(folder, name) for folder, _, names in os.walk(self.directory) for name in names)
        files = [file for file in below if any(file.match(pattern) for pattern in _PIDS)]
        found = [process for pids in files for process in processes.load(pids).values()]
        for process in sorted(found, key=lambda each: each.ticks, reverse=True):
            process.stop()
        for data in self.directory.glob("*/etcd"):
            shutil.rmtree(data, ignore_errors=True)


async def _started(folder: Path, start: Callable[[Path], Awaitable[Facts]]) -> Facts:
    try:
        return await start(folder)
    except Exception:  # noqa: BLE001 - each worker has to hear of it, whatever it is
        return {_FAILURE: traceback.format_exc()}


@asynccontextmanager
async def _locked(folder: Path) -> AsyncIterator[None]:
    """One worker at a time in this folder; the others wait without holding up what else runs in them."""
    held = locking.held(folder, f"another worker is starting {folder.name}")
    with ExitStack() as stack:
        await asyncio.to_thread(stack.enter_context, held)
        yield
