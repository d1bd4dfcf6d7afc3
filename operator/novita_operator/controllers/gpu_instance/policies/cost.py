"""What an object has cost: price x billed time, written on transitions and every few minutes. Pure."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from novita_operator.api.gpu_instance.status import Cost, GPUInstanceStatus
from novita_operator.novita.models import state_of

_CENT_OF_A_CENT = Decimal("0.0001")
_SECONDS_PER_HOUR = 3600


def accrued(old: GPUInstanceStatus, new: GPUInstanceStatus, now: datetime, interval_seconds: float) -> Cost | None:
    """The cost up to now, USD; the old value where it is too early to write again.

    The time since the last value counts if the instance was billed then (by Novita's word, novita-api 3.1).
    Disks, taxes and other accounts' discounts are not in it: it is an estimate, Novita's bill decides.
    """
    billed = _billed(new)
    before = old.cost
    if before is None:
        return Cost(amount="0.0000", since=now, as_of=now) if billed else None
    changed = billed != _billed(old) or old.instance_id != new.instance_id
    if not changed and (not billed or (now - before.as_of).total_seconds() < interval_seconds):
        return before
    amount = Decimal(before.amount)
    if _billed(old) and old.price_per_hour is not None:
        seconds = Decimal(max(0.0, (now - before.as_of).total_seconds()))
        amount += Decimal(_price(old, new)) * seconds / _SECONDS_PER_HOUR
    rounded = amount.quantize(_CENT_OF_A_CENT, rounding=ROUND_HALF_UP)
    return Cost(amount=str(rounded), since=before.since, as_of=now)


def _price(old: GPUInstanceStatus, new: GPUInstanceStatus) -> str:
    """Of the time since the last value; what was not compared yet was the catalogue's, and not the instance's."""
    proven = old.price_limit is not None and new.instance_id == old.instance_id
    return (new if proven else old).price_per_hour or "0"


def _billed(status: GPUInstanceStatus) -> bool:
    return status.novita_status is not None and state_of(status.novita_status).is_billed
