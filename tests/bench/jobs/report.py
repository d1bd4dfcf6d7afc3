"""The report: what the operator took for jobs whose programs it runs over ssh."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.figures import Usage

_KIB_PER_MIB = 1024
_MS = 1000


@dataclass(frozen=True)
class Row:
    """The operator's use up to a moment, so many seconds after the start."""

    what: str
    seconds: float
    usage: Usage

    def __str__(self) -> str:
        used = self.usage
        return (
            f"| {self.what} | {self.seconds:.0f} | {used.cpu:.1f} | {used.rss:.0f} | {used.peak:.0f} | {used.files} |"
        )


def markdown(rows: Sequence[Row], count: int, right: int) -> str:
    """One row for each step, and what a job costs."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
    first, last = rows[0].usage, rows[-1].usage
    running = max(rows, key=lambda row: row.usage.files).usage
    cpu, memory = (last.cpu - first.cpu) * _MS / count, (last.peak - first.rss) * _KIB_PER_MIB / count
    files = (running.files - first.files) / count
    lines = "\n".join(map(str, rows))
    return f"""# {count} jobs at once, on machines that are real

`python -m tests.bench.jobs --jobs {count}` writes this file. Each job is an `ExitCode` job with an instance, an ssh
server and a program of its own; all programs run at the same time and end at the same time, with different exit codes.

**{right} of {count} exit codes are right.** For each job the operator took {cpu:.0f} ms of CPU from its making
to its end, and at most {memory:.0f} KiB of memory; {files:.1f} open files while its program ran.

Commit {commit.stdout.strip()}; {os.cpu_count()} cores ({platform.machine()}) that the operator shares with everything
else: control plane, simulator, ssh servers, programs. Python {platform.python_version()}.

| after | seconds since the start | CPU s | resident, MiB | most, MiB | open files |
|---|--:|--:|--:|--:|--:|
{lines}
"""
