"""Names that more than one live instance bore at once: what an operator must not let happen, or must heal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

from novita_operator.simulator.state.ledger import Record
from novita_operator.simulator.state.virtual_clock import Moment

_SCALES = (("seconds", attrgetter("virtual")), ("realSeconds", attrgetter("real")))


def find(records: Iterable[Record], now: Moment) -> list[dict[str, Any]]:
    """One row per such name, with its ids, how many lived at once at most, and how long more than one did."""
    by_name: defaultdict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_name[record.name].append(record)
    rows = (_row(name, same, now) for name, same in by_name.items() if len(same) > 1)
    return [row for row in rows if row["peak"] > 1]


def _row(name: str, records: Sequence[Record], now: Moment) -> dict[str, Any]:
    row: dict[str, Any] = {"name": name, "ids": [record.id for record in records], "peak": 0}
    for key, scale in _SCALES:
        lives = [(scale(record.created), scale(record.deleted or now)) for record in records]
        peak, seconds = _overlap(lives)
        row["peak"] = max(row["peak"], peak)
        row[key] = round(seconds, 3)
    return row


def _overlap(lives: Sequence[tuple[float, float]]) -> tuple[int, float]:
    """How many at once at most, and for how long at least two. Who goes at an instant goes before who comes."""
    changes = sorted([(start, 1) for start, _ in lives] + [(end, -1) for _, end in lives])
    alive = peak = 0
    seconds = since = 0.0
    for at, change in changes:
        seconds += at - since if alive > 1 else 0.0
        alive, since = alive + change, at
        peak = max(peak, alive)
    return peak, seconds
