"""Facts about an account -> its status. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from novita_operator.api import conditions
from novita_operator.api import novita_account as api
from novita_operator.api.conditions import Condition
from novita_operator.runtime import accounts

_CENT = Decimal("0.01")
# The status says when the last poll was at most so often: it is a sign of life, no clock.
_POLLED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Counts:
    """Instances whose names carry our cluster's mark: claimed by an object, or by none."""

    managed: int
    unclaimed: int


@dataclass(frozen=True, slots=True)
class _Health:
    ready: Literal["True", "False", "Unknown"]
    valid: Literal["True", "False", "Unknown"]
    reason: api.Reason
    message: str


def report(resource: api.NovitaAccount, account: accounts.Account, counts: Counts, now: datetime) -> dict[str, Any]:
    """The wire form of the status."""
    health = _health(account.health)
    old = resource.status
    changes: dict[str, Any] = {
        "observed_generation": resource.meta.generation,
        "conditions": _conditions(resource, health, now),
    }
    if account.balance is not None:
        changes["balance"] = str(account.balance.available.quantize(_CENT, rounding=ROUND_HALF_UP))
    if account.snapshot is not None:
        changes["instances"] = api.InstanceCounts(managed=counts.managed, foreign=0, orphaned=counts.unclaimed)
        changes["last_polled_at"] = _polled_at(old.last_polled_at, account.snapshot.started_at)
    return old.model_copy(update=changes).to_wire()


def _polled_at(before: datetime | None, last: datetime) -> datetime:
    last = last.replace(microsecond=0)
    return last if before is None or last - before >= _POLLED_EVERY else before


def _conditions(resource: api.NovitaAccount, health: _Health, now: datetime) -> tuple[Condition, ...]:
    wanted = [
        _condition(api.ConditionType.READY, health.ready, health, resource, now),
        _condition(api.ConditionType.CREDENTIALS_VALID, health.valid, health, resource, now),
    ]
    return conditions.merge(resource.status.conditions, wanted)


def _condition(
    kind: api.ConditionType,
    status: Literal["True", "False", "Unknown"],
    health: _Health,
    resource: api.NovitaAccount,
    now: datetime,
) -> Condition:
    return Condition(
        type=kind,
        status=status,
        reason=health.reason,
        message=health.message,
        last_transition_time=now,
        observed_generation=resource.meta.generation,
    )


def _health(health: accounts.Health) -> _Health:
    match health:
        case accounts.Healthy():
            return _Health("True", "True", api.Reason.READY, "Novita accepts the key, and its instances can be listed.")
        case accounts.NotPolled():
            return _Health("Unknown", "Unknown", api.Reason.NOT_POLLED, "The first poll of the account has not ended.")
        case accounts.KeyMissing(message):
            return _Health("False", "False", api.Reason.KEY_MISSING, message)
        case accounts.KeyRejected(message):
            return _Health("False", "False", api.Reason.CREDENTIALS_REJECTED, message)
        case accounts.Unreachable(message, since):
            text = f"{message} Since {since:%Y-%m-%d %H:%M:%S} UTC; tried again by itself."
            return _Health("False", "Unknown", api.Reason.NOVITA_UNAVAILABLE, text)
