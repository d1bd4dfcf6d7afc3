"""What is done inside a running node cluster from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

from local_cluster import processes
from local_cluster.errors import CannotStart, NotRunning
from local_cluster.nodes import containerd, layout, namespaces
from local_cluster.nodes.plan import Plan

Entry = tuple[list[str], dict[str, str]]  # a command line and its environment


def running(directory: Path) -> bool:
    """Whether a node cluster of this directory runs."""
    started = processes.load(layout.Files(directory).pids)
    return bool(started) and all(process.alive for process in started.values())


def require(directory: Path) -> None:
    """Raises NotRunning."""
    if not running(directory):
        raise NotRunning(f"no node cluster of {directory} runs; `make cluster-up NODES=1` starts one")


def inside(directory: Path, command: Sequence[str], folder: Path = Path("/")) -> Entry:
    """What runs a command in the cluster's namespaces: kubectl and ctr find their server. Raises NotRunning."""
    require(directory)
    files = layout.Files(directory)
    plan, parent = Plan.load(files.plan), processes.load(files.pids)["init"]
    environment = {
        **os.environ,
        "PATH": plan.path(os.environ),
        "KUBECONFIG": str(files.kubeconfig),
        "CONTAINERD_ADDRESS": containerd.SOCKET,
        "CONTAINERD_NAMESPACE": containerd.NAMESPACE,
    }
    return namespaces.entering(parent.pid, list(command), folder), environment


def require_archive(archive: Path) -> None:
    """Raises CannotStart where the file is no image."""
    if not archive.is_file():
        raise CannotStart(f"there is no image {archive}; `make image` writes dist/image.tar")
    if not tarfile.is_tarfile(archive):
        raise CannotStart(f"{archive} is no image, or half of one; `make image` writes dist/image.tar again")


def load(directory: Path, archive: Path) -> str:
    """Give an image from a file to the node; returns what containerd says. Raises NotRunning or CannotStart."""
    require_archive(archive)
    command, environment = inside(directory, ["ctr", "images", "import", str(archive.resolve())])
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotStart(f"containerd did not take {archive}: {done.stderr.strip()}")
    return done.stdout.strip()


def send_signal(directory: Path, server: str, number: signal.Signals) -> None:
    """To one of the servers, such as SIGSTOP to `kube-apiserver`; one that ends by it is started again.

    Raises NotRunning.
    """
    pid = layout.Files(directory).pid(server).read_text()
    command, environment = inside(directory, ["kill", f"-{number.value}", pid])
    subprocess.run(command, env=environment, check=True)
