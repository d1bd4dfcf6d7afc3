"""Every API call that arrived: counts per route and status, peaks of concurrency, and the latest in order."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

_LONGEST_LOG = 50_000


@dataclass(slots=True)
class Entry:
    """One call. `real` and `until` are real seconds since the start; `status` None = the connection was dropped."""

    method: str
    path: str
    route: str
    real: float
    instance_id: str = ""
    name: str = ""
    page: int | None = None
    until: float | None = None
    status: int | None = None
    reason: str = ""
    faults: tuple[str, ...] = ()

    def to_wire(self) -> dict[str, Any]:
        outcome = "pending" if self.until is None else "dropped" if self.status is None else str(self.status)
        return {
            "method": self.method,
            "path": self.path,
            "route": self.route,
            "real": round(self.real, 4),
            "seconds": None if self.until is None else round(self.until - self.real, 4),
            "instanceId": self.instance_id,
            "name": self.name,
            "page": self.page,
            "status": self.status,
            "outcome": outcome,
            "reason": self.reason,
            "faults": list(self.faults),
        }


@dataclass(slots=True)
class _RouteCount:
    route: str
    count: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    now: int = 0
    peak: int = 0


class CallLog:
    """Of one account."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forgets everything; calls that are under way are not counted when they end."""
        self._routes: dict[str, _RouteCount] = {}
        self._entries: deque[Entry] = deque(maxlen=_LONGEST_LOG)
        self._total = 0
        self._now = 0
        self._peak = 0
        self._open: set[int] = set()

    def begin(self, entry: Entry) -> None:
        """A call has arrived."""
        count = self._routes.setdefault(f"{entry.method} {entry.path}", _RouteCount(entry.route))
        count.count += 1
        count.now += 1
        count.peak = max(count.peak, count.now)
        self._total += 1
        self._now += 1
        self._peak = max(self._peak, self._now)
        self._entries.append(entry)
        self._open.add(id(entry))

    def end(self, entry: Entry, real: float) -> None:
        """It was answered (`entry.status`) or dropped."""
        entry.until = real
        if id(entry) not in self._open:
            return
        self._open.discard(id(entry))
        count = self._routes[f"{entry.method} {entry.path}"]
        count.now -= 1
        count.statuses["dropped" if entry.status is None else str(entry.status)] += 1
        self._now -= 1

    def report(self, *, log: bool = False) -> dict[str, Any]:
        """For `GET /_simulator/calls`."""
        by_route: Counter[str] = Counter()
        statuses: Counter[str] = Counter()
        for count in self._routes.values():
            by_route[count.route] += count.count
            statuses.update(count.statuses)
        report: dict[str, Any] = {
            "total": self._total,
            "peakConcurrent": self._peak,
            "counts": dict(by_route),
            "statuses": dict(statuses),
            "routes": {
                name: {
                    "route": count.route,
                    "count": count.count,
                    "statuses": dict(count.statuses),
                    "peakConcurrent": count.peak,
                }
                for name, count in self._routes.items()
            },
        }
        if log:
            report["log"] = [entry.to_wire() for entry in self._entries]
            report["forgotten"] = self._total - len(self._entries)
        return report
