"""A line that tells how far something is: overwritten on a terminal, repeated now and then in a log."""

from __future__ import annotations

import shutil
import sys
import time
from dataclasses import dataclass, field

REPORT_SECONDS = 15.0  # between lines where there is no terminal to overwrite
_TERMINAL_SECONDS = 0.2  # often enough for a clock that counts seconds
_MEGABYTE = 1_000_000


@dataclass
class Line:
    """What is under way, and since when."""

    title: str
    started: float = field(default_factory=time.monotonic)
    _shown: float = field(default_factory=time.monotonic)

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    def show(self, text: str) -> None:
        """Say how far it is, if it is time to say so again."""
        terminal = sys.stdout.isatty()
        if time.monotonic() - self._shown < (_TERMINAL_SECONDS if terminal else REPORT_SECONDS):
            return
        self._shown = time.monotonic()
        if terminal:
            line = f"  {self.title} {text}"[: shutil.get_terminal_size().columns - 1]
            print(f"\r{line}\033[K", end="", flush=True)
        else:
            print(f"  {self.title} {text}", flush=True)

    def end(self, text: str) -> None:
        """Say how it ended."""
        before, after = ("\r", "\033[K") if sys.stdout.isatty() else ("", "")
        print(f"{before}  {self.title} {text}{after}", flush=True)


def transferred(done: int, total: int | None, rate: float) -> str:
    """`57 of 119 MB, 19.8 MB/s, 3 s left`, from bytes and bytes per second."""
    of_all = f" of {total / _MEGABYTE:.0f}" if total else ""
    left = f", {(total - done) / rate:.0f} s left" if total and rate and total > done else ""
    return f"{done / _MEGABYTE:.0f}{of_all} MB, {rate / _MEGABYTE:.1f} MB/s{left}"


def arrived(size: int, seconds: float) -> str:
    """`119 MB in 6.0 s, 19.8 MB/s`."""
    return f"{size / _MEGABYTE:.0f} MB in {seconds:.1f} s, {size / max(seconds, 0.1) / _MEGABYTE:.1f} MB/s"
