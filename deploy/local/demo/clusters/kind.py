"""A kind cluster of our own, for those who have Docker."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from demo.errors import DemoFailed


@dataclass(frozen=True)
class Kind:
    """A cluster of this name, made and deleted by us."""

    kubeconfig: Path
    name: str

    def prepare(self) -> None:
        for program in ("docker", "kind"):
            if shutil.which(program) is None:
                raise DemoFailed(
                    f"CLUSTER=kind needs {program}, which is not installed. `make demo` alone needs neither."
                )
        if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
            raise DemoFailed(
                "CLUSTER=kind needs Docker to run: `docker info` fails. `make demo` alone needs no Docker."
            )

    def up(self) -> None:
        self.down()  # what a demo that was killed has left
        self._kind("create", "--wait", "120s")

    def release(self, *, operator_runs: bool) -> None:  # noqa: ARG002 - the cluster goes with all that is in it
        return

    def down(self) -> None:
        self._kind("delete")

    def _kind(self, verb: str, *options: str) -> None:
        command = ["kind", verb, "cluster", "--name", self.name, "--kubeconfig", str(self.kubeconfig), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise DemoFailed(f"{' '.join(command)} failed:\n{done.stderr.strip()}")
