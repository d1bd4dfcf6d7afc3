"""What one pass hands back: the new status and Events for the object, and when to come back for the queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from novita_operator.api.events import Event


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status` is the whole wire form."""

    status: dict[str, Any]
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class After:
    """Come back after so many seconds, or earlier when something changes. Waiting is no failure."""

    seconds: float


@dataclass(frozen=True, slots=True)
class BackOff:
    """The pass failed: come back later, later each time, and not before `at_least` seconds.

    `at_most`: seconds until something is due that waits for no back-off, such as a deadline that was announced.
    """

    at_least: float = 0.0
    at_most: float | None = None


@dataclass(frozen=True, slots=True)
class Woken:
    """Nothing was done: somebody else wakes the object. Earlier failures still count."""


Requeue = After | BackOff | Woken | None
"""None: only when something changes."""
