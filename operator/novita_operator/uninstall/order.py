"""What the hook is told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

CONFIRMATION = "delete-all-gpu-instances"


class Policy(StrEnum):
    """What happens to the instances when the operator is uninstalled."""

    RETAIN = "Retain"
    DELETE = "Delete"


@dataclass(frozen=True, slots=True)
class Release:
    """What helm installed: the name of its Deployment, which is the Lease's too, and where it is."""

    namespace: str
    name: str

    @property
    def report(self) -> str:
        """The ConfigMap that keeps the report."""
        return f"{self.name}-uninstall-report"


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for.

    `namespaces`: the watched ones, empty means all. `class_name`: the class of the operator that goes; objects of other
    operators are none of its business. `crds_go`: the CRDs are removed as well, and with them the objects of all.
    `timeout_seconds`: how long deletions may take. `stop_seconds`: how long the operator may take to end.
    """

    policy: Policy
    confirmed: bool
    crds_go: bool
    namespaces: tuple[str, ...]
    class_name: str
    timeout_seconds: float
    stop_seconds: float
    release: Release
