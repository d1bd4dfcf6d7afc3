"""What the demo asks of a cluster, and which one it is."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Protocol


class Source(StrEnum):
    """What CLUSTER=... takes."""

    LOCAL = "local"
    KIND = "kind"
    CURRENT = "current"


class Cluster(Protocol):
    """One of them. Whatever it writes is in the demo's own directory."""

    @property
    def kubeconfig(self) -> Path:
        """Where its kubeconfig is once it is up."""
        ...

    def prepare(self) -> None:
        """What may take minutes, or speak against it; changes no cluster. Raises DemoFailed, CannotProvide."""
        ...

    def up(self) -> None:
        """Bring it up. Raises DemoFailed or CannotStart."""
        ...

    def release(self, *, operator_runs: bool) -> None:
        """Take our objects away before the operator is stopped; nothing where the cluster itself goes."""
        ...

    def down(self) -> None:
        """Take away what `up` made, as far as it got."""
        ...
