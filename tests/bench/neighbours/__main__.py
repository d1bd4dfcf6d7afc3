"""`python -m tests.bench.neighbours`: one tenant's objects beside 500 of another tenant that can never be Ready.

Both use one account with the default limits. All clocks, the operator's and the simulated Novita's, go `--speed` times
as fast as yours; the settings are those that users have.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.bench.contenders import PRODUCTION
from tests.bench.neighbours import report
from tests.bench.neighbours.rounds import Rounds, play
from tests.bench.watching import PATIENCE
from tests.support import builders, failing, kube, waiting
from tests.support.history import condition
from tests.support.operator_process import OperatorProcess
from tests.support.plane import Plane
from tests.support.simulator import Simulator
from tests.support.workspace import Workspace

_HERE = Path(__file__).parent
_FAST_CLOCK = Path(__file__).parents[2] / "faults" / "clock_operator.py"
_LIMITS = {"requestsPerMinute": 100, "maxConcurrentCreates": 3}  # what an account has whose spec names none


def main() -> None:
    parser = argparse.ArgumentParser(prog="neighbours", description=__doc__)
    parser.add_argument("--failing", type=int, default=500, help="objects that never become Ready (%(default)s)")
    parser.add_argument(
        "--rounds", type=int, default=40, help="objects of the measured tenant beside them, in turn (%(default)s)"
    )
    parser.add_argument("--speed", type=float, default=2.0, help="how many times as fast (%(default)s)")
    parser.add_argument("--write", type=Path, default=_HERE / "RESULTS.md", help="the report (%(default)s)")
    given = parser.parse_args()
    text = asyncio.run(_measure(given.failing, given.rounds, given.speed))
    given.write.write_text(text)
    sys.stdout.write(text)


async def _measure(count: int, rounds: int, speed: float) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plane = await Plane.start(_made(folder / "plane"))
        simulator = await Simulator.start(_made(folder / "simulator"), acceleration=speed)
        try:
            workspace = await Workspace.make(plane, simulator, "tenant", limits=_LIMITS)
            return await _beside(workspace, count, rounds, speed, folder)
        finally:
            await simulator.close()
            await plane.close()


async def _beside(workspace: Workspace, count: int, rounds: int, speed: float, folder: Path) -> str:
    """Alone, beside the failing ones from the moment they are applied, and alone again once they are gone."""
    other = f"{workspace.namespace}-failing"
    await workspace.apply(kube.NAMESPACES, builders.namespace(other))
    operator = OperatorProcess.launch(
        folder / "operator",
        workspace.plane.operator_kubeconfig,
        [sys.executable, str(_FAST_CLOCK)],
        **PRODUCTION,
        NOVITA_API_URL=workspace.novita.url,
        WATCH_NAMESPACES=f"{workspace.namespace},{other}",
        CLOCK_SPEED=str(speed),
    )
    try:
        await workspace.until_account("Ready", "True")
        await play(workspace, "warm", 1)
        alone = await _timed(workspace, "alone", rounds // 2)
        await failing.arrange(workspace.novita)
        for body in failing.bodies(count, other, workspace.account_name):
            await workspace.plane.kube.create(kube.GPU_INSTANCES, body)
        beside = await _timed(workspace, "beside", rounds)
        reasons = await _reasons(workspace, other)
        for body in await workspace.plane.kube.list(kube.GPU_INSTANCES, other):
            await workspace.plane.kube.delete(kube.GPU_INSTANCES, body["metadata"]["name"], other)
        await waiting.until(lambda: _gone(workspace, other), "the failing ones are gone", seconds=PATIENCE)
        again = await _timed(workspace, "again", rounds // 2)
    finally:
        await operator.close()
        await workspace.close()
    return report.markdown(alone, beside, again, reasons, speed)


async def _timed(workspace: Workspace, name: str, rounds: int) -> Rounds:
    sys.stdout.write(f"{name}: {rounds} objects\n")
    sys.stdout.flush()
    await workspace.novita.forget_calls()
    return await play(workspace, name, rounds)


async def _reasons(workspace: Workspace, namespace: str) -> dict[str, int]:
    """What the failing ones say of themselves, and how many say so."""
    found: dict[str, int] = {}
    for body in await workspace.plane.kube.list(kube.GPU_INSTANCES, namespace):
        ready = condition(body, "Ready")
        assert ready.get("status") != "True", body["metadata"]["name"]
        reason = str(ready.get("reason", "none"))
        found[reason] = found.get(reason, 0) + 1
    return found


async def _gone(workspace: Workspace, namespace: str) -> bool:
    return not await workspace.plane.kube.list(kube.GPU_INSTANCES, namespace)


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True)
    return directory


if __name__ == "__main__":
    main()
