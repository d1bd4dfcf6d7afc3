"""The one that starts operators counts each crash once, whenever it happened."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.faults.keeper import Keeper
from tests.support.operator_process import OperatorProcess
from tests.support.processes import Child

_CRASHES = """
import os, pathlib, signal
pathlib.Path(os.environ["NOVITA_CRASH_MARK"]).touch()
os.kill(os.getpid(), signal.SIGKILL)
"""


def _keeper(directory: Path, program: str) -> Keeper:
    def launch(extra: Mapping[str, str]) -> OperatorProcess:
        child = Child.start([sys.executable, "-c", program], directory / "operator.log", extra)
        return OperatorProcess(child, directory / "operator.port")

    keeper = Keeper(launch, directory)
    keeper.arms.append("release.after-write:kill")
    return keeper


async def test_a_crash_counts_that_happened_right_before_the_end_of_the_case(tmp_path: Path) -> None:
    keeper = _keeper(tmp_path, _CRASHES)
    keeper.start()
    await asyncio.sleep(0)  # the process is started in the first step of the keeper's task
    (process,) = keeper.running
    child = process.child
    assert isinstance(child, Child)

    child.process.wait()  # blocks the loop, so that the keeper cannot look
    await keeper.stop()

    assert len(keeper.fired_at) == 1
    assert keeper.not_fired == 0


async def test_a_process_that_never_reached_its_moment_has_not_crashed(tmp_path: Path) -> None:
    keeper = _keeper(tmp_path, "import signal; signal.pause()")
    keeper.start()
    await asyncio.sleep(0)

    await keeper.stop()

    assert not keeper.fired_at
    assert keeper.not_fired == 1
