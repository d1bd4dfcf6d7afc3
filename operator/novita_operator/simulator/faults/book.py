"""The faults that are on: how often each hit, and how often it was meant to."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from novita_operator.simulator.call import Call
from novita_operator.simulator.faults.fault import MODIFIERS, Fault


@dataclass(slots=True)
class Switch:
    """A fault that is on, with its counts."""

    number: int
    fault: Fault
    chance: random.Random
    seen: int = 0
    fired: int = 0
    shut: set[str] = field(default_factory=set)  # ids of instances whose door it has shut

    @property
    def is_spent(self) -> bool:
        return self.fault.times is not None and self.fired >= self.fault.times

    def fires(self, call: Call, name_of: Callable[[str], str]) -> bool:
        """Whether it hits this call; counts it."""
        if self.is_spent or not self.fault.hits(call, name_of):
            return False
        self.seen += 1
        if self.seen <= self.fault.skip or self.chance.random() >= self.fault.probability:
            return False
        self.fired += 1
        return True

    def to_wire(self) -> dict[str, Any]:
        fault = self.fault.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return {"id": self.number, **fault, "seen": self.seen, "fired": self.fired, "spent": self.is_spent}


class FaultBook:
    """The switches of one account, in the order in which they were turned on."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.late = {"pending": 0, "committed": 0, "refused": 0}
        self._switches: list[Switch] = []
        self._added = 0

    def add(self, fault: Fault) -> Switch:
        """Turns one on. Its chance depends on the seed and on how many came before, on nothing else."""
        self._added += 1
        chance = random.Random(f"fault {self.seed} {self._added}")  # noqa: S311 - repeatable on purpose
        switch = Switch(self._added, fault, chance)
        self._switches.append(switch)
        return switch

    def clear(self, number: int | None = None) -> None:
        """Turns all off, or one."""
        self._switches = [each for each in self._switches if number is not None and each.number != number]

    def fire(self, call: Call, name_of: Callable[[str], str]) -> Sequence[Fault]:
        """The faults that hit this call: every modifier, and the first of the others."""
        hit: list[Fault] = []
        ended = False
        for switch in self._switches:
            modifier = switch.fault.kind in MODIFIERS
            if (modifier or not ended) and switch.fires(call, name_of):
                hit.append(switch.fault)
                ended = ended or not modifier
        return hit

    def shut_for(self, call: Call, name_of: Callable[[str], str], up_for: float) -> float | None:
        """Real seconds for which a machine that is up for so long may not be reached; None: it may be."""
        left: list[float] = []
        for switch in self._switches:
            seconds = switch.fault.shuts_for(up_for) if switch.fault.hits(call, name_of) else 0
            if seconds > 0:
                left.append(seconds)
                switch.shut.add(call.instance_id)
                switch.fired = len(switch.shut)
        return max(left, default=None)

    def report(self) -> dict[str, Any]:
        """For `GET /_simulator/faults`."""
        return {
            "faults": [switch.to_wire() for switch in self._switches],
            "fired": sum(switch.fired for switch in self._switches),
            "lateCommits": dict(self.late),
        }
