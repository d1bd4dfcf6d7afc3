"""Everything that one run has found, and its machine-readable form."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

from pydantic import TypeAdapter
from tests.bench.figures import Churn, Life, Limited, Poison


@dataclass
class Results:
    """A part that was not run is empty."""

    lives: list[Life] = field(default_factory=list)
    limited: list[Limited] = field(default_factory=list)
    poison: Poison | None = None
    churn: Churn | None = None
    noise: list[float] = field(default_factory=list)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Results:
        """What `to_json` wrote."""
        return TypeAdapter(cls).validate_json(text)

    def by_contender(self) -> dict[str, list[Life]]:
        """Smallest first."""
        names = dict.fromkeys(life.contender for life in self.lives)
        ordered = sorted(self.lives, key=lambda life: life.objects)
        return {name: [life for life in ordered if life.contender == name] for name in names}


def growth(lives: Sequence[Life], figure: Callable[[Life], float]) -> float:
    """The exponent b of figure = a * objects ** b, fitted by least squares to the logarithms. Two sizes or more."""
    points = [(math.log(life.objects), math.log(max(figure(life), 1e-9))) for life in lives]
    return _slope(points)


def slope(values: Sequence[float]) -> float:
    """Rise from one value to the next, fitted by least squares."""
    return _slope(list(enumerate(values)))


def _slope(points: Sequence[tuple[float, float]]) -> float:
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)
