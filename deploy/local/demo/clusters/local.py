"""Our own control plane: neither Docker nor a cluster is needed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from local_cluster import binaries, control_plane, flags


@dataclass(frozen=True)
class Local:
    """A control plane in this directory."""

    directory: Path

    @property
    def kubeconfig(self) -> Path:
        return flags.Files(self.directory).kubeconfig

    def prepare(self) -> None:
        binaries.provide(os.environ)

    def up(self) -> None:
        control_plane.up(self.directory)

    def release(self, *, operator_runs: bool) -> None:  # noqa: ARG002 - the cluster goes with all that is in it
        return

    def down(self) -> None:
        control_plane.down(self.directory)
