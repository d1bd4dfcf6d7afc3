"""When an instance that nothing shows counts as gone. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Looks:
    """Looks by id that found nothing, since the instance was last seen. Monotonic seconds."""

    count: int
    first: float
    last: float


@dataclass(frozen=True, slots=True)
class Belief:
    """What the looks mean.

    `believed`: it is gone. `look_due`: another look by id would tell more. `announced`: Novita, or our own delete call,
    has said that it goes, so that one look is enough. `seconds`: until the next look.
    """

    believed: bool = False
    look_due: bool = True
    announced: bool = False
    seconds: float | None = None


UNLOOKED = Belief()
"""Nobody has looked yet."""


def judge(looks: Looks | None, *, announced: bool, wait: float | None, lag: float, now: float) -> Belief:
    """`wait`: seconds that an unannounced absence takes, None: for ever. `lag`: how long a list may hide something."""
    if looks is None:
        return Belief(announced=announced)
    if announced:
        return Belief(believed=True, look_due=False, announced=True)
    needed = None if wait is None else max(wait, lag)
    if needed is not None and looks.count > 1 and looks.last - looks.first >= needed:
        return Belief(believed=True, look_due=False)
    pause = max(lag / 2, (needed or 0.0) / 6)
    due = looks.last + pause
    if needed is not None:
        due = min(due, max(looks.first + needed, looks.last))
    return Belief(look_due=now >= due, seconds=max(0.0, due - now))
