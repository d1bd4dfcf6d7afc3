"""The plugin as people run it: the real program, a kubeconfig, and whatever it prints looked through for secrets."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.support import kube, processes, terminal
from tests.support.plane import Output, Plane
from tests.support.sharing import Sharing
from tests.support.simulator import Simulator
from tests.support.terminal import Terminal
from tests.support.workspace import Workspace

_STREAMS: Mapping[str, int] = {
    "stdin": asyncio.subprocess.DEVNULL,
    "stdout": asyncio.subprocess.PIPE,
    "stderr": asyncio.subprocess.PIPE,
}
_NOT_OTHERWISE: Mapping[str, int] = {}
COMMAND = (sys.executable, "-m", "novita_operator.plugin")


@dataclass
class Plugin:
    """Runs verbs in one workspace. `path`: where it finds other programs, such as ssh."""

    workspace: Workspace
    home: Path
    kubeconfig: Path
    path: str = processes.BARE_ENVIRONMENT["PATH"]
    printed: list[str] = field(default_factory=list)

    def environment(self, **more: str) -> dict[str, str]:
        return {"KUBECONFIG": str(self.kubeconfig), "HOME": str(self.home), "PATH": self.path, **more}

    async def anywhere(self, *arguments: str, stdin: str | None = None, **environment: str) -> Output:
        """Run it as it is typed, without choosing a namespace."""
        given = {} if stdin is None else {"stdin": asyncio.subprocess.PIPE}
        process = await self.start(*arguments, streams=given, **environment)
        out, err = await process.communicate(stdin.encode() if stdin is not None else None)
        printed = Output(process.returncode or 0, out.decode(), err.decode())
        assert "Traceback" not in printed.err, printed.err
        self.printed += [printed.out, printed.err]
        return printed

    async def start(
        self, *arguments: str, streams: Mapping[str, int] = _NOT_OTHERWISE, **environment: str
    ) -> asyncio.subprocess.Process:
        """The same, while it runs: without input, and with output to read, unless `streams` says so."""
        return await asyncio.create_subprocess_exec(
            *COMMAND,
            *arguments,
            **{**_STREAMS, **streams},
            env=self._whole_environment(environment),
            cwd=self.home,
            preexec_fn=processes.hear_interrupts,
        )

    @contextmanager
    def on_a_terminal(self, *arguments: str, **environment: str) -> Iterator[Terminal]:
        """The same, as a person types it."""
        with terminal.running((*COMMAND, *arguments), self._whole_environment(environment), self.home) as shown:
            yield shown
            self.printed.append(shown.shown)

    def _whole_environment(self, more: Mapping[str, str]) -> dict[str, str]:
        return {**processes.BARE_ENVIRONMENT, **self.environment(**more)}

    async def run(self, verb: str, *arguments: str, **environment: str) -> Output:
        """A verb in the workspace's namespace."""
        return await self.anywhere(verb, "-n", self.workspace.namespace, *arguments, **environment)

    async def asking_novita(self, *arguments: str, stdin: str | None = None) -> Output:
        """With the key of the workspace's account in the environment."""
        novita = self.workspace.novita
        return await self.anywhere(*arguments, stdin=stdin, NOVITA_API_KEY=novita.key, NOVITA_API_URL=novita.url)

    async def become_reader(self) -> str:
        """From now on as a user who may get and list GPUInstances here, and nothing else; the user's name."""
        namespace, plane = self.workspace.namespace, self.workspace.plane
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "reader", "namespace": namespace}}
        await plane.kube.create(kube.SERVICE_ACCOUNTS, account)
        role = ["create", "role", "reader", "--verb=get,list", "--resource=gpuinstances.gpu.novita.ai"]
        await self.workspace.kubectl(*role)
        user = f"system:serviceaccount:{namespace}:reader"
        await self.workspace.kubectl("create", "rolebinding", "reader", "--role=reader", f"--user={user}")
        token = (await self.workspace.kubectl("create", "token", "reader")).out.strip()
        plane.control.service_account_kubeconfig(self.home / "reader", token)
        self.kubeconfig = self.home / "reader"
        return user

    async def read(self, verb: str, *arguments: str) -> Any:
        """What a listing verb writes for programs."""
        return json.loads((await self.run(verb, "-o", "json", *arguments)).out)


@pytest.fixture(scope="session")
async def machines(sharing: Sharing) -> Simulator:
    """The simulator of the run whose machines are real."""
    return await Simulator.shared(sharing, "machines", acceleration=10, machines=True)


@pytest.fixture
async def plugin(workspace: Workspace, plane: Plane, tmp_path: Path) -> AsyncIterator[Plugin]:
    """In a workspace of the shared operator, with an administrator's kubeconfig. No output may hold a secret."""
    made = Plugin(workspace, tmp_path, plane.kubeconfig)
    yield made
    await assert_no_secret_was_printed(made)


async def assert_no_secret_was_printed(plugin: Plugin) -> None:
    instances = await plugin.workspace.novita.instances()
    passwords = [
        instance[part]["password"]
        for instance in instances
        for part in ("connectComponentSSH", "connectComponentWebTerminal")
    ]
    secrets = [plugin.workspace.novita.key, *filter(None, passwords)]
    assert [secret for secret in secrets for text in plugin.printed if secret in text] == []
