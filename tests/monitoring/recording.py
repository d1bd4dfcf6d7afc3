"""A real run to be shown: API server, simulator and operator at work for minutes, scraped all the while."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from contextlib import AsyncExitStack
from pathlib import Path

from tests.monitoring import names, troubles
from tests.monitoring.engine import Series
from tests.support.operator_process import OperatorProcess
from tests.support.plane import Plane
from tests.support.simulator import Simulator
from tests.support.workspace import Workspace

_SCRAPE_SECONDS = 5.0
_ACCELERATION = 5.0  # virtual seconds per second: what takes Novita a minute takes twelve seconds
_AT_ONCE = 8  # instances that an account begins with
_PAUSE_SECONDS = 6.0  # between two new ones after that
_KEPT = 12  # instances of an account at the same time; older ones are deleted
# The pauses of a real operator and not those of a test, but for orphans: here they are deleted within seconds.
_SETTINGS = {
    "TRANSITION_POLL_INTERVAL": "2000",
    "POLL_INTERVAL": "10000",
    "LOG_LEVEL": "INFO",
    "ORPHAN_AGE": "1000",
    "ORPHAN_SIGHTINGS_APART": "1000",
    "CLUSTER_ID": troubles.CLUSTER,
}


async def record(directory: Path, seconds: float) -> list[Series]:
    """Every series that was scraped, with all its values."""
    async with AsyncExitStack() as stack:
        operator, teams = await _start(directory, stack)
        end = time.monotonic() + seconds
        scraped, *_ = await asyncio.gather(
            _scrape(operator, end), troubles.happen(*teams, seconds), *(_live(team, end) for team in teams)
        )
        return scraped


async def _start(directory: Path, stack: AsyncExitStack) -> tuple[OperatorProcess, tuple[Workspace, Workspace]]:
    for name in ("plane", "simulator", "operator"):
        (directory / name).mkdir()
    plane = await Plane.start(directory / "plane")
    stack.push_async_callback(plane.close)
    simulator = await Simulator.start(directory / "simulator", acceleration=_ACCELERATION)
    stack.push_async_callback(simulator.close)
    settings = _SETTINGS | {"NOVITA_API_URL": simulator.url}
    operator = await OperatorProcess.start(directory / "operator", plane.operator_kubeconfig, **settings)
    stack.push_async_callback(operator.close)
    research = await Workspace.make(plane, simulator, "research", orphans="Delete")
    stack.push_async_callback(research.close)
    serving = await Workspace.make(plane, simulator, "serving")
    stack.push_async_callback(serving.close)
    return operator, (research, serving)


async def _scrape(operator: OperatorProcess, end: float) -> list[Series]:
    values: dict[tuple[tuple[str, str], ...], list[tuple[float, float]]] = defaultdict(list)
    while time.monotonic() < end:
        for series in names.scraped(await operator.metrics(), time.time()):
            values[tuple(sorted(series.labels.items()))] += series.points
        await asyncio.sleep(_SCRAPE_SECONDS)  # as Prometheus does; there is nothing to wait for
    return [Series(dict(labels), tuple(points)) for labels, points in values.items()]


async def _live(team: Workspace, end: float) -> None:
    """Some instances at once, new ones all the time, the oldest ones deleted."""
    number = 0
    while time.monotonic() < end:
        await team.create(f"gpu-{number}", restartPolicy={"backoffSeconds": 1})
        if number >= _KEPT:
            await team.delete(f"gpu-{number - _KEPT}")
        number += 1
        if number >= _AT_ONCE:
            await asyncio.sleep(_PAUSE_SECONDS)  # the users' own pace
