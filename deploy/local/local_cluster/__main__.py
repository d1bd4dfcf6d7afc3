"""`python -m local_cluster build [--with helm|node|flux|argocd] [--oldest] | up | down | status [--directory D]`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from local_cluster import binaries, catalogue, control_plane, flags
from local_cluster.errors import CannotProvide, CannotStart, NotOurs

_INTERRUPTED = 130  # what shells say of a program that Ctrl-C ended


def main() -> int:
    """Returns the exit code: 0 done, 1 could not, 130 interrupted."""
    options = _parser().parse_args()
    try:
        if options.command == "build":
            return _build(options.extras, oldest=options.oldest)
        return _run(options.command, options.directory.resolve())
    except (CannotProvide, CannotStart, NotOurs) as error:
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
    for name in ("up", "down", "status"):
        command = commands.add_parser(name)
        command.add_argument("--directory", type=Path, default=Path(".local/control-plane"))
    return parser


def _build(extras: Sequence[str], *, oldest: bool) -> int:
    programs = (*catalogue.CONTROL_PLANE, *(program for extra in extras for program in catalogue.EXTRAS[extra]))
    tools = binaries.provide(os.environ, [program.name for program in programs])
    for folder in sorted({path.parent for path in tools.paths.values()}):
        print(f"{', '.join(name for name, path in tools.paths.items() if path.parent == folder)} in {folder}")
    for version in catalogue.OLDEST if oldest else ():
        print(f"Kubernetes {version} for KUBEBUILDER_ASSETS in {binaries.provide_oldest(os.environ, version)}")
    return 0


def _run(command: str, directory: Path) -> int:
    match command:
        case "up":
            _up(directory)
        case "down":
            print("stopped" if control_plane.down(directory) else "nothing was running")
        case _:
            alive = control_plane.running(directory)
            print(f"running; export KUBECONFIG={flags.Files(directory).kubeconfig}" if alive else "not running")
            return 0 if alive else 1
    return 0


def _up(directory: Path) -> None:
    plane = control_plane.up(directory)
    print(f"control plane at {plane.url}" if plane else "a control plane is running already")
    print(f"export KUBECONFIG={flags.Files(directory).kubeconfig}")


if __name__ == "__main__":
    sys.exit(main())
