"""What one run gave. Times in seconds, memory in MiB, counts per object where the name says so."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

_TICKS = os.sysconf("SC_CLK_TCK")
_KIB_PER_MIB = 1024
_PERCENT = 100


@dataclass(frozen=True)
class Usage:
    """What a process has used so far. `files`: open file descriptors."""

    cpu: float
    rss: float
    peak: float
    files: int

    @classmethod
    def of(cls, pid: int) -> Usage:
        """From /proc: all threads, user and system time; resident memory now and at its most."""
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        cpu = (int(fields[11]) + int(fields[12])) / _TICKS
        return cls(cpu, _mib(lines["VmRSS"]), _mib(lines["VmHWM"]), len(list(Path(f"/proc/{pid}/fd").iterdir())))


@dataclass(frozen=True)
class Spread:
    """Percentiles of one latency, in seconds."""

    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        cuts = quantiles(values, n=_PERCENT)
        return cls(cuts[49], cuts[94], cuts[98])


@dataclass(frozen=True)
class Life:
    """One contender at one size, nothing limited: made, steady, restarted, deleted.

    `touched`: from the object's creation to the first write to it. `noticed`: from running at Novita to Ready here.
    """

    contender: str
    objects: int
    floor_seconds: float
    ready_seconds: float
    to_ready: Spread
    touched: Spread
    noticed: Spread
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
    restart_calls: int
    delete_seconds: float
    delete_writes: float
    delete_calls: float
    created: int
    left_billing: int
    writes: Mapping[str, float]
    calls: Mapping[str, float]
    writes_to_delete: Mapping[str, float]


@dataclass(frozen=True)
class Timed:
    """What took `seconds`, and the arithmetic floors of a rate limit: `calls` for each object, and `one_call` for each.

    No operator is below `floor`; `one_call` would be the floor if an answer to a create call told everything.
    """

    seconds: float
    calls: int
    floor: float
    one_call: float

    @property
    def ratio(self) -> float:
        return self.seconds / self.floor


@dataclass(frozen=True)
class Limited:
    """Ours under a rate limit: all Ready; then all deleted, until nothing is billed and until the objects are gone."""

    objects: int
    requests_per_minute: int
    ready: Timed
    unbilled: Timed
    gone: Timed
    left_billing: int


@dataclass(frozen=True)
class Poison:
    """The same number of good objects beside good and beside poisoned ones."""

    good: int
    poisoned: int
    p99_without: float
    p99_with: float
    good_ready: int


@dataclass(frozen=True)
class Churn:
    """After each cycle, with nothing left: what the process holds."""

    objects: int
    rss: Sequence[float]
    tasks: Sequence[int]
    files: Sequence[int]
    seconds: float
    left_billing: int


def _mib(text: str) -> float:
    return int(text.split(maxsplit=1)[0]) / _KIB_PER_MIB
