"""What instances cost: now, so far, and if it goes on like this. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import GPUInstanceStatus
from novita_operator.controllers.gpu_instance.policies import cost
from novita_operator.novita.models import state_of

HOURS_A_DAY = 24
HOURS_A_MONTH = 730
"""A twelfth of a year, which clouds bill as a month."""
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Bill:
    """The instances of one namespace. USD."""

    namespace: str
    objects: int
    billed: int
    per_hour: Decimal
    so_far: Decimal

    @property
    def per_day(self) -> Decimal:
        return self.per_hour * HOURS_A_DAY

    @property
    def per_month(self) -> Decimal:
        return self.per_hour * HOURS_A_MONTH


def is_billed(status: GPUInstanceStatus) -> bool:
    """Whether Novita takes money for it now, by its own word."""
    return status.novita_status is not None and state_of(status.novita_status).is_billed


def price(status: GPUInstanceStatus) -> Decimal:
    """USD per hour now; 0 while nothing is billed."""
    return amount(status.price_per_hour) if is_billed(status) else Decimal(0)


def so_far(status: GPUInstanceStatus, now: datetime) -> Decimal:
    """USD up to now: the operator's last figure, carried on by the same rule."""
    found = cost.accrued(status, status, now, interval_seconds=0) if status.cost is not None else None
    return Decimal(found.amount) if found is not None else Decimal(0)


def bills(instances: Iterable[GPUInstance], now: datetime) -> list[Bill]:
    """One per namespace, the dearest first."""
    groups: dict[str, list[GPUInstanceStatus]] = {}
    for each in instances:
        groups.setdefault(each.meta.namespace, []).append(each.status)
    found = [_bill(namespace, statuses, now) for namespace, statuses in groups.items()]
    return sorted(found, key=lambda bill: (-bill.per_hour, bill.namespace))


def total(found: Iterable[Bill]) -> Bill:
    """All together."""
    parts = list(found)
    return Bill(
        namespace="",
        objects=sum(bill.objects for bill in parts),
        billed=sum(bill.billed for bill in parts),
        per_hour=sum((bill.per_hour for bill in parts), Decimal(0)),
        so_far=sum((bill.so_far for bill in parts), Decimal(0)),
    )


def cents(value: Decimal) -> str:
    """Two places, rounded half up."""
    return str(value.quantize(_CENT, rounding=ROUND_HALF_UP))


def amount(text: str | None) -> Decimal:
    """A decimal string of a status; 0 where it is none."""
    try:
        return Decimal(text or "0")
    except InvalidOperation:
        return Decimal(0)


def _bill(namespace: str, statuses: list[GPUInstanceStatus], now: datetime) -> Bill:
    return Bill(
        namespace=namespace,
        objects=len(statuses),
        billed=sum(is_billed(status) for status in statuses),
        per_hour=sum((price(status) for status in statuses), Decimal(0)),
        so_far=sum((so_far(status, now) for status in statuses), Decimal(0)),
    )
