"""All rows, in the order of the table."""

from __future__ import annotations

from dataclasses import replace

from tests.faults.row import Case, Row
from tests.faults.rows import (
    absence,
    alone,
    api_faults,
    broken,
    copies,
    crashes,
    exit_codes,
    identity,
    keys,
    machine,
    many,
    newborn,
    novita_faults,
    orphans,
    outage,
    owners,
    peers,
    people,
    posthumous,
    prices,
    processes,
    refusals,
    unreadable,
)

ROWS: tuple[Row, ...] = (
    crashes.ROW,
    novita_faults.MUTATIONS,
    novita_faults.LATE,
    novita_faults.READS,
    many.ROW,
    processes.ROW,
    api_faults.ROW,
    orphans.ROW,
    owners.ROW,
    exit_codes.ROW,
    people.ROW,
    copies.ROW,
    newborn.ROW,
    absence.ROW,
    refusals.ROW,
    identity.ROW,
    posthumous.ROW,
    prices.ROW,
    keys.ROW,
    unreadable.ROW,
    outage.ROW,
    peers.OURS,
    machine.ROW,
    alone.ROW,
    peers.NAIVE,
    *broken.ROWS,
)


def chosen(names: list[str], labels: list[str]) -> list[Row]:
    """The rows of these names, with the cases whose label contains one of these texts. None of them: all.

    Raises ValueError for a row that does not exist.
    """
    unknown = set(names) - {row.name for row in ROWS}
    if unknown:
        raise ValueError(f"there is no row {', '.join(sorted(unknown))}; `python -m tests.faults rows` lists them")
    wanted = [row for row in ROWS if not names or row.name in names]
    return [replace(row, cases=tuple(case for case in row.cases if _is_meant(case, labels))) for row in wanted]


def _is_meant(case: Case, labels: list[str]) -> bool:
    return not labels or any(label in case.label for label in labels)
