"""How much of an account something takes. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Load:
    """Instances, their GPUs, and what those that run cost, USD per hour."""

    instances: int = 0
    gpus: int = 0
    price_per_hour: Decimal = Decimal(0)

    def __add__(self, other: Load) -> Load:
        return Load(
            self.instances + other.instances,
            self.gpus + other.gpus,
            self.price_per_hour + other.price_per_hour,
        )

    def __sub__(self, other: Load) -> Load:
        return Load(
            self.instances - other.instances,
            self.gpus - other.gpus,
            self.price_per_hour - other.price_per_hour,
        )
