"""`python -m tests.bench.memory`: the operator alone under a pod's limit of memory, amid the largest objects.

One tenant has all of these, another a single small one. They come while the operator watches; then it starts again over
them. API server, etcd and the simulated Novita are outside the limit. Needs root, for a cgroup.

Nearly all of the time is the API server's, which reads and writes gigabytes: a hundred objects take minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.contenders import PRODUCTION
from tests.bench.memory import crowd, report
from tests.bench.memory.cgroup import MIB, Cgroup
from tests.support import builders, kube, waiting
from tests.support.operator_process import COMMAND, OperatorProcess
from tests.support.plane import Plane
from tests.support.simulator import Simulator
from tests.support.workspace import Workspace

_HERE = Path(__file__).parent
_PATIENCE = 3600.0  # seconds; the API server has to move gigabytes
# What the metric shows of an object whose status says that its product is unknown.
_TOLD = 'novita_gpuinstances{phase="Scheduling"}'
# Each status that is written stores its object anew: by default etcd refuses more than 2 GB.
_ETCD_BYTES = 16 * 1024 * MIB


def main() -> None:
    parser = argparse.ArgumentParser(prog="memory", description=__doc__)
    parser.add_argument("--objects", type=int, default=1000, help="the largest that the API server takes (%(default)s)")
    parser.add_argument("--limit", type=int, default=512, help="MiB for the operator (%(default)s)")
    parser.add_argument("--write", type=Path, default=_HERE / "RESULTS.md", help="the report (%(default)s)")
    given = parser.parse_args()
    os.environ["ETCD_QUOTA_BACKEND_BYTES"] = str(_ETCD_BYTES)
    rows = asyncio.run(_measure(given.objects, given.limit))
    given.write.write_text(report.markdown(rows, given.objects, given.limit))


async def _measure(count: int, limit: int) -> list[report.Row]:
    with tempfile.TemporaryDirectory() as name, Cgroup.limited(limit * MIB) as group:
        folder = Path(name)
        (folder / "simulator").mkdir()
        plane = await Plane.start(folder / "plane")
        simulator = await Simulator.start(folder / "simulator", acceleration=10)
        try:
            workspace = await Workspace.make(plane, simulator, "tenant")
            return await _amid(Limited(workspace, group, folder), count)
        finally:
            await simulator.close()
            await plane.close()


@dataclass
class Limited:
    """The operator in its cgroup."""

    workspace: Workspace
    group: Cgroup
    folder: Path
    began: float = field(default_factory=time.monotonic)
    rows: list[report.Row] = field(default_factory=list)

    @property
    def other(self) -> str:
        """The namespace of the large ones."""
        return f"{self.workspace.namespace}-large"

    async def start(self) -> OperatorProcess:
        """Start it, and wait until it watches."""
        settings = {**PRODUCTION, "NOVITA_API_URL": self.workspace.novita.url}
        started = OperatorProcess.launch(
            self.folder / "operator", self.workspace.plane.operator_kubeconfig, self.group.command(*COMMAND), **settings
        )
        await started.until_ready()
        return started

    async def until_told(self, operator: OperatorProcess, count: int) -> None:
        """Until the status of so many large objects says why they are not Ready.

        The operator counts them: to list them again and again would be the most that the API server does.
        """

        async def told() -> bool:
            return f"{_TOLD} {count}.0" in await operator.metrics()

        await waiting.until(told, "the status of each is written", seconds=_PATIENCE)

    async def serve(self, name: str) -> None:
        """The small tenant's object, from its creation to its end."""
        await self.workspace.create(name)
        await self.workspace.until_condition("Ready", "True", name=name)
        await self.workspace.delete(name)
        await waiting.until(lambda: self._gone(name), "it is gone", seconds=_PATIENCE)

    async def _gone(self, name: str) -> bool:
        return await self.workspace.plane.kube.find(kube.GPU_INSTANCES, name, self.workspace.namespace) is None

    def say(self, what: str, operator: OperatorProcess) -> None:
        """One line of the report. Raises AssertionError where the operator did not survive."""
        row = report.Row(what, time.monotonic() - self.began, self.group.peak, _resident(self.group), self.group.kills)
        self.rows.append(row)
        sys.stdout.write(f"{row}\n")
        sys.stdout.flush()
        assert operator.child.running, "the operator has ended"
        assert not self.group.kills, "the kernel has killed it"


async def _amid(limited: Limited, count: int) -> list[report.Row]:
    workspace, other = limited.workspace, limited.other
    await workspace.apply(kube.NAMESPACES, builders.namespace(other))
    operator = await limited.start()
    try:
        await limited.serve("before")
        limited.say("nothing large", operator)
        await crowd.create(workspace.plane.kube, crowd.bodies(count, other, workspace.account_name))
        limited.say(f"{count} created", operator)
        await limited.until_told(operator, count)
        limited.say(f"the status of {count} written", operator)
        await limited.serve("amid")
        limited.say("another tenant's object served", operator)
        await operator.close()
        operator = await limited.start()
        limited.say(f"started again over {count}", operator)
        await limited.serve("after")
        limited.say("another tenant's object served again", operator)
        return limited.rows
    finally:
        await operator.close()


def _resident(group: Cgroup) -> float:
    """MiB of the processes in the group."""
    pages = 0
    for pid in (group.path / "cgroup.procs").read_text().split():
        pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


if __name__ == "__main__":
    main()
