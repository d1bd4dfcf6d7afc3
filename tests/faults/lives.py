"""What the ledger of an account says of each instance."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from tests.support.simulator import SimulatedAccount

_UID_CHARS = 26


@dataclass(frozen=True)
class Life:
    """One instance of the ledger; times in monotonic seconds of this process, `deleted` None while it lives.

    `billing`: whether it costs money now. `cost`: USD up to now.
    """

    id: str
    name: str
    gpus: int
    planted: bool
    created: float
    delete_requested: float | None
    deleted: float | None
    billed: tuple[tuple[float, float], ...]
    price: Decimal = Decimal(0)
    billing: bool = False
    cost: Decimal = Decimal(0)

    @property
    def uid(self) -> str | None:
        """Of the object that its name speaks of."""
        return _uid_in(self.name)

    def overlaps(self, other: Life) -> bool:
        """Whether both lived at one instant."""
        ends, other_ends = self.deleted or float("inf"), other.deleted or float("inf")
        return self.created < other_ends and other.created < ends


@cache  # a judge asks it of each instance beside each object, every second
def _uid_in(name: str) -> str | None:
    tail = name.rpartition("-")[2]
    if not name.startswith("nvo-") or len(tail) != _UID_CHARS:
        return None
    return str(uuid.UUID(bytes=base64.b32decode(tail.upper() + "======")))


async def of(novita: SimulatedAccount) -> tuple[Life, ...]:
    """Everything in the ledger."""
    report = await novita.book()
    zero = time.monotonic() - report["now"]["real"]
    return tuple(_life(each, zero) for each in report["instances"])


def _life(wire: Mapping[str, Any], zero: float) -> Life:
    def at(value: float | None) -> float | None:
        return None if value is None else value + zero

    now = time.monotonic()
    return Life(
        id=wire["id"],
        name=wire["name"],
        gpus=wire["gpuNum"],
        planted=wire["planted"],
        created=wire["createdReal"] + zero,
        delete_requested=at(wire["deleteRequestedReal"]),
        deleted=at(wire["deletedReal"]),
        billed=tuple((each["realFrom"] + zero, at(each["realTo"]) or now) for each in wire["billed"]),
        price=Decimal(wire["pricePerHour"]),
        billing=wire["billing"],
        cost=Decimal(wire["cost"]),
    )
