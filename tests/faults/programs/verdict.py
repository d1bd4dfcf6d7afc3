"""The judge of one job: what must have become of it, and what is wrong with what has. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from tests.faults.programs.program import Program
from tests.support.history import condition
from tests.support.kube import Body

Kind = Literal["restarted", "misjudged", "forgotten"]
Fate = Literal["Own", "Deadline", "Deleted"]
"""Its program's own outcome decides; or the job's time was over; or somebody deleted the job."""


class Complaint(NamedTuple):
    """`restarted`: started twice; `misjudged`: another outcome or output than the program's; `forgotten`: it costs."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Expected:
    """`attempts`: so many were begun, and the last one's outcome is the job's."""

    fate: Fate = "Own"
    attempts: int = 1


BY_ITSELF = Expected()


@dataclass(frozen=True)
class Facts:
    """`starts`, `told`: the attempts of its marks, one for each start of the program and each TERM.

    `body`: the job, None where it is gone. `output`: of the last attempt, None where none is kept. `billing`: instances
    of it that cost money, or live, when it said that it was over. `running`: pids of programs that were left.
    """

    starts: tuple[str, ...]
    told: tuple[str, ...]
    body: Body | None
    output: bytes | None
    billing: tuple[str, ...] = ()
    running: tuple[int, ...] = ()


def complaints(program: Program, expected: Expected, facts: Facts) -> Iterator[Complaint]:
    """All that is wrong."""
    yield from _starts(program, expected, facts)
    if facts.billing:
        yield Complaint("forgotten", f"{program.name} was over while {', '.join(facts.billing)} was not")
    if facts.running:
        yield Complaint("misjudged", f"{program.name} still runs: {facts.running}")
    if expected.fate == "Deleted":
        if facts.body is not None:
            yield Complaint("misjudged", f"{program.name} is still there")
        return
    if facts.body is None:
        yield Complaint("misjudged", f"{program.name} is gone")
        return
    yield from _outcome(program, expected, facts.body)
    if expected.fate == "Deadline" and facts.told != ("1",):
        yield Complaint("misjudged", f"{program.name} was told to end in attempts {facts.told}, not once in 1")
    if facts.output != program.kept:
        yield Complaint("misjudged", f"{program.name}: what is kept is {_short(facts.output)}")


def _starts(program: Program, expected: Expected, facts: Facts) -> Iterator[Complaint]:
    counted = Counter(facts.starts)
    twice = sorted(attempt for attempt, count in counted.items() if count > 1)
    if twice:
        yield Complaint("restarted", f"{program.name} was started more than once in attempt {', '.join(twice)}")
    if set(counted) != {str(number) for number in range(1, expected.attempts + 1)}:
        yield Complaint("misjudged", f"{program.name} ran in attempts {sorted(counted)}, not in {expected.attempts}")


def _outcome(program: Program, expected: Expected, body: Body) -> Iterator[Complaint]:
    status = body.get("status") or {}
    found = (status.get("exitCode"), status.get("signal"), status.get("attempts"), _end(body))
    wanted = (program.code, program.signal, expected.attempts, _wanted_end(program, expected))
    if found != wanted:
        yield Complaint("misjudged", f"{program.name}: code, signal, attempts, end are {found}, not {wanted}")


def _end(body: Body) -> tuple[str, ...]:
    """The conditions that say that it is over, with their reasons."""
    told = [(kind, condition(body, kind)) for kind in ("Complete", "Failed")]
    return tuple(f"{kind} {each['reason']}" for kind, each in told if each.get("status") == "True")


def _wanted_end(program: Program, expected: Expected) -> tuple[str, ...]:
    if expected.fate == "Deadline":
        return ("Failed DeadlineExceeded",)
    return ("Complete Completed",) if program.code == 0 else ("Failed BackoffLimitExceeded",)


def _short(output: bytes | None) -> str:
    return "nothing" if output is None else f"{len(output)} bytes, {output[:20]!r} … {output[-20:]!r}"
