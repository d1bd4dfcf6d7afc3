"""Mutation tests (`make mutants`): changes what decides about money, one small thing at a time, and runs its tests.

Fails where a change lives that survivors.toml does not list, and where one is listed that no longer lives. With files
(`policies/drift.py`) it changes these alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

import typer
from tests.mutants import survivors
from tests.mutants.staging import stage


def main(only: Sequence[str]) -> int:
    """The exit code."""
    staged = stage(only)
    # The checkout's own paths must not come before those of the copy.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run([sys.executable, "-m", "mutmut", "run"], cwd=staged, env=environment, check=True)
    found, known = survivors.found(staged), survivors.known(only)
    for survivor in sorted(found - known.keys()):
        typer.echo(f"no test sees this change; write one, or list it with the reason: {survivor}")
    for survivor in sorted(known.keys() - found):
        typer.echo(f"survivors.toml lists a change that a test sees, or that is no more; take it out: {survivor}")
    typer.echo(f"{len(found)} changes live, {len(found & known.keys())} of them for a reason")
    return 0 if found == known.keys() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
