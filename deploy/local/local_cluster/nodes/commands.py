"""The commands of a node cluster."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path

from local_cluster.nodes import cluster, entering, layout

_NO_IMAGE = (
    "no image was given to the node, and no pod reaches the internet. The operator's comes by `make image` and then "
    "`make cluster-up NODES=1 IMAGE=dist/image.tar`, also while the cluster runs"
)


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """To the parser of the whole program."""
    execute = commands.add_parser("exec", help="run a command inside: exec -- kubectl get nodes")
    execute.add_argument("words", nargs="+", metavar="COMMAND")
    load = commands.add_parser("load", help="give an image of a file to the node")
    load.add_argument("file", type=Path)
    commands.add_parser("reboot", help="end every process at once, and start again with the same disks")


def run(options: argparse.Namespace, directory: Path) -> int:
    """Raises NotRunning or CannotStart. `exec` does not return: this process becomes the command."""
    match options.command:
        case "exec":
            command, environment = entering.inside(directory, options.words, Path.cwd())
            os.execvpe(command[0], command, environment)  # noqa: S606 - no shell is wanted
        case "load":
            print(entering.load(directory, options.file))
        case _:
            cluster.reboot(directory)
            print("the node is Ready again")
    return 0


def up(directory: Path, archives: Sequence[Path]) -> None:
    """Raises what `cluster.up` raises."""
    began = time.monotonic()
    if cluster.up(directory, archives):
        print(f"the node is Ready after {time.monotonic() - began:.0f} s")
    else:
        print("a node cluster is running already")
        for archive in archives:
            print(entering.load(directory, archive))
    if not archives:
        print(_NO_IMAGE)
    print(f"export KUBECONFIG={layout.Files(directory).kubeconfig}")


def down(directory: Path) -> bool:
    """Whether anything was there."""
    return cluster.down(directory)


def is_theirs(directory: Path) -> bool:
    """Whether the directory holds what is left of a node cluster, running or not."""
    return layout.Files(directory).plan.exists()


def kubeconfigs(directory: Path) -> set[Path]:
    """The administrator's, where a cluster runs."""
    return {layout.Files(directory).kubeconfig} if is_theirs(directory) and entering.running(directory) else set()
