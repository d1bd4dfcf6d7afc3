"""The operator with a wall clock that is wrong by CLOCK_OFFSET seconds; monotonic time goes on as it does."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from novita_operator import cli
from novita_operator.runtime.clock import SystemClock

_OFFSET = timedelta(seconds=float(os.environ.get("CLOCK_OFFSET", "0")))


def _now(_self: SystemClock) -> datetime:
    return datetime.now(UTC) + _OFFSET


if __name__ == "__main__":
    SystemClock.now = _now  # type: ignore[method-assign, assignment]
    cli.app(["run"])
