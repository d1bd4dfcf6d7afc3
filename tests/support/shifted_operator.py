"""The operator with clocks that a test moves: `python -m tests.support.shifted_operator run`.

`CLOCK_FILE` holds the seconds by which both clocks run ahead; it is read at each look at the time, so that a test moves
time by writing the file. What the simulator calls virtual time is moved by its own route.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from novita_operator.clock import SystemClock


def _ahead() -> float:
    return float(Path(os.environ["CLOCK_FILE"]).read_text() or 0)


def _now(_: SystemClock) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=_ahead())


def _monotonic(_: SystemClock) -> float:
    return time.monotonic() + _ahead()


def main() -> None:
    setattr(SystemClock, "now", _now)  # noqa: B010 - the type checker rightly refuses the assignment
    setattr(SystemClock, "monotonic", _monotonic)  # noqa: B010
    from novita_operator.cli import app

    app()


if __name__ == "__main__":
    main()
