"""A limit of memory for one process, as a pod has it: a cgroup of its own, of version 1 or 2. Needs root."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
MIB = 1024 * 1024


@dataclass(frozen=True)
class Cgroup:
    """`most`: bytes; a process that needs more is killed by the kernel."""

    path: Path
    is_v2: bool

    @classmethod
    @contextmanager
    def limited(cls, most: int) -> Iterator[Cgroup]:
        """It is there as long as the block runs; its processes must have ended by then."""
        is_v2 = (_ROOT / "cgroup.controllers").exists()
        group = cls((_ROOT if is_v2 else _ROOT / "memory") / f"novita-memory-{secrets.token_hex(3)}", is_v2)
        group.path.mkdir()
        try:
            (group.path / ("memory.max" if is_v2 else "memory.limit_in_bytes")).write_text(str(most))
            yield group
        finally:
            group.path.rmdir()

    def command(self, *command: str) -> list[str]:
        """The same command, inside."""
        return ["sh", "-c", f'echo $$ > {self.path / "cgroup.procs"} && exec "$@"', "sh", *command]

    @property
    def peak(self) -> float:
        """The most that was in use at once, files in memory included; MiB."""
        name = "memory.peak" if self.is_v2 else "memory.max_usage_in_bytes"
        return int((self.path / name).read_text()) / MIB

    @property
    def kills(self) -> int:
        """How often the kernel has ended a process for want of memory."""
        text = (self.path / ("memory.events" if self.is_v2 else "memory.oom_control")).read_text()
        found = dict(line.split() for line in text.splitlines())
        return int(found["oom_kill"])
