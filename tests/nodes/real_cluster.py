"""A cluster with a real node, and the commands of its administrator."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import builders, commands, kube, waiting
from tests.support.audit import AuditLog
from tests.support.commands import Printed
from tests.support.kube import Body, Kind, Kube

from chart_tools import helm
from local_cluster.nodes import cluster, entering, layout

PODS = Kind("/api/v1", "pods")
NODES = Kind("/api/v1", "nodes", namespaced=False)
DEPLOYMENTS = Kind("/apis/apps/v1", "deployments")
LEASES = Kind("/apis/coordination.k8s.io/v1", "leases")
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"}


@dataclass
class RealCluster:
    """One that runs; `directory` is its state."""

    directory: Path
    kube: Kube
    helm_program: Path

    @classmethod
    async def start(cls, directory: Path, images: Sequence[Path]) -> RealCluster:
        """Raises what `cluster.up` raises."""
        await asyncio.to_thread(cluster.up, directory, images)
        return cls(directory, Kube.of(layout.Files(directory).kubeconfig), helm.path())

    @property
    def audit(self) -> AuditLog:
        return AuditLog(layout.Files(self.directory).audit_log)

    async def close(self) -> None:
        await self.kube.aclose()
        await asyncio.to_thread(cluster.down, self.directory)

    async def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """What it prints; fails with that where the exit code says so."""
        return _succeeded(await self.try_kubectl(*arguments, stdin=stdin), "kubectl", arguments)

    async def try_kubectl(self, *arguments: str, stdin: str = "") -> Printed:
        return await commands.run(["kubectl", *arguments], self._environment(), stdin=stdin)

    async def helm(self, *arguments: str, stdin: str = "") -> str:
        """What it prints; fails with that where the exit code says so."""
        return _succeeded(await self.try_helm(*arguments, stdin=stdin), "helm", arguments)

    async def try_helm(self, *arguments: str, stdin: str = "") -> Printed:
        return await commands.run([str(self.helm_program), *arguments], self._environment(), stdin=stdin)

    async def inside(self, *command: str) -> str:
        """What it prints in the namespaces of the node; fails with that where the exit code says so."""
        return _succeeded(await self.try_inside(*command), "inside:", command)

    async def try_inside(self, *command: str) -> Printed:
        words, environment = entering.inside(self.directory, command)
        return await commands.run(words, environment)

    async def reboot(self) -> None:
        await asyncio.to_thread(cluster.reboot, self.directory)

    def load(self, archive: Path) -> None:
        """Give an image to the node."""
        entering.load(self.directory, archive)

    def signal(self, server: str, number: signal.Signals) -> None:
        entering.send_signal(self.directory, server, number)

    async def namespace(self, name: str, **labels: str) -> str:
        """Make one that enforces the Pod Security Standard `restricted`."""
        body = builders.namespace(name)
        body["metadata"]["labels"] = {**RESTRICTED, **labels}
        await self.kube.create(kube.NAMESPACES, body)
        return name

    async def pods(self, namespace: str, component: str = "operator") -> list[Body]:
        """Those of the operator, the simulator, …"""
        found = await self.kube.list(PODS, namespace)
        return [pod for pod in found if _component(pod) == component]

    async def until_condition(self, kind: Kind, name: str, condition: str, namespace: str = "") -> Body:
        """The object, once the condition is True."""

        async def probe() -> Body | None:
            body = await self.kube.find(kind, name, namespace) or {}
            known = (body.get("status") or {}).get("conditions", [])
            return body if any(each["type"] == condition and each["status"] == "True" for each in known) else None

        async def explain() -> str:
            return json.dumps((await self.kube.find(kind, name, namespace) or {}).get("status"), indent=1)

        return await waiting.until(probe, f"{kind.plural} {name}: {condition}", explain=explain)

    def _environment(self) -> dict[str, str]:
        # A home of its own: discovery caches and helm's settings are not the user's.
        kubeconfig = str(layout.Files(self.directory).kubeconfig)
        return {"PATH": os.environ["PATH"], "HOME": str(self.directory), "KUBECONFIG": kubeconfig}


def _component(pod: dict[str, Any]) -> str | None:
    label: str | None = pod["metadata"].get("labels", {}).get("app.kubernetes.io/component")
    return label


def _succeeded(printed: Printed, program: str, arguments: Sequence[str]) -> str:
    assert printed.code == 0, f"{program} {' '.join(arguments)} ended with {printed.code}:\n{printed.text}"
    return printed.text
