"""What was run and what came of it, as Markdown."""

from __future__ import annotations

from tests.faults.results import machine
from tests.faults.sentinel import GRACE_SECONDS
from tests.soak import checker, plan
from tests.soak.run import SPEED, Found

_HEAD = f"""\
# Soak: many objects of every kind, accelerated time, everything at random

Written by `make soak` (`python -m tests.soak`). A real operator process, a real kube-apiserver, and the simulated
Novita, whose ledger is the judge. Operator and simulator live {SPEED:g} times as fast: an hour is {SPEED:g} of theirs.
Of ten objects four are instances, two spot instances, two instances with a schedule (a window of half an hour in each
hour), one a set and one a job. The seed decides what is done to which object in which order; when it happens depends on
the machine.

A checker compares every object's claims with the ledger at each second, or as often as the machine lets it. A
difference counts once it was there in every look for more than {GRACE_SECONDS:g} s of real time. Then the turmoil ends,
everything has to get where it was going, and the ledger has to have exactly the instances that the objects claim; then
all is deleted, and nothing may be left.
"""


_RUN = "## Run: "


def page(before: str, found: Found, commit: str) -> str:
    """The whole file: a run takes the place of an earlier one with the same objects, minutes and seed."""
    section = write(found, commit)
    title = section.partition("\n")[0]
    others = [_RUN + each for each in before.split(_RUN)[1:]]
    return "\n".join([_HEAD, *(each.rstrip() + "\n" for each in others if each.partition("\n")[0] != title), section])


def write(found: Found, commit: str) -> str:
    """The section of one run."""
    wanted = found.wanted
    facts = {
        "run": f"`python -m tests.soak --objects {wanted.objects} --minutes {wanted.minutes:g} --seed {wanted.seed}`",
        "commit": commit,
        "took": f"{found.minutes:.1f} min, {wanted.minutes:g} of them turmoil "
        f"({wanted.minutes * SPEED / 60:.1f} accelerated hours)",
        "load": f"{found.load[0]:.1f} at the beginning, {found.load[1]:.1f} at the end",
        **machine(),
        "operator processes": str(found.operators),
        "instances rented": str(found.rented),
        "looks of the checker": f"{found.looks}, at {found.claims.total()} objects in all",
        "findings": str(len(found.findings)),
    }
    parts = [
        f"{_RUN}{wanted.objects} objects, {wanted.minutes:g} minutes, seed {wanted.seed}\n",
        "\n".join(f"- {name}: {value}" for name, value in facts.items()) + "\n",
        _table(
            "deed | done | its object was not there for it",
            [f"{deed} | {found.done[deed]} | {found.skipped[deed]}" for deed in plan.DEEDS],
        ),
        _table("claims compared | times", [f"{claim} | {count}" for claim, count in sorted(found.claims.items())]),
        _table(
            "the checker found | times | what it means",
            [f"{kind} | {found.by_kind[kind]} | {text}" for kind, text in checker.KINDS.items()],
        ),
    ]
    if found.findings:
        parts.append("\n".join(["### Findings", "", *(f"- {text}" for text in found.findings), ""]))
    return "\n".join(parts)


def _table(head: str, rows: list[str]) -> str:
    rule = "|".join("---" for _ in head.split("|"))
    return "\n".join(f"| {row} |" for row in (head, *rows)).replace("\n", f"\n|{rule}|\n", 1) + "\n"
