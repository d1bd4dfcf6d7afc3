"""From the word of the command line to the cluster."""

from __future__ import annotations

from pathlib import Path

from demo.clusters import current, kind, local
from demo.clusters.cluster import Cluster, Source


def of(source: Source, directory: Path) -> Cluster:
    """The cluster for a demo in this directory."""
    match source:
        case Source.LOCAL:
            return local.Local(directory / "control-plane")
        case Source.KIND:
            return kind.Kind(directory / "kubeconfig", f"novita-{directory.name}")
        case Source.CURRENT:
            return current.Current(directory / "kubeconfig")
