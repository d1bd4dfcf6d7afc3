"""`run` as people run it, and four of them held in the four phases of a run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import short_name
from tests.local.programs import program
from tests.plugin.conftest import Plugin, assert_no_secret_was_printed
from tests.support import kube, needs, waiting
from tests.support.operator_process import OperatorProcess
from tests.support.plane import Output, Plane
from tests.support.simulator import Simulator
from tests.support.workspace import Workspace

PHASES = ("renting", "uploading", "running", "downloading")
_HELD = 'touch "{begun}"; exec sleep 600'
_NEVER = 1_000_000.0  # seconds of a pull


@dataclass
class Runs:
    """In one workspace, whose machines are real."""

    plugin: Plugin
    _held: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    @property
    def workspace(self) -> Workspace:
        return self.plugin.workspace

    @property
    def home(self) -> Path:
        return self.plugin.home

    def arguments(self, *more: str) -> tuple[str, ...]:
        workspace = self.workspace
        return ("run", "-n", workspace.namespace, "--account", workspace.account_name, *more)

    async def run(self, *more: str, name: str = "gpu", stdin: str | None = None) -> Output:
        return await self.plugin.anywhere(*self.arguments("--name", name, *more), stdin=stdin)

    async def object(self, name: str) -> kube.Body | None:
        return await self.workspace.plane.kube.find(kube.GPU_INSTANCES, name, self.workspace.namespace)

    async def nothing_is_left(self, *, rented: int) -> bool:
        """No object, and nothing that costs; of so many that were rented."""
        left = await self.workspace.plane.kube.list(kube.GPU_INSTANCES, self.workspace.namespace)
        ledger = await self.workspace.novita.ledger()
        return (left, ledger.live, ledger.created) == ([], (), rented)

    async def in_each_phase(self) -> Mapping[str, asyncio.subprocess.Process]:
        """A run that is held in each of them, as long as nobody ends it."""
        (self.home / "data").mkdir()
        for phase, stands_for in (("uploading", "rsync"), ("uploading", "scp"), ("downloading", "scp")):
            program(self.home / phase / stands_for, _HELD.format(begun=self.home / phase / "begun"))
        await self._in_renting()
        await self._begin("uploading", "--upload", "data", "--", "true")
        await self._begin("running", "--", "sh", "-c", "echo up; sleep 600")
        await self._begin("downloading", "--download", "model", "--", "true")
        for phase in ("uploading", "downloading"):
            await waiting.until(self._exists(self.home / phase), f"{phase} begins", explain=self.workspace.explain)
        assert await self._line("running") == b"up\n", self._said("running").read_text()
        return self._held

    async def _in_renting(self) -> None:
        """Billed already, and never Ready."""
        await self.workspace.novita.set(delays={"pull": _NEVER})
        await self._begin("renting", "--", "true")
        await waiting.until(self._pulls, "renting pulls its image", explain=self.workspace.explain)
        await self.workspace.novita.set(delays={"pull": 0.2})

    async def _pulls(self) -> bool:
        body = await self.object("renting")
        return body is not None and body.get("status", {}).get("phase") == "Pulling"

    async def _begin(self, phase: str, *more: str) -> None:
        path = f"{self.home / phase}:{self.plugin.path}"
        arguments = self.arguments("--name", phase, *more)
        with self._said(phase).open("wb") as said:
            self._held[phase] = await self.plugin.start(*arguments, PATH=path, streams={"stderr": said.fileno()})

    async def _line(self, phase: str) -> bytes:
        stdout = self._held[phase].stdout
        assert stdout is not None
        return await asyncio.wait_for(stdout.readline(), waiting.DEADLINE_SECONDS)

    def _said(self, phase: str) -> Path:
        return self.home / f"{phase}.err"

    def _exists(self, path: Path) -> Any:
        async def there() -> bool:
            return (path / "begun").exists()

        return there

    async def close(self) -> None:
        for process in self._held.values():
            if process.returncode is None:
                process.kill()
            await process.wait()


@pytest.fixture
async def runs(
    plane: Plane, machines: Simulator, operator: OperatorProcess, request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Runs]:
    for each in ("ssh", "scp", "rsync"):
        needs.program(each, package="rsync" if each == "rsync" else "openssh-client")
    workspace = await Workspace.make(plane, machines, short_name(request))
    workspace.operator = operator
    await workspace.until_account("Ready", "True")
    made = Runs(Plugin(workspace, tmp_path, plane.kubeconfig))
    yield made
    await made.close()
    await assert_no_secret_was_printed(made.plugin)
    await workspace.close()
