"""`python -m tests.bench.neighbours`: one tenant's objects beside 500 of another tenant that can never be Ready.

Both use one account with the default limits. At the same time a third tenant does the same as the first on the same
machine, alone with an account and an operator of its own: what the machine is busy with slows both down. All clocks,
the operators' and the simulated Novita's, go `--speed` times as fast as yours; the settings are those that users have.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from dataclasses import dataclass
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
            apart = await Workspace.make(plane, simulator, "apart", limits=_LIMITS, className="apart")
            return await _beside(Tenants(workspace, apart), count, rounds, speed, folder)
        finally:
            await simulator.close()
            await plane.close()


@dataclass(frozen=True)
class Tenants:
    """`measured` shares its account with the failing ones; `apart` has all to itself."""

    measured: Workspace
    apart: Workspace

    @property
    def crowded(self) -> str:
        """The namespace of the failing ones."""
        return f"{self.measured.namespace}-failing"

    def launch(self, folder: Path, speed: float) -> tuple[OperatorProcess, OperatorProcess]:
        """An operator for the account of the measured tenant, and one for the other."""
        shared = f"{self.measured.namespace},{self.crowded}"
        return (
            _launched(self.measured, folder / "operator", speed, WATCH_NAMESPACES=shared),
            _launched(self.apart, folder / "apart", speed, WATCH_NAMESPACES=self.apart.namespace, CLASS_NAME="apart"),
        )

    async def play(self, name: str, rounds: int, speed: float) -> tuple[Rounds, Rounds]:
        """Both at the same time: the measured tenant's rounds, and the other's."""
        sys.stdout.write(f"{name}: {rounds} objects\n")
        sys.stdout.flush()
        await self.measured.novita.forget_calls()
        return await asyncio.gather(*(play(each, name, rounds, speed) for each in (self.measured, self.apart)))


def _launched(workspace: Workspace, folder: Path, speed: float, **settings: str) -> OperatorProcess:
    return OperatorProcess.launch(
        folder,
        workspace.plane.operator_kubeconfig,
        [sys.executable, str(_FAST_CLOCK)],
        **PRODUCTION,
        NOVITA_API_URL=workspace.novita.url,
        CLOCK_SPEED=str(speed),
        **settings,
    )


async def _beside(tenants: Tenants, count: int, rounds: int, speed: float, folder: Path) -> str:
    """Alone, beside the failing ones from the moment they are applied, and alone again once they are gone."""
    workspace, other = tenants.measured, tenants.crowded
    await workspace.apply(kube.NAMESPACES, builders.namespace(other))
    operators = tenants.launch(folder, speed)
    try:
        await workspace.until_account("Ready", "True")
        await tenants.apart.until_account("Ready", "True")
        await tenants.play("warm", 1, speed)
        alone, _ = await tenants.play("alone", rounds // 2, speed)
        await failing.arrange(workspace.novita)
        for body in failing.bodies(count, other, workspace.account_name):
            await workspace.plane.kube.create(kube.GPU_INSTANCES, body)
        beside, apart = await tenants.play("beside", rounds, speed)
        reasons = await _reasons(workspace, other)
        for body in await workspace.plane.kube.list(kube.GPU_INSTANCES, other):
            await workspace.plane.kube.delete(kube.GPU_INSTANCES, body["metadata"]["name"], other)
        await waiting.until(lambda: _gone(workspace, other), "the failing ones are gone", seconds=PATIENCE)
        again, _ = await tenants.play("again", rounds // 2, speed)
    finally:
        for operator in operators:
            await operator.close()
        await workspace.close()
        await tenants.apart.close()
    return report.markdown(report.Runs(alone, beside, again, apart), reasons, speed)


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
