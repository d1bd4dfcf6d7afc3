"""The report: ratios in one run, in the words of the goals."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping, Sequence

from tests.bench.figures import Spread
from tests.bench.neighbours.rounds import Rounds

# A tenant may notice a neighbour a little: what it waits for may take half as long again, an end a fifth.
_GOALS: tuple[tuple[str, str, float], ...] = (
    ("apply to Ready", "ready", 1.5),
    ("stop, until Stopped", "stop", 1.2),
    ("delete, until the object is gone", "delete", 1.2),
)


def markdown(alone: Rounds, beside: Rounds, again: Rounds, reasons: Mapping[str, int], speed: float) -> str:
    """`alone` and `again`: before and after the failing ones; together they are what `beside` is compared with."""
    rows = [
        _row(title, getattr(alone, name) + getattr(again, name), getattr(beside, name), most, speed)
        for title, name, most in _GOALS
    ]
    calls = "\n".join(f"| {name} | {_calls(found, speed)} |" for name, found in _named(alone, beside, again))
    told = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
    return f"""# Beside a tenant whose objects can never be Ready

`make bench-neighbours` writes this file: {len(beside.ready)} objects of one tenant in turn, beside
{sum(reasons.values())} of another one. Both use one account with the default limits of 100 calls a minute and 3 creates
at a time. All clocks go {speed:g} times as fast as yours; the seconds are those of users. "Alone" is measured twice,
before and after.

{_where()}

| p95 | alone, s | beside, s | ratio | goal | kept |
|---|--:|--:|--:|--:|---|
{chr(10).join(rows)}

What the failing objects said at the end: {told}.

| calls to Novita in a minute | |
|---|---|
{calls}
"""


def _row(title: str, alone: Sequence[float], beside: Sequence[float], most: float, speed: float) -> str:
    base, found = Spread.of(alone).p95, Spread.of(beside).p95
    kept = "yes" if found <= most * base else "**no**"
    return f"| {title} | {base * speed:.1f} | {found * speed:.1f} | {found / base:.2f} | {most} | {kept} |"


def _named(alone: Rounds, beside: Rounds, again: Rounds) -> Sequence[tuple[str, Rounds]]:
    return (("alone", alone), ("beside", beside), ("alone again", again))


def _calls(found: Rounds, speed: float) -> str:
    minutes = found.seconds * speed / 60
    return ", ".join(f"{route} {count / minutes:.1f}" for route, count in sorted(found.calls.items()))


def _where() -> str:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
    return (
        f"Commit {commit.stdout.strip()}; {os.cpu_count()} cores ({platform.machine()}), Python "
        f"{platform.python_version()}, load {os.getloadavg()[0]:.1f} at the end."
    )
