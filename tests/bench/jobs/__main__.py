"""`python -m tests.bench.jobs`: so many jobs at once on machines that are real, each with an exit code of its own.

The programs wait for each other: all run at the same time, and end at the same time. The operator has the settings that
users have. Machines and their ssh servers are processes of this computer, too: 200 of them need a quiet one.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.contenders import PRODUCTION
from tests.bench.figures import Usage
from tests.bench.jobs import report
from tests.bench.jobs.report import Row
from tests.bench.watching import PATIENCE
from tests.cluster import landlord
from tests.cluster.landlord import Jobs, Site
from tests.cluster.owners import JOBS, owners
from tests.support import waiting
from tests.support.history import condition
from tests.support.kube import Body
from tests.support.operator_process import OperatorProcess
from tests.support.plane import Plane
from tests.support.processes import Child
from tests.support.workspace import Workspace

_HERE = Path(__file__).parent
_CODES = 256
_PAUSE_SECONDS = 1.0  # between two looks at all jobs: looking costs the API server
_RUNNING_SECONDS = 60.0  # for which all programs run and nothing else happens


def main() -> None:
    parser = argparse.ArgumentParser(prog="jobs", description=__doc__)
    parser.add_argument("--jobs", type=int, default=200, help="at once (%(default)s)")
    parser.add_argument("--write", type=Path, default=_HERE / "RESULTS.md", help="the report (%(default)s)")
    given = parser.parse_args()
    measured = asyncio.run(_measure(given.jobs))
    given.write.write_text(report.markdown(measured.rows, given.jobs, measured.right))
    assert measured.right == given.jobs, f"{measured.right} of {given.jobs} jobs have the right exit code"


@dataclass
class Measured:
    """`right`: jobs whose exit code is that of their program."""

    jobs: Jobs
    count: int
    go: Path
    operator: OperatorProcess
    rows: list[Row] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    right: int = 0

    def say(self, what: str) -> None:
        """One line of the report."""
        child = self.operator.child
        assert isinstance(child, Child), "somebody else's operator is not measured"
        row = Row(what, time.monotonic() - self.began, Usage.of(child.process.pid))
        self.rows.append(row)
        sys.stdout.write(f"{row}\n")
        sys.stdout.flush()

    async def run(self) -> None:
        """All jobs, from their making to their end."""
        self.say("no job")
        for number in range(self.count):
            program = f"until [ -e {self.go} ]; do sleep 2; done; echo job {number}; exit {number % _CODES}"
            await self.jobs.make(program, name=f"job-{number}")
        self.say(f"{self.count} made")
        await self._until(lambda body: "startedAt" in (body.get("status") or {}), "run")
        self.say(f"{self.count} run")
        await asyncio.sleep(_RUNNING_SECONDS)
        self.say(f"they have run for {_RUNNING_SECONDS:.0f} s more")
        self.go.touch()
        bodies = await self._until(_is_over, "are over")
        self.say(f"{self.count} are over")
        self.right = sum(_code(body) == _number(body) % _CODES for body in bodies)
        ledger = await self.jobs.owners.workspace.novita.ledger()
        assert (ledger.created, len(ledger.live)) == (self.count, 0), "an instance too many, or one that is left"

    async def _until(self, check: Callable[[Body], bool], what: str) -> list[Body]:
        workspace = self.jobs.owners.workspace

        async def so() -> list[Body] | None:
            bodies = await workspace.plane.kube.list(JOBS, workspace.namespace)
            return bodies if all(map(check, bodies)) else None

        return await waiting.until(so, f"all jobs {what}", seconds=PATIENCE, pause=_PAUSE_SECONDS)


def _is_over(body: Body) -> bool:
    return any(condition(body, kind).get("status") == "True" for kind in ("Complete", "Failed"))


def _code(body: Body) -> int | None:
    code: int | None = body["status"].get("exitCode")
    return code


def _number(body: Body) -> int:
    return int(body["metadata"]["name"].removeprefix("job-"))


async def _measure(count: int) -> Measured:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for each in ("plane", "simulator"):
            (folder / each).mkdir()
        plane = await Plane.start(folder / "plane")
        try:
            async with landlord.site(folder / "simulator") as site:
                return await _on(site, plane, folder, count)
        finally:
            await plane.close()


async def _on(site: Site, plane: Plane, folder: Path, count: int) -> Measured:
    workspace = await Workspace.make(plane, site.simulator, "jobs")
    settings = {**PRODUCTION, "NOVITA_API_URL": workspace.novita.url, "WATCH_NAMESPACES": workspace.namespace}
    operator = await OperatorProcess.start(folder / "operator", plane.operator_kubeconfig, **settings)
    try:
        async with owners(workspace, JOBS) as made:
            measured = Measured(Jobs(made, site.machines), count, site.marks / "go", operator)
            await measured.run()
            return measured
    finally:
        await operator.close()
        await workspace.close()


if __name__ == "__main__":
    main()
