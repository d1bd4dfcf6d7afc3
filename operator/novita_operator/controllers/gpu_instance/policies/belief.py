"""When an instance that nothing shows counts as gone. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Misses:
    """Looks by id that found nothing, since the instance was last seen. Monotonic seconds."""

    count: int
    first: float
    last: float


@dataclass(frozen=True, slots=True)
class Belief:
    """What the looks mean.

    `believed`: it is gone. `check_due`: another check by id would tell more. `announced`: Novita, or our own delete
    call, has said that it goes, so that one check is enough. `seconds`: until the next check.
    """

    believed: bool = False
    check_due: bool = True
    announced: bool = False
    seconds: float | None = None


UNLOOKED = Belief()
"""Nobody has looked yet."""


def judge(misses: Misses | None, *, announced: bool, wait: float | None, lag: float, now: float) -> Belief:
    """`wait`: seconds that an unannounced absence takes, None: for ever. `lag`: how long a list may hide something."""
    if misses is None:
        return Belief(announced=announced)
    if announced:
        return Belief(believed=True, check_due=False, announced=True)
    needed = None if wait is None else max(wait, lag)
    if needed is not None and misses.count > 1 and misses.last - misses.first >= needed:
        return Belief(believed=True, check_due=False)
    pause = max(lag / 2, (needed or 0.0) / 6)
    due = misses.last + pause
    if needed is not None:
        due = min(due, max(misses.first + needed, misses.last))
    return Belief(check_due=now >= due, seconds=max(0.0, due - now))
