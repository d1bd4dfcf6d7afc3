"""How unlike itself the machine is while it measures: the same piece of work, timed before each run."""

from __future__ import annotations

import time

_STEPS = 2_000_000  # about a tenth of a second


def sample() -> float:
    """Seconds for a fixed piece of work on one core."""
    began, total = time.perf_counter(), 0
    for number in range(_STEPS):
        total += number
    return time.perf_counter() - began
