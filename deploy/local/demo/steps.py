"""A line for each thing that is brought up: what it is, what it says, how long it took."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console


@dataclass
class Step:
    """One of them, while it is under way."""

    detail: str = ""

    def says(self, detail: str) -> None:
        """What to print beside it."""
        self.detail = detail


@dataclass(frozen=True)
class Steps:
    """Prints on this console."""

    console: Console

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """A spinner while it is under way, a line once it is done; nothing if it fails."""
        started, step = time.monotonic(), Step()
        with self.console.status(title):
            yield step
        took = time.monotonic() - started
        self.console.print(f"  [green]✓[/] {title:<10} {step.detail} [dim]({took:.1f} s)[/]", soft_wrap=True)
