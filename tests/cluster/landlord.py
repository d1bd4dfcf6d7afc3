"""What tests with machines that are real share: a simulator that has some, and jobs whose programs run on them."""

from __future__ import annotations

import asyncio
import base64
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.owners import Owners
from tests.support.kube import Body, Kind
from tests.support.simulator import Simulator
from tests.support.waiting import DEADLINE_SECONDS

_CONFIG_MAPS = Kind("/api/v1", "configmaps")
_OVER_SSH = {"signal": "ExitCode"}
_ACCELERATION = 20  # instances are up within a second, and what runs on them has its time


@dataclass(frozen=True)
class Site:
    """A simulator whose machines are real, and the folder that they are in. Programs may write into `marks`."""

    simulator: Simulator
    machines: Path

    @property
    def marks(self) -> Path:
        return self.machines / "marks"


@asynccontextmanager
async def site(directory: Path) -> AsyncIterator[Site]:
    """Nothing of it is left in the end."""
    with tempfile.TemporaryDirectory(prefix="novita-test-") as made:
        await asyncio.to_thread(_open, Path(made))
        started = await Simulator.start(directory, acceleration=_ACCELERATION, machines=Path(made))
        try:
            yield Site(started, Path(made))
        finally:
            await started.terminate()


def _open(folder: Path) -> None:
    """Machines may have a user of their own."""
    folder.chmod(0o711)
    (folder / "marks").mkdir()
    (folder / "marks").chmod(0o777)


@dataclass(frozen=True)
class Jobs:
    """The jobs of one workspace, and the disks of their instances."""

    owners: Owners
    machines: Path

    async def make(
        self, program: str, *, name: str = "train", template: dict[str, Any] | None = None, **spec: Any
    ) -> None:
        """A job that runs this text in a shell."""
        account = {"accountRef": {"name": self.owners.workspace.account_name}}
        whole = {**account, "entrypoint": "sh -c", "command": _quoted(program), **(template or {})}
        await self.owners.create(name, template=whole, **{"completion": _OVER_SSH, "backoffLimit": 0, **spec})

    async def ended(self, kind: str, name: str = "train", *, seconds: float = DEADLINE_SECONDS) -> Body:
        return await self.owners.until_condition(name, kind, seconds=seconds)

    async def runs(self, name: str = "train") -> Body:
        return await self.owners.until(name, lambda body: "startedAt" in (body.get("status") or {}), "its program runs")

    def home(self, instance_id: str) -> Path:
        """Of the user that programs run as."""
        (found,) = self.machines.glob(f"novita-machines-*/{instance_id}/disk/root")
        return found

    async def instance_id(self, name: str = "train-1") -> str:
        return str((await self.owners.workspace.get(name))["status"]["instanceId"])

    async def output(self, body: Body) -> bytes:
        name = body["status"]["output"]["name"]
        found = await self.owners.workspace.plane.kube.get(_CONFIG_MAPS, name, self.owners.workspace.namespace)
        if "data" in found:
            return str(found["data"]["output"]).encode()
        return base64.b64decode(found["binaryData"]["output"])


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\"'\"'") + "'"
