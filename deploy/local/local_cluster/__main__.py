"""`python -m local_cluster build | up [--nodes 1] | down | status | exec -- COMMAND | load FILE | reboot`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from local_cluster import binaries, catalogue, control_plane, flags
from local_cluster.errors import CannotHost, CannotProvide, CannotStart, NotOurs, NotRunning
from local_cluster.nodes import commands as node_commands

_INTERRUPTED = 130  # what shells say of a program that Ctrl-C ended
_CANNOT_HOST = 3
_PLANE, _NODES = Path(".local/control-plane"), Path(".local/node-cluster")


def main() -> int:
    """Returns the exit code: 0 done, 1 could not, 3 no node can run on this machine, 130 interrupted."""
    options = _parser().parse_args()
    try:
        if options.command == "build":
            return _build(options.extras, oldest=options.oldest)
        return _run(options)
    except CannotHost as error:
        print(error, file=sys.stderr)
        return _CANNOT_HOST
    except (CannotProvide, CannotStart, NotOurs, NotRunning) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; what was built stays, the next run goes on from there", file=sys.stderr)
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="local_cluster", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="fill the cache with the control plane's programs, and with more")
    build.add_argument("--with", dest="extras", action="append", default=[], choices=catalogue.EXTRAS)
    build.add_argument("--oldest", action="store_true", help="the older control planes as well")
    up = commands.add_parser("up", help="start a control plane, or with --nodes 1 a cluster that runs pods")
    up.add_argument("--nodes", type=int, choices=[0, 1], default=0)
    up.add_argument("--image", type=Path, action="append", default=[], help="a file of `make image` for the node")
    commands.add_parser("down", help="stop what was started")
    commands.add_parser("status", help="what runs; exit code 1 where nothing does")
    node_commands.add_to(commands)
    for command in commands.choices.values():
        text = f"where the state is; by default {_PLANE}, with nodes {_NODES}"
        command.add_argument("--directory", type=Path, help=text)
    return parser


def _build(extras: Sequence[str], *, oldest: bool) -> int:
    programs = (*catalogue.CONTROL_PLANE, *(program for extra in extras for program in catalogue.EXTRAS[extra]))
    tools = binaries.provide(os.environ, [program.name for program in programs])
    for folder in sorted({path.parent for path in tools.paths.values()}):
        print(f"{', '.join(name for name, path in tools.paths.items() if path.parent == folder)} in {folder}")
    for version in catalogue.OLDEST if oldest else ():
        print(f"Kubernetes {version} for KUBEBUILDER_ASSETS in {binaries.provide_oldest(os.environ, version)}")
    return 0


def _run(options: argparse.Namespace) -> int:
    plane, nodes = ((options.directory or default).resolve() for default in (_PLANE, _NODES))
    match options.command:
        case "up" if options.nodes:
            node_commands.up(nodes, options.image)
        case "up" if options.image:
            raise CannotStart("an image is for a node: `make cluster-up NODES=1 IMAGE=…`")
        case "up":
            _up(plane)
        case "down":
            stopped = _down(plane, nodes)
            print("stopped" if stopped else "nothing was running")
        case "status":
            return _status(plane, nodes)
        case _:
            return node_commands.run(options, nodes)
    return 0


def _up(directory: Path) -> None:
    plane = control_plane.up(directory)
    print(f"control plane at {plane.url}" if plane else "a control plane is running already")
    print(f"export KUBECONFIG={flags.Files(directory).kubeconfig}")


def _down(plane: Path, nodes: Path) -> bool:
    """Both, whichever there is; one directory that was named holds one of the two."""
    if node_commands.is_theirs(nodes):
        stopped = node_commands.down(nodes)
        return stopped if plane == nodes else control_plane.down(plane) or stopped
    return control_plane.down(plane)


def _status(plane: Path, nodes: Path) -> int:
    kubeconfigs = {flags.Files(plane).kubeconfig} if control_plane.running(plane) else set()
    kubeconfigs |= node_commands.kubeconfigs(nodes)
    for kubeconfig in sorted(kubeconfigs):
        print(f"running; export KUBECONFIG={kubeconfig}")
    if not kubeconfigs:
        print("not running")
    return 0 if kubeconfigs else 1


if __name__ == "__main__":
    sys.exit(main())
