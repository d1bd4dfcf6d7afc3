"""What a case, a row and the whole run amount to. Values only."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Tally:
    """Counts of one case, or the sum of many.

    `fired`: crashes and faults that were proven to have happened; `not_fired`: those that were asked for and did not.
    `outside` and `inside`: names that two live instances bore at once, outside and inside the documented window.
    `forgotten`: live instances without an object, after everything had settled. `wrong`: instances deleted that were
    wanted, or not ours. `person`: objects that did not get where they were going by themselves.
    `unguarded`: live instances that no object with a finalizer held for longer than the grace while an operator worked.
    `untrue`: objects that said Ready for as long without their instance being alive. Both are seen by the sentinel.
    `restarted`: programs of jobs that were started more than once in an attempt; `misjudged`: jobs whose outcome, exit
    code or output is not that of their program.
    `unjudged`: cases that never got to where they begin, or lost a server on the way: they prove nothing.
    `orphaned`: GPU-seconds of each instance while no object's status held its id. `heal`: seconds from a fault until
    all objects of the case were where they were going. `notes`: measured facts worth a line under the table.
    `complaints`: what went wrong, for whoever reads the output.
    """

    fired: int = 0
    not_fired: int = 0
    outside: int = 0
    inside: int = 0
    forgotten: int = 0
    wrong: int = 0
    person: int = 0
    unguarded: int = 0
    untrue: int = 0
    restarted: int = 0
    misjudged: int = 0
    unjudged: int = 0
    orphaned: tuple[float, ...] = ()
    heal: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()

    def __add__(self, other: Tally) -> Tally:
        return Tally(**{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(Tally)})

    @property
    def clean(self) -> bool:
        """Nothing that the safety rules forbid happened."""
        bad = (self.outside, self.forgotten, self.wrong, self.person, self.unguarded, self.untrue, self.unjudged)
        return not any((*bad, self.restarted, self.misjudged))

    @property
    def caught(self) -> int:
        """What a judge must find of an operator that lacks a safety step."""
        return self.outside + self.forgotten + self.restarted + self.misjudged


def total(tallies: Iterable[Tally]) -> Tally:
    """The sum."""
    return sum(tallies, Tally())


def percentile(values: Iterable[float], share: float) -> float | None:
    """The smallest value that at least this share of all values do not exceed; None where there are no values."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
