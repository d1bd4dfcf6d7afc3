"""A reader at a cluster: types what a page says, while a node runs what helm and kubectl install.

No kubelet runs where these tests run. The node runs the Deployment's container as a process under its ServiceAccount
(tests/packaging/node.py), with the address of the simulator in place of Novita's, and shorter pauses.
"""

from __future__ import annotations

import asyncio
import copy
import hashlib
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from tests.docs import elsewhere, pages, shell
from tests.docs.pages import Block
from tests.packaging.node import DEPLOYMENTS, JOBS, Node
from tests.support import kube, processes
from tests.support.kube import Body
from tests.support.operator_process import FAST, OperatorProcess
from tests.support.plane import Output, Plane
from tests.support.simulator import SimulatedAccount

from chart_tools import helm
from demo.environment import REPOSITORY

NAMESPACE = "novita-system"
OPERATOR = "novita-operator"
_LOOK_SECONDS = 0.1
_PATIENCE_SECONDS = 180.0  # a page takes 20 on an idle machine

# What pages take for granted: the operator with a key, and an instance.
SECRET = (
    'printf %s "$NOVITA_API_KEY" | '
    "kubectl -n novita-system create secret generic novita-api-key --from-file=apiKey=/dev/stdin"
)
INSTALLED = (
    "kubectl create namespace novita-system",
    "read -rs NOVITA_API_KEY",
    SECRET,
    "helm install novita-operator ./charts/novita-operator --namespace novita-system",
)
RENTED = (
    "kubectl apply -f deploy/samples/quickstart.yaml",
    "kubectl wait --for=condition=Ready gpui/quickstart --timeout=1m",
)


@dataclass
class Reader:
    """One reader, one cluster. `directory` looks like a checkout to the commands."""

    plane: Plane
    novita: SimulatedAccount
    directory: Path
    running: OperatorProcess | None = None
    hooks: list[str] = field(default_factory=list)
    _template: Body | None = None
    _ran: set[str] = field(default_factory=set)
    _accounts: list[SimulatedAccount] = field(default_factory=list)

    def settle(self) -> None:
        """Lay out what the commands expect: the repository's folders, and the programs."""
        for name in ("charts", "deploy"):
            (self.directory / name).symlink_to(REPOSITORY / name)
        programs = self.directory / "bin"
        programs.mkdir()
        (programs / "helm").symlink_to(helm.path())
        plugin = programs / "kubectl-novita"
        plugin.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m novita_operator.plugin "$@"\n')
        plugin.chmod(0o755)

    async def types(self, blocks: Sequence[Block], *, more: Sequence[str] = ()) -> Output:
        """All steps of these blocks that can be run here, in one shell, after `more`; what it printed."""
        lines = [step for block in blocks for step in shell.steps(block) if elsewhere.reason(step) is None]
        assert lines or more, "nothing of this can be run"
        for block in blocks:
            for name, text in pages.saved_files(block.page).items():
                (self.directory / name).write_text(text)
        script = "\n".join(["set -euxo pipefail", *more, *lines])
        async with AsyncExitStack() as stack:
            node = asyncio.create_task(self._node())
            stack.push_async_callback(_cancelled, node)
            return await self._shell(script, node)

    def of_the_chart(self) -> SimulatedAccount:
        """The account that `simulator.enabled` uses: the chart makes its key of namespace and release."""
        mark = hashlib.sha256(f"{NAMESPACE}/{OPERATOR}".encode()).hexdigest()[:16]
        self._accounts.append(SimulatedAccount(self.novita.url, f"sk_simulated_{mark}"))
        return self._accounts[-1]

    async def close(self) -> None:
        if self.running is not None:
            await self.running.close()
        for account in (self.novita, *self._accounts):
            await account.aclose()

    async def _shell(self, script: str, node: asyncio.Task[None]) -> Output:
        bash = await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            script,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=self.directory,
            start_new_session=True,
            env={
                **processes.BARE_ENVIRONMENT,
                "PATH": f"{self.directory / 'bin'}{os.pathsep}{os.environ['PATH']}",
                "HOME": str(self.directory),
                "KUBECONFIG": str(self.plane.kubeconfig),
            },
        )
        # What `read -rs NOVITA_API_KEY` waits for.
        typed = asyncio.create_task(bash.communicate(f"{self.novita.key}\n".encode()))
        await asyncio.wait({typed, node}, timeout=_PATIENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not typed.done():
            # A command that never comes back is a fault of the page; its children go with the shell.
            os.killpg(bash.pid, signal.SIGKILL)
        out, err = await typed
        if node.done():
            node.result()
        return Output(bash.returncode or 0, out.decode(), err.decode())

    # --- The node ---------------------------------------------------------------------------------------------

    async def _node(self) -> None:
        """Runs what is installed, and ends what is not any more, for ever."""
        node = Node(self.plane, self.directory)
        while True:
            await self._follow(node, await self.plane.kube.find(DEPLOYMENTS, OPERATOR, NAMESPACE))
            for job in await self.plane.kube.list(JOBS, NAMESPACE):
                at = job["metadata"]
                if at["uid"] not in self._ran:
                    self._ran.add(at["uid"])
                    self.hooks.append(await node.run_job(NAMESPACE, at["name"]))
            await asyncio.sleep(_LOOK_SECONDS)

    async def _follow(self, node: Node, deployment: Body | None) -> None:
        wanted = deployment["spec"] if deployment is not None and deployment["spec"]["replicas"] else None
        template = wanted["template"] if wanted is not None else None
        if template == self._template:
            return
        if self.running is not None:
            await self.running.terminate()
            self.running = None
        self._template = template
        if template is not None:
            self.running = await node.launch(NAMESPACE, self._placed(template["spec"]))
        elif deployment is not None:
            await self._none_runs(deployment["metadata"]["generation"])

    async def _none_runs(self, generation: int) -> None:
        none = {"status": {"observedGeneration": generation}}
        try:
            await self.plane.kube.patch(DEPLOYMENTS, OPERATOR, none, NAMESPACE, subresource="status")
        except kube.Refused as refused:
            # helm deletes what it has scaled to nothing, maybe before the operator is gone.
            if refused.status != httpx.codes.NOT_FOUND:
                raise

    def _placed(self, pod: Body) -> Body:
        """The pod as it can run here."""
        here = {**FAST, "NOVITA_API_URL": self.novita.url, "ORPHAN_AGE": "0"}
        placed = copy.deepcopy(pod)
        (container,) = placed["containers"]
        container["env"] = [each for each in container.get("env", []) if each["name"] not in here]
        container["env"] += [{"name": name, "value": value} for name, value in here.items()]
        return placed


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


def of(page: str, *headings: str) -> list[Block]:
    """The shell blocks below these headings of a page of docs/, in the page's order; all without any."""
    found = pages.blocks(pages.DOCS / page, "sh")
    chosen = [block for block in found if not headings or block.heading in headings]
    assert {block.heading for block in chosen} >= set(headings), f"{page}: a heading is gone"
    return chosen


async def has(plane: Plane, kind: kube.Kind, name: str) -> bool:
    return await plane.kube.find(kind, name) is not None
