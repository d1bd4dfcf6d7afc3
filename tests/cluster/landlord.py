"""What tests with machines that are real share: a simulator that has some, and a workspace in it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.simulator import Simulator

_ACCELERATION = 20  # instances are up within a second, and what runs on them has its time


@asynccontextmanager
async def landlord(directory: Path) -> AsyncIterator[tuple[Simulator, Path]]:
    """It, and the folder of its machines. Nothing of them is left in the end."""
    with tempfile.TemporaryDirectory(prefix="novita-test-") as made:
        await asyncio.to_thread(Path(made).chmod, 0o711)  # machines may have a user of their own
        started = await Simulator.start(directory, acceleration=_ACCELERATION, machines=Path(made))
        yield started, Path(made)
        await started.terminate()
