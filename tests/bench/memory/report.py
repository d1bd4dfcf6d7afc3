"""The report: what the operator took of the memory that it had, step by step."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """After a step. `peak`, `resident`: MiB, at most so far and now; `kills`: processes that the kernel has ended."""

    what: str
    seconds: float
    peak: float
    resident: float
    kills: int

    def __str__(self) -> str:
        return f"| {self.what} | {self.seconds:.0f} | {self.peak:.0f} | {self.resident:.0f} | {self.kills} |"


def markdown(rows: Sequence[Row], count: int, limit: int) -> str:
    """One row for each step."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
    lines = "\n".join(map(str, rows))
    return f"""# Amid the largest objects, in {limit} MiB

`make bench-memory` writes this file: the operator alone in a cgroup of {limit} MiB (the chart's limit is 512), while
a tenant makes {count} objects of 1.48 MB, the largest that the API server takes. Another tenant makes an object, has it
Ready and deletes it meanwhile. Then the operator starts again. A process that needs more is killed by the kernel.

Commit {commit.stdout.strip()}; {os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}.

| after | seconds since the start | most memory of the cgroup, MiB | resident, MiB | killed |
|---|--:|--:|--:|--:|
{lines}

The memory of a cgroup counts files that are read, too; what is resident counts libraries that other processes share.
"""
