"""A node without containers: runs what a pod template says as a process, with the rights of its ServiceAccount.

No kubelet runs where these tests run. So the container's arguments and environment are taken from the object that
helm made, and its token from the API server; only addresses of the machine are put in place of those of a pod.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from tests.support import waiting
from tests.support.kube import Body, Kind
from tests.support.operator_process import OperatorProcess, health_on
from tests.support.plane import Plane
from tests.support.processes import Child

DEPLOYMENTS = Kind("/apis/apps/v1", "deployments")
PODS = Kind("/api/v1", "pods")
JOBS = Kind("/apis/batch/v1", "jobs")
T = TypeVar("T")


@dataclass(frozen=True)
class Node:
    """Runs pods of one control plane, their files in `directory`."""

    plane: Plane
    directory: Path

    async def operator(self, namespace: str, name: str) -> OperatorProcess:
        """The operator as its Deployment wants it, once it is ready; the caller ends it."""
        deployment = await self.plane.kube.get(DEPLOYMENTS, name, namespace)
        started = await self.launch(namespace, deployment["spec"]["template"]["spec"])
        await started.until_ready()
        return started

    async def launch(self, namespace: str, pod: Body) -> OperatorProcess:
        """The operator of this pod, not waited for."""
        name = f"operator-{secrets.token_hex(4)}"
        port_file = self.directory / f"{name}.port"
        child = await self._start(namespace, pod, name, health_on(port_file))
        return OperatorProcess(child, port_file)

    async def run_job(self, namespace: str, name: str) -> str:
        """Wait for the Job, run its pod to the end, write the Job's status; what it printed."""

        async def made() -> Body | None:
            return await self.plane.kube.find(JOBS, name, namespace)

        job = await waiting.until(made, f"Job {name} is made")
        child = await self._start(namespace, job["spec"]["template"]["spec"], f"{name}-{job['metadata']['uid']}", {})
        code = await _code_of(child)
        await self._finish(job, succeeded=code == 0)
        return child.output()

    async def run_pod(self, namespace: str, name: str, *more: str) -> str:
        """Wait for the pod, run it to the end, `more` after its arguments, write its phase; what it printed."""

        async def made() -> Body | None:
            return await self.plane.kube.find(PODS, name, namespace)

        pod = await waiting.until(made, f"Pod {name} is made")
        child = await self._start(namespace, pod["spec"], f"{name}-{pod['metadata']['uid']}", {}, more)
        phase = "Failed" if await _code_of(child) else "Succeeded"
        await self.plane.kube.patch(PODS, name, {"status": {"phase": phase}}, namespace, subresource="status")
        return child.output()

    async def _start(
        self, namespace: str, pod: Body, name: str, here: dict[str, str], more: Sequence[str] = ()
    ) -> Child:
        (container,) = pod["containers"]
        kubeconfig = self.directory / f"{name}.kubeconfig"
        token = await self.plane.kubectl(
            "-n", namespace, "create", "token", pod["serviceAccountName"], "--duration=24h"
        )
        assert token.code == 0, token.err
        self.plane.control.service_account_kubeconfig(kubeconfig, token.out.strip())
        environment = {variable["name"]: _value(variable, namespace) for variable in container.get("env", [])}
        command = [sys.executable, "-m", "novita_operator", *container["args"], *more]
        log = self.directory / f"{name}.log"
        return Child.start(command, log, environment | here | {"KUBECONFIG": str(kubeconfig)})

    async def _finish(self, job: Body, *, succeeded: bool) -> None:
        """As the Job controller ends a Job; the API server insists on both conditions, in this order."""
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        types = ("SuccessCriteriaMet", "Complete") if succeeded else ("FailureTarget", "Failed")
        conditions = [
            {"type": each, "status": "True", "reason": "TheNodeSaysSo", "lastTransitionTime": now} for each in types
        ]
        status: Body = {"startTime": now, "conditions": conditions}
        status |= {"completionTime": now, "succeeded": 1} if succeeded else {"failed": 1}
        at = job["metadata"]
        await self.plane.kube.patch(JOBS, at["name"], {"status": status}, at["namespace"], subresource="status")


async def _code_of(child: Child) -> int:
    """How it ended; it ends at the latest when nobody waits for it any more."""
    try:
        return await child.ended()
    finally:
        await child.kill()


def _value(variable: Body, namespace: str) -> str:
    source = variable.get("valueFrom")
    if source is None:
        return str(variable.get("value", ""))
    assert source["fieldRef"]["fieldPath"] == "metadata.namespace", variable
    return namespace


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, T]) -> AsyncIterator[asyncio.Task[T]]:
    """This goes on beside the block, and no longer."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        if task.cancel():
            await asyncio.wait([task])


@dataclass(frozen=True)
class Printed:
    """What helm printed."""

    code: int
    text: str


@dataclass(frozen=True)
class Helm:
    """The real helm, with nothing of the user's."""

    binary: Path
    kubeconfig: Path
    home: Path

    async def __call__(self, *arguments: str, stdin: str = "") -> Printed:
        process = await asyncio.create_subprocess_exec(
            str(self.binary),
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={"PATH": os.environ["PATH"], "HOME": str(self.home), "KUBECONFIG": str(self.kubeconfig)},
        )
        try:
            out, _ = await process.communicate(stdin.encode())
        finally:
            if process.returncode is None:  # whoever asked for it has given up: the next test wants this release
                process.kill()
                await process.wait()
        return Printed(process.returncode or 0, out.decode())
