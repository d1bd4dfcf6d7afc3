"""What the same cases found in an operator of before: proof that each can fail."""

from __future__ import annotations

from collections.abc import Sequence

from tests.faults.results import Done

_TITLE = """
## Before: the same rows on the operator of commit b377715

Run with `python -m tests.faults run --checkout DIR`, where DIR holds that commit. A row proves something only if the
operator that it was written against fails it.

| row | cases run | failed | twice | forgotten | wrongly deleted | unguarded | untrue | need a person | not judged |
|---|---|---|---|---|---|---|---|---|---|"""


def table(done: Sequence[Done]) -> str:
    """The section of RESULTS.md; nothing where nothing is known."""
    if not done:
        return ""
    failed = [f"- {each.row.name}: {label}" for each in done for label in each.failed]
    return "\n".join([_TITLE, *(_line(each) for each in done), "", "What failed there:", "", *failed]) + "\n"


def _line(done: Done) -> str:
    tally = done.tally
    cells = [
        done.row.title,
        f"{done.ran} of {len(done.row.cases)}",
        len(done.failed),
        tally.outside,
        tally.forgotten,
        tally.wrong,
        tally.unguarded,
        tally.untrue,
        tally.person,
        tally.unjudged,
    ]
    return "| " + " | ".join(str(cell) for cell in cells) + " |"
