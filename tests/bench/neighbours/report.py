"""The report: ratios in one run, in the words of the goals."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.bench.figures import Spread
from tests.bench.neighbours.rounds import Rounds

# A tenant may notice a neighbour a little: what it waits for may take half as long again, an end a fifth.
_GOALS: tuple[tuple[str, str, float], ...] = (
    ("apply to Ready", "ready", 1.5),
    ("stop, until Stopped", "stop", 1.2),
    ("delete, until the object is gone", "delete", 1.2),
)


@dataclass(frozen=True)
class Runs:
    """The measured tenant before, beside and after the failing ones; `apart`: the other tenant, while they were there.

    The machine may do other work, too: it slows `beside` and `apart` down alike, and the rest is the neighbour's doing.
    """

    alone: Rounds
    beside: Rounds
    again: Rounds
    apart: Rounds


def markdown(runs: Runs, reasons: Mapping[str, int], speed: float) -> str:
    """Alone at the same time, on the same machine, is what `beside` is compared with."""
    rows = [_row(title, name, runs, most, speed) for title, name, most in _GOALS]
    calls = "\n".join(f"| {name} | {_calls(found, speed)} |" for name, found in _named(runs))
    told = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
    return f"""# Beside a tenant whose objects can never be Ready

`make bench-neighbours` writes this file: {len(runs.beside.ready)} objects of one tenant in turn, beside
{sum(reasons.values())} of another one. Both use one account with the default limits of 100 calls a minute and 3 creates
at a time. A third tenant does the same as the first at the same moment on the same machine, with an account and an
operator of its own: that is "alone". "Before and after" is the first tenant without the others. Before each step both
wait for up to four seconds, as people do who are not in step with the polls. All clocks go {speed:g} times as fast as
yours; the seconds are those of users.

{_where()}

| p95 (median) | before and after, s | alone, s | beside, s | beside / alone, of p95 | goal | kept |
|---|--:|--:|--:|--:|--:|---|
{chr(10).join(rows)}

What the failing objects said at the end: {told}.

| calls to Novita in a minute | |
|---|---|
{calls}
"""


def _row(title: str, name: str, runs: Runs, most: float, speed: float) -> str:
    quiet = Spread.of(getattr(runs.alone, name) + getattr(runs.again, name))
    base, found = Spread.of(getattr(runs.apart, name)), Spread.of(getattr(runs.beside, name))
    kept = "yes" if found.p95 <= most * base.p95 else "**no**"
    seconds = " | ".join(f"{each.p95 * speed:.1f} ({each.p50 * speed:.1f})" for each in (quiet, base, found))
    return f"| {title} | {seconds} | {found.p95 / base.p95:.2f} | {most} | {kept} |"


def _named(runs: Runs) -> Sequence[tuple[str, Rounds]]:
    return (("alone", runs.alone), ("beside", runs.beside), ("alone again", runs.again))


def _calls(found: Rounds, speed: float) -> str:
    minutes = found.seconds * speed / 60
    return ", ".join(f"{route} {count / minutes:.1f}" for route, count in sorted(found.calls.items()))


def _where() -> str:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
    return (
        f"Commit {commit.stdout.strip()}; {os.cpu_count()} cores ({platform.machine()}), Python "
        f"{platform.python_version()}, load {os.getloadavg()[0]:.1f} at the end."
    )
