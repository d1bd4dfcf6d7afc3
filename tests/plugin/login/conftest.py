"""A machine that one can log in to: one of the simulator's, and Debian's own sshd as a witness that is not ours."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.conftest import short_name
from tests.plugin.conftest import Plugin, assert_no_secret_was_printed
from tests.support import kube, sshd, waiting
from tests.support.operator_process import OperatorProcess
from tests.support.plane import Output, Plane
from tests.support.sharing import Sharing
from tests.support.simulator import Simulator
from tests.support.workspace import Workspace

SECRET = "gpu-connection"


@dataclass(frozen=True)
class Machine:
    """The machine of the GPUInstance `gpu`, and the plugin of somebody who may read its Secret."""

    plugin: Plugin
    password: str
    host_key: str

    @property
    def workspace(self) -> Workspace:
        return self.plugin.workspace

    async def exec(self, *command: str, **environment: str) -> Output:
        return await self.plugin.run("exec", "gpu", "--", *command, **environment)

    async def home(self) -> Path:
        """Its folder for whoever logs in, on this computer's own disk."""
        done = await self.exec("pwd")
        assert done.code == 0, done.err
        return Path(done.out.strip())

    async def say(self, **entries: str | None) -> None:
        """Change the Secret; None removes an entry. Nobody changes it back."""
        named = {key: _encoded(value) for key, value in entries.items()}
        await self.workspace.plane.kube.patch(kube.SECRETS, SECRET, {"data": named}, self.workspace.namespace)


def _encoded(value: str | None) -> str | None:
    return None if value is None else base64.b64encode(value.encode()).decode()


@pytest.fixture(scope="session")
async def machines(sharing: Sharing) -> Simulator:
    """The simulator of the run whose machines are real."""
    return await Simulator.shared(sharing, "machines", acceleration=10, machines=True)


@pytest.fixture(params=["simulated", "witness"])
async def machine(
    request: pytest.FixtureRequest, plane: Plane, machines: Simulator, operator: OperatorProcess, tmp_path: Path
) -> AsyncIterator[Machine]:
    """Each of both, for the same tests."""
    made = await Workspace.make(plane, machines, short_name(request))
    made.operator = operator
    plugin = Plugin(made, tmp_path, plane.kubeconfig)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(made.close)
        entries = await _rented(made)
        if request.param == "witness":
            entries = await _witnessed(stack, tmp_path)
        found = Machine(plugin, entries["password"], entries["host-key"])
        await found.say(**entries)
        yield found
        await assert_no_secret_was_printed(plugin)
        assert [text for text in plugin.printed if found.password in text] == []


async def _rented(workspace: Workspace) -> dict[str, str]:
    """What is said of the instance `gpu`. It is paused, so that nobody writes its Secret but the test."""
    await workspace.create()
    await workspace.until_ready()
    await workspace.annotate(paused="true")
    await workspace.until_condition("Synced", "False", reason="Paused")
    (instance,) = await workspace.novita.instances()
    ssh = instance["connectComponentSSH"]
    key = await waiting.until(lambda: _host_key(str(ssh["port"])), "the machine shows its host key")
    return {"password": ssh["password"], "host-key": key}


async def _host_key(port: str) -> str | None:
    scan = await asyncio.create_subprocess_exec(
        *("ssh-keyscan", "-t", "ed25519", "-p", port, "127.0.0.1"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    out, _ = await scan.communicate()
    lines = [line.split(" ", 1)[1] for line in out.decode().splitlines() if not line.startswith("#")]
    return lines[0] if lines else None


async def _witnessed(stack: AsyncExitStack, folder: Path) -> dict[str, str]:
    if (why := sshd.missing()) is not None:
        pytest.skip(why)
    server = folder / "sshd"
    server.mkdir()
    return (await stack.enter_async_context(sshd.running(server))).entries
