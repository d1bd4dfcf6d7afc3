"""A machine that one can log in to: one of the simulator's, and Debian's own sshd as a witness that is not ours."""

from __future__ import annotations

import base64
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.plugin.conftest import Plugin, assert_no_secret_was_printed
from tests.support import builders, kube, needs, sshd, waiting
from tests.support.operator_process import OperatorProcess
from tests.support.plane import Output, Plane
from tests.support.simulator import Simulator
from tests.support.workspace import Workspace

SECRET = "gpu-connection"
ONLY_WITNESS = pytest.mark.parametrize("machine", ["witness"], indirect=True)
"""Where the machine's side has no part in what is tested, once is enough."""
STAYS = ("sh", "-c", "while echo up; do sleep 0.5; done")
"""A program that runs as long as somebody listens, and leaves nothing behind on the machine."""


@dataclass(frozen=True)
class Machine:
    """The machine of the GPUInstance `gpu`, and the plugin of somebody who may read its Secret.

    `home`: its folder for whoever logs in, on this computer's own disk; empty when a test begins.
    """

    plugin: Plugin
    home: Path
    password: str
    host_key: str

    @property
    def workspace(self) -> Workspace:
        return self.plugin.workspace

    async def exec(self, *command: str, **environment: str) -> Output:
        return await self.plugin.run("exec", "gpu", "--", *command, **environment)

    async def say(self, **entries: str | None) -> None:
        """Change the Secret, for this test; None removes an entry."""
        await _say(self.workspace, entries)


@dataclass(frozen=True)
class Rented:
    """The instance that all of this worker's tests log in to. `entries`: what its Secret says when a test begins."""

    workspace: Workspace
    entries: dict[str, str | None]
    home: Path


@pytest.fixture(scope="session")
async def rented(
    plane: Plane, machines: Simulator, operator: OperatorProcess, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Rented]:
    """It is paused, so that nobody writes its Secret but the tests."""
    for program in ("ssh", "scp", "ssh-keygen"):
        needs.program(program, package="openssh-client")
    made = await Workspace.make(plane, machines, "logins")
    made.operator = operator
    await made.create()
    await made.until_ready()
    entries = await _recorded(made)
    await made.annotate(paused="true")
    await made.until_condition("Synced", "False", reason="Paused")
    begin = await Plugin(made, tmp_path_factory.mktemp("login"), plane.kubeconfig).run("exec", "gpu", "--", "pwd")
    assert begin.code == 0, begin.err
    yield Rented(made, entries, Path(begin.out.strip()))
    await made.close()


@pytest.fixture(params=["simulated", "witness"])
async def machine(
    request: pytest.FixtureRequest, plane: Plane, rented: Rented, tmp_path: Path
) -> AsyncIterator[Machine]:
    """Each of both, for the same tests. The witness takes the place of the rented one: its Secret leads there."""
    plugin = Plugin(rented.workspace, tmp_path, plane.kubeconfig)
    async with _simulated(plugin, rented) if request.param == "simulated" else _witness(plugin, rented) as found:
        yield found
        assert [text for text in plugin.printed if found.password in text] == []
    await assert_no_secret_was_printed(plugin)


@asynccontextmanager
async def _simulated(plugin: Plugin, rented: Rented) -> AsyncIterator[Machine]:
    await _say(rented.workspace, rented.entries)
    yield Machine(plugin, rented.home, str(rented.entries["password"]), str(rented.entries["host-key"]))
    for left in rented.home.iterdir():
        left.unlink() if left.is_file() else shutil.rmtree(left)


@asynccontextmanager
async def _witness(plugin: Plugin, rented: Rented) -> AsyncIterator[Machine]:
    folder = plugin.home / "sshd"
    folder.mkdir()
    async with sshd.serving(folder) as started:
        await _say(rented.workspace, {**rented.entries, **started.entries})
        yield Machine(plugin, started.home, sshd.PASSWORD, started.host_key)


async def _recorded(workspace: Workspace) -> dict[str, str | None]:
    """What the operator has written, once the host key is among it."""

    async def complete() -> dict[str, str | None] | None:
        secret = await workspace.plane.kube.get(kube.SECRETS, SECRET, workspace.namespace)
        entries: dict[str, str | None] = {**builders.decoded(secret)}
        return entries if "host-key" in entries else None

    return await waiting.until(complete, "the operator records the host key", explain=workspace.explain)


async def _say(workspace: Workspace, entries: Mapping[str, str | None]) -> None:
    named = {
        key: None if value is None else base64.b64encode(value.encode()).decode() for key, value in entries.items()
    }
    await workspace.plane.kube.patch(kube.SECRETS, SECRET, {"data": named}, workspace.namespace)
