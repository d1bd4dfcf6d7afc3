"""What is due when: a heap, looked at by whoever comes next. There is no background task."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import NamedTuple

from novita_operator.simulator.state.instance import Instance

Happening = Callable[[Instance, float], None]


class _Due(NamedTuple):
    at: float
    seq: int
    instance: Instance
    token: int | None
    happens: Happening

    @property
    def is_void(self) -> bool:
        if self.token is None:
            return False
        return self.instance.frozen or self.token != self.instance.token


class Schedule:
    """Happenings by virtual time; those of equal time in the order of planning."""

    def __init__(self) -> None:
        self._heap: list[_Due] = []
        self._planned = 0

    def plan(self, at: float, instance: Instance, happens: Happening) -> None:
        """Void as soon as the instance has another status, or is frozen when its time comes."""
        self._push(at, instance, instance.token, happens)

    def plan_regardless(self, at: float, instance: Instance, happens: Happening) -> None:
        """Happens whatever the status is by then."""
        self._push(at, instance, None, happens)

    def run(self, now: float) -> None:
        """Lets everything happen that is due by now, each with the moment at which it was due."""
        while self._heap and self._heap[0].at <= now:
            due = heapq.heappop(self._heap)
            if not due.is_void:
                due.happens(due.instance, due.at)

    def _push(self, at: float, instance: Instance, token: int | None, happens: Happening) -> None:
        self._planned += 1
        heapq.heappush(self._heap, _Due(at, self._planned, instance, token, happens))
