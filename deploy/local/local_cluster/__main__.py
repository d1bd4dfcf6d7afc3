"""`python -m local_cluster build | up | down | status [--directory D]`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from local_cluster import binaries, control_plane, flags
from local_cluster.errors import CannotProvide, CannotStart, NotOurs

_INTERRUPTED = 130  # what shells say of a program that Ctrl-C ended


def main() -> int:
    """Returns the exit code: 0 done, 1 could not, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="local_cluster", description=__doc__)
    parser.add_argument("command", choices=["build", "up", "down", "status"])
    parser.add_argument("--directory", type=Path, default=Path(".local/control-plane"))
    parser.add_argument("--with-helm", action="store_true", help="build helm, too")
    options = parser.parse_args()
    try:
        return _run(options.command, options.directory.resolve(), with_helm=options.with_helm)
    except (CannotProvide, CannotStart, NotOurs) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; what was built stays, the next run goes on from there", file=sys.stderr)
        return _INTERRUPTED


def _run(command: str, directory: Path, *, with_helm: bool) -> int:
    match command:
        case "build":
            names = (*binaries.CONTROL_PLANE, "helm") if with_helm else binaries.CONTROL_PLANE
            print(f"the control plane's binaries are in {binaries.provide(os.environ, names).directory}")
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
