"""`python -m tests.faults run`: breaks things on purpose and writes the table."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

_REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(_REPOSITORY / "deploy" / "local"))  # the control plane's package is not installed

from tests.faults import before, results, run  # noqa: E402 - the path comes first
from tests.faults.rows import catalog  # noqa: E402
from tests.faults.world import PATIENCE_SECONDS  # noqa: E402

_RESULTS = Path(__file__).parent / "RESULTS.md"
_KEPT = Path(__file__).parent / "results.json"
_BEFORE = Path(__file__).parent / "before.json"

app = typer.Typer(help=__doc__, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def harness() -> None:
    """Breaks things on purpose; the simulator's ledger judges."""


@app.command("run")
def run_rows(
    only: Annotated[list[str] | None, typer.Option(help="Only this row; repeat for more. `rows` lists them.")] = None,
    *,
    case: Annotated[
        list[str] | None, typer.Option(help="Only cases whose label contains this; repeat for more.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Cases at the same time; they mostly wait.")] = 3,
    quick: Annotated[bool, typer.Option(help="Only what `make test` runs, too.")] = False,
    broken: Annotated[str | None, typer.Option(help="Leave out: lookup, intent or finalizer.")] = None,
    checkout: Annotated[
        Path | None, typer.Option(help="Root of another checkout, whose operator is judged: kept as `before`.")
    ] = None,
    patience: Annotated[float, typer.Option(help="Seconds until an object needs a person.")] = PATIENCE_SECONDS,
    beside: Annotated[bool, typer.Option(help="Write beside what is kept of the row: other cases of it.")] = False,
    write: Annotated[bool | None, typer.Option(help="Write RESULTS.md; by default only for all cases.")] = None,
) -> None:
    """Run rows and print the table."""
    rows = catalog.chosen(only or [], case or [])
    started = time.monotonic()
    kept = write if write is not None else not (case or quick or broken)

    def finished(row: results.Done) -> None:
        if kept:
            results.keep(_KEPT if checkout is None else _BEFORE, row, beside=beside)
            earlier = before.table(results.kept(_BEFORE))
            _RESULTS.write_text(results.write(results.kept(_KEPT), results.machine()) + earlier)

    how = run.How(jobs, quick, broken, checkout, patience)
    done = asyncio.run(run.run(rows, how, typer.echo, finished))
    typer.echo(results.write(done, {"took": f"{(time.monotonic() - started) / 60:.1f} min with --jobs {jobs}"}))
    if not all(each.as_it_must_be for each in done):
        raise typer.Exit(1)


@app.command("rows")
def list_rows() -> None:
    """Print the rows and how many cases each has."""
    for row in catalog.ROWS:
        typer.echo(f"{row.name:24} {sum(case.scenarios for case in row.cases):4} cases  {row.title}")


if __name__ == "__main__":
    app()
