"""A node cluster for a test run, and what runs inside its namespaces beside it: tools of GitOps, Git, the simulator."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.audit import AuditLog
from tests.support.kube import Kube
from tests.support.plane import Output

from local_cluster import processes
from local_cluster.nodes import cluster, entering, layout
from local_cluster.processes import Started

NODE_IP = layout.NODE_IP


@dataclass
class Inside:
    """A running node cluster. What `start` has started inside ends with it."""

    directory: Path
    kube: Kube
    started: dict[str, Started] = field(default_factory=dict)

    @classmethod
    async def up(cls, directory: Path, archives: Sequence[Path]) -> Inside:
        """Start it with these images. Raises CannotHost where this machine cannot run pods."""
        await asyncio.to_thread(cluster.up, directory, archives)
        return cls(directory, Kube.of(layout.Files(directory).kubeconfig))

    @property
    def kubeconfig(self) -> Path:
        return layout.Files(self.directory).kubeconfig

    @property
    def audit(self) -> AuditLog:
        return AuditLog(layout.Files(self.directory).audit_log)

    def start(
        self, name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        """Start a server inside; its output goes to `<name>.log` in the folder."""
        words, inherited = entering.inside(self.directory, command, folder)
        self.started[name] = processes.start(words, folder / f"{name}.log", {**inherited, **(environment or {})})

    def stop(self, name: str) -> None:
        self.started.pop(name).stop()

    async def run(self, *command: str, stdin: str | None = None) -> Output:
        """Run a command inside to its end."""
        words, environment = entering.inside(self.directory, command)
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.PIPE if stdin is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
        )
        out, err = await process.communicate(stdin.encode() if stdin is not None else None)
        return Output(process.returncode or 0, out.decode(), err.decode())

    async def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """What kubectl prints. Raises AssertionError with its complaint where it fails."""
        done = await self.run("kubectl", *arguments, stdin=stdin)
        assert done.code == 0, f"kubectl {' '.join(arguments)}: {done.err}"
        return done.out

    async def apply(self, *bodies: Mapping[str, Any]) -> None:
        """Server-side, as one list."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(bodies)})
        await self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=text)

    async def close(self) -> None:
        """End everything. Logs stay where `NOVITA_KEEP_LOGS` asks for them."""
        await self.kube.aclose()
        for name in list(self.started):
            self.stop(name)
        if not os.environ.get("NOVITA_KEEP_LOGS"):
            await asyncio.to_thread(cluster.down, self.directory)
