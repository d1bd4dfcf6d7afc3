"""Keeps operator processes running, as a kubelet does: whoever ends is started again, armed with the next crash."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from tests.support.operator_process import OperatorProcess

_LOOK_SECONDS = 0.05  # between looks at whether a process has ended; a tenth of what starting one takes

_FAILURES = 3  # in a row, a second apart: kubelet's default threshold
_START_SECONDS = 10.0  # what a start-up probe would grant

_ON_ITS_WAY_SECONDS = 10.0  # from a write's end at the API server to the next line of the operator, on a busy machine

Launch = Callable[[Mapping[str, str]], OperatorProcess]


@dataclass
class Keeper:
    """`arms`: values of NOVITA_CRASH_AT, one per process started. `pause`: seconds until a process is started again.

    A crash counts only if its mark file proves that it was reached. `probe`: ask for /livez as a kubelet does, and kill
    a process that fails it three times in a row.
    """

    launch: Launch
    directory: Path
    replicas: int = 1
    pause: float = 0.0
    probe: bool = False
    arms: deque[str] = field(default_factory=deque)
    running: list[OperatorProcess] = field(default_factory=list)
    fired_at: list[float] = field(default_factory=list)
    started: int = 0
    unasked: int = 0
    not_alive: int = 0
    _asked: int = 0
    _marks: set[Path] = field(default_factory=set)
    _slots: list[asyncio.Task[None]] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def start(self) -> None:
        """Start as many as are wanted."""
        self._asked = len(self.arms)
        self._slots = [asyncio.create_task(self._keep()) for _ in range(self.replicas)]

    @property
    def not_fired(self) -> int:
        """Crashes that were asked for and did not happen."""
        return self._asked - len(self.fired_at)

    async def until_fired(self) -> None:
        """Until the crash of a process that may be on its way to it was seen, or long enough."""
        end = time.monotonic() + _ON_ITS_WAY_SECONDS
        while not self.fired_at and time.monotonic() < end:
            await asyncio.sleep(_LOOK_SECONDS)

    async def stop(self) -> None:
        """Start no more, and kill those that run. A crash that nobody has looked at yet still counts."""
        for slot in self._slots:
            slot.cancel()
        if self._slots:
            await asyncio.wait(self._slots)
        for process in self.running:
            await process.close()
        self.running.clear()
        self._count_marks()

    async def _keep(self) -> None:
        while True:
            mark = self.directory / f"mark-{next(self._numbers)}"
            armed = {}
            if self.arms:
                armed = {"NOVITA_CRASH_AT": self.arms.popleft(), "NOVITA_CRASH_MARK": str(mark)}
                self._marks.add(mark)
            process = self.launch(armed)
            self.started += 1
            self.running.append(process)
            await self._until_ended(process)
            self.running.remove(process)
            self.unasked += not mark.exists()
            await asyncio.sleep(self.pause)

    async def _until_ended(self, process: OperatorProcess) -> None:
        failures, asked_at = 0, time.monotonic() + _START_SECONDS
        while True:
            if self.probe and time.monotonic() > asked_at:
                failures, asked_at = (0 if await _alive(process) else failures + 1), time.monotonic() + 1.0
                if failures == _FAILURES:
                    self.not_alive += 1
                    await process.kill()
            running = process.child.running
            self._count_marks()
            if not running:
                return
            await asyncio.sleep(_LOOK_SECONDS)

    def _count_marks(self) -> None:
        reached = {mark for mark in self._marks if mark.exists()}
        self.fired_at += [time.monotonic()] * len(reached)
        self._marks -= reached


async def _alive(process: OperatorProcess) -> bool:
    try:
        return (await process.page("livez")).is_success
    except httpx.TransportError:
        return False
