"""A row of the table: cases of one family, each of which runs in a world of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from tests.faults.tally import Tally
from tests.faults.world import Stage


@dataclass(frozen=True)
class Case:
    """One world. `quick`: part of `make test`, too. `scenarios`: how many are side by side in it."""

    label: str
    run: Callable[[Stage], Awaitable[Tally]]
    quick: bool = False
    scenarios: int = 1


@dataclass(frozen=True)
class Row:
    """`alone`: its cases take things away that others need, so nothing else runs meanwhile.

    `must_fail`: it proves that the judge sees what it is there to see: the operator of this row lacks something.
    """

    name: str
    title: str
    cases: Sequence[Case]
    alone: bool = False
    must_fail: bool = False


def with_quick(cases: Iterable[Case], *labels: str) -> tuple[Case, ...]:
    """The cases, and those of these labels as part of `make test`, too. Raises ValueError for a label of no case."""
    known = tuple(cases)
    unknown = set(labels) - {case.label for case in known}
    if unknown:
        raise ValueError(f"no case is called {', '.join(sorted(unknown))}")
    return tuple(replace(case, quick=case.quick or case.label in labels) for case in known)
