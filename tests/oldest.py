"""`make test-oldest`: the tests of operator, chart and samples on the control planes of older Kubernetes."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

_REPOSITORY = Path(__file__).parents[1]
sys.path[:0] = [str(_REPOSITORY / "deploy" / "local")]

from local_cluster import binaries, catalogue  # noqa: E402 - the path comes first

_TESTS = ("tests/attacks", "tests/cluster", "tests/packaging")


def main() -> int:
    """Returns 1 where tests have failed on one of the versions."""
    parser = argparse.ArgumentParser(prog="python -m tests.oldest", description=__doc__)
    parser.add_argument(
        "--if-cached", action="store_true", help="skip a version that would have to be fetched or built"
    )
    parser.add_argument("--numprocesses", default="6", help="pytest's workers for each version")
    parser.add_argument("tests", nargs="*", default=_TESTS)
    options = parser.parse_args()
    failed = [version for version in catalogue.OLDEST if not _passes(version, options)]
    if failed:
        print(f"FAILED on Kubernetes {', '.join(failed)}", flush=True)  # noqa: T201 - a command-line program
    return int(bool(failed))


def _passes(version: str, options: argparse.Namespace) -> bool:
    if options.if_cached and not binaries.is_cached(os.environ, catalogue.OLDEST[version]):
        print(f"skipping Kubernetes {version}: not in the cache, `make test-oldest` fills it", flush=True)  # noqa: T201
        return True
    assets = binaries.provide_oldest(os.environ, version)
    print(f"on Kubernetes {version}, of {assets}", flush=True)  # noqa: T201
    command = [sys.executable, "-m", "pytest", "--numprocesses", options.numprocesses, *options.tests]
    environment = {**os.environ, "KUBEBUILDER_ASSETS": str(assets)}
    return not subprocess.run(command, cwd=_REPOSITORY, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
