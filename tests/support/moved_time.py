"""An operator and a simulator whose time a test moves: what takes hours for users takes a moment."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.support.operator_process import OperatorProcess
from tests.support.plane import Plane
from tests.support.processes import REPOSITORY
from tests.support.simulator import Simulator
from tests.support.workspace import Workspace

_SHIFTED = (sys.executable, "-m", "tests.support.shifted_operator", "run")
_QUICK = {"accept": 0.1, "create": 0.1, "pull": 0.2, "start": 0.1, "stop": 0.1}


@dataclass
class Time:
    """The clocks of the operator and of the simulator, moved together."""

    workspace: Workspace
    file: Path
    ahead: float = 0.0

    @property
    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead)

    async def passes(self, seconds: float) -> None:
        self.ahead += seconds
        await self.workspace.novita.pass_seconds(seconds)
        unfinished = self.file.with_suffix(".tmp")  # the operator must never read half a number
        unfinished.write_text(str(self.ahead))
        unfinished.replace(self.file)


Start = Callable[[], Awaitable[OperatorProcess]]


@asynccontextmanager
async def moved(
    plane: Plane, in_step: Simulator, directory: Path, name: str
) -> AsyncIterator[tuple[Workspace, Time, Start]]:
    """A workspace whose operator has clocks that the test moves, and a way to start that operator (again).

    `plane`: one without another operator. `in_step`: a simulator whose time goes as fast as the operator's.
    """
    workspace = await Workspace.make(plane, in_step, name)
    await workspace.novita.set(delays=_QUICK)
    clock = Time(workspace, directory / "clock")
    clock.file.write_text("0")
    async with AsyncExitStack() as stack:

        async def start() -> OperatorProcess:
            started = OperatorProcess.launch(
                directory,
                plane.operator_kubeconfig,
                _SHIFTED,
                NOVITA_API_URL=in_step.url,
                WATCH_NAMESPACES=workspace.namespace,
                CLOCK_FILE=str(clock.file),
                PYTHONPATH=f"{REPOSITORY / 'operator'}:{REPOSITORY}",
            )
            stack.push_async_callback(started.close)
            await started.until_ready()
            workspace.operator = started
            return started

        yield workspace, clock, start
    await workspace.close()
