"""What one run of one contender gave. Times in seconds, memory in MiB."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_KIB_PER_MIB = 1024


@dataclass(frozen=True)
class Usage:
    """What a process has used so far."""

    cpu: float
    rss: float
    peak: float

    @classmethod
    def of(cls, pid: int) -> Usage:
        """From /proc: all threads, user and system time; resident memory now and at its most."""
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        cpu = (int(fields[11]) + int(fields[12])) / _TICKS
        return cls(cpu, _mib(lines["VmRSS"]), _mib(lines["VmHWM"]))


@dataclass(frozen=True)
class Figures:
    """One contender at one size. Counts are per object where their name says so."""

    contender: str
    objects: int
    floor_seconds: float
    ready_seconds: float
    ready_p50: float
    ready_p99: float
    calls_to_ready: float
    writes_to_ready: float
    events_to_ready: float
    cpu_to_ready: float
    rss_idle: float
    rss_ready: float
    rss_peak: float
    steady_calls_per_hour: float
    steady_writes: int
    steady_cpu_percent: float
    restart_seconds: float
    restart_writes: int
    delete_seconds: float
    delete_writes: float
    delete_calls: float
    created: int
    left_billing: int
    writes: Mapping[str, float]
    calls: Mapping[str, float]


def _mib(text: str) -> float:
    return int(text.split(maxsplit=1)[0]) / _KIB_PER_MIB
