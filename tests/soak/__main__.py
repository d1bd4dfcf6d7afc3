"""`python -m tests.soak`: many objects, accelerated time, everything at random; writes RESULTS.md."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

_REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(_REPOSITORY / "deploy" / "local"))  # the control plane's package is not installed

from tests.faults.results import commit  # noqa: E402 - the path comes first
from tests.soak import results  # noqa: E402
from tests.soak.run import Wanted, soak  # noqa: E402

_RESULTS = Path(__file__).parent / "RESULTS.md"


def main(
    objects: Annotated[int, typer.Option(min=10, help="Of all kinds; sets and jobs make more instances.")] = 200,
    minutes: Annotated[float, typer.Option(min=0.5, help="Of turmoil; what comes before and after is not in it.")] = 60,
    seed: Annotated[int, typer.Option(help="Decides what is done to which object, in which order.")] = 1,
    *,
    write: Annotated[bool, typer.Option(help="Write RESULTS.md.")] = True,
) -> None:
    """Soak the operator and print what came of it; fails where anything was found."""
    found = asyncio.run(soak(Wanted(objects, minutes, seed), typer.echo))
    run_on = commit(_REPOSITORY)
    if write:
        _RESULTS.write_text(results.page(_RESULTS.read_text() if _RESULTS.exists() else "", found, run_on))
    typer.echo(results.write(found, run_on))
    if found.findings:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
