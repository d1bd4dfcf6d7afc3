"""The states of one object, a line each, as they come."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rich.console import Group
from rich.spinner import Spinner
from rich.table import Table

_STYLES = {"Creating": "yellow", "Pulling": "yellow", "Starting": "yellow", "Failed": "red", "Running": "green"}


@dataclass(frozen=True)
class Line:
    """One state. `after` is seconds since the object was applied."""

    after: float
    phase: str
    ready: str
    reason: str
    message: str


@dataclass
class Board:
    """Collects the states; rich draws it anew several times a second while it is live."""

    clock: Callable[[], float] = time.monotonic
    lines: list[Line] = field(default_factory=list)
    done: bool = False

    def __post_init__(self) -> None:
        self._began = self.clock()

    @property
    def elapsed(self) -> float:
        return self.clock() - self._began

    def see(self, body: dict[str, Any]) -> Line | None:
        """Take a look at the object; the new line, if its state is another than before."""
        line = read(body, self.elapsed)
        if line is None or (self.lines and _state(self.lines[-1]) == _state(line)):
            return None
        self.lines.append(line)
        self.done = line.ready == "True"
        return line

    def __rich__(self) -> Group | Table:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        *narrow, wide = ("   AFTER", "PHASE", "READY", "REASON", "WHAT THE OPERATOR SAYS")
        for title in narrow:
            table.add_column(title, no_wrap=True)
        table.add_column(wide)
        for line in self.lines:
            style = _STYLES.get(line.phase, "cyan")
            table.add_row(f"{line.after:6.1f} s", f"[{style}]{line.phase}[/]", line.ready, line.reason, line.message)
        return table if self.done else Group(table, Spinner("dots", f" {self.elapsed:.1f} s"))


def row(line: Line) -> str:
    """The line where there is no terminal to draw a table on."""
    return f"{line.after:6.1f} s  {line.phase:<10}  {line.ready:<5}  {line.reason:<13}  {line.message}"


def read(body: dict[str, Any], after: float) -> Line | None:
    """The state of an object, as its Ready condition tells it; None while the operator has not said anything."""
    status = body.get("status") or {}
    ready = next((each for each in status.get("conditions", []) if each["type"] == "Ready"), None)
    if ready is None:
        return None
    return Line(after, status.get("phase", ""), ready["status"], ready["reason"], ready["message"])


def _state(line: Line) -> tuple[str, str, str]:
    return line.phase, line.ready, line.reason
