"""Facts about an account -> its status. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from novita_operator.api import conditions, meta
from novita_operator.api.events import Event, EventReason
from novita_operator.api.novita_account.reasons import ConditionType, Reason
from novita_operator.api.novita_account.resource import NovitaAccount
from novita_operator.api.novita_account.status import (
    Adoption,
    Collector,
    Creates,
    InstanceCounts,
    NovitaAccountStatus,
    Orphan,
)
from novita_operator.controllers.novita_account.garbagecollection.orphans import Brake
from novita_operator.controllers.novita_account.polling.census import Census
from novita_operator.controllers.novita_account.reporting import pauses
from novita_operator.reconciling import account_health
from novita_operator.reconciling.conditions import Cond, Truth
from novita_operator.runtime.accounts.pause import Waiting

_CENT = Decimal("0.01")
_TENTH = Decimal("0.1")
_TYPE = ConditionType
# Counts and money are written when they changed, and no more often than somebody can read them.
_NUMBERS_EVERY = timedelta(seconds=10)
# The last poll is a sign of life, no clock.
_POLLED_EVERY = timedelta(minutes=1)
_MINUTE = timedelta(minutes=1)
# Longer than the longest pause that Novita asks for (two minutes), and a poll after it.
_OLD = timedelta(minutes=3)
_SHOWN_ORPHANS = 50  # the bound of the schema
_SHOWN_USERS = 3


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an account. `users`: the objects that refer to it, `namespace/name`. `balance` in USD.

    `unread`: what keeps it where it is being deleted, no users are known, and they cannot be read.
    """

    health: account_health.Health
    polled_at: datetime | None = None
    balance: Decimal | None = None
    census: Census | None = None
    orphans: tuple[Orphan, ...] = ()
    retained: int = 0
    brake: Brake | None = None
    baseline: int = 0
    confirmed: str | None = None
    creates: Creates | None = None
    users: tuple[str, ...] = ()
    unread: str | None = None
    missing: str | None = None
    losses_confirmed: str | None = None
    fingerprint: str | None = None
    polled_every: timedelta = timedelta(seconds=30)
    departed: tuple[str, ...] = ()
    adoptions: tuple[Adoption, ...] = ()
    renamed: str | None = None
    paused: tuple[Waiting, ...] = ()


def report(resource: NovitaAccount, facts: Facts, now: datetime) -> dict[str, Any]:
    """The wire form of the status."""
    old, generation = resource.status, resource.meta.generation
    if isinstance(facts.health, account_health.NotPolled) and old.conditions and old.observed_generation == generation:
        # As after each restart: what was true before is still the best guess, and the first poll is on its way.
        return old.model_copy(update={"class_name": resource.spec.class_name}).to_wire()
    wanted = [*_health(resource, facts, now), *_abnormal(resource, facts)]
    merged = conditions.merge(old.conditions, [cond.at(now, generation) for cond in wanted])
    changes: dict[str, Any] = {
        "observed_generation": generation,
        "class_name": resource.spec.class_name,
        "conditions": merged,
        "orphans": facts.orphans[:_SHOWN_ORPHANS],
        "creates": facts.creates,
        "departed": facts.departed,
        "adoptions": facts.adoptions,
    }
    if facts.fingerprint is not None and isinstance(facts.health, account_health.Healthy):
        changes["key_fingerprint"] = facts.fingerprint
    if facts.losses_confirmed is not None:
        changes["losses_confirmed"] = facts.losses_confirmed
    numbers = _numbers(facts, old)
    if facts.polled_at is not None and _is_due(old, numbers, facts.polled_at):
        changes |= numbers | {"last_polled_at": facts.polled_at.replace(microsecond=0)}
    return old.model_copy(update=changes).to_wire()


def _is_due(old: NovitaAccountStatus, numbers: dict[str, Any], polled_at: datetime) -> bool:
    if old.last_polled_at is None:
        return True
    changed = any(getattr(old, name) != value for name, value in numbers.items() if name != "collector")
    return polled_at - old.last_polled_at >= (_NUMBERS_EVERY if changed else _POLLED_EVERY)


def _numbers(facts: Facts, old: NovitaAccountStatus) -> dict[str, Any]:
    numbers: dict[str, Any] = {}
    if facts.balance is not None:
        numbers["balance"] = str(facts.balance.quantize(_CENT, rounding=ROUND_HALF_UP))
    census = facts.census
    if census is not None:
        numbers["instances"] = InstanceCounts(
            managed=census.managed, foreign=census.foreign, orphaned=len(facts.orphans), retained=facts.retained
        )
        numbers["price_per_hour"] = str(census.price_per_hour.quantize(_CENT, rounding=ROUND_HALF_UP))
        numbers["hours_left"] = _hours_left(facts.balance, census.price_per_hour)
        collector = Collector(objects=facts.baseline, checked_at=facts.polled_at, confirmed=facts.confirmed)
        if old.collector is not None and collector == old.collector.model_copy(update={"checked_at": facts.polled_at}):
            collector = old.collector
        numbers["collector"] = collector
    return numbers


def _hours_left(balance: Decimal | None, price_per_hour: Decimal) -> str | None:
    """How long the balance lasts; nothing where nothing is spent."""
    if balance is None or price_per_hour <= 0:
        return None
    return str((balance / price_per_hour).quantize(_TENTH, rounding=ROUND_HALF_UP))


def _health(resource: NovitaAccount, facts: Facts, now: datetime) -> tuple[Cond, Cond]:
    ready, valid = _reached(facts, now)
    if resource.unreadable is None or ready.status == "False":
        return ready, valid
    text = (
        f"{resource.unreadable.message}. Nothing is rented, started or taken over with this account until it can be "
        "read; stops, deadlines and deletions go on."
    )
    return Cond(_TYPE.READY, "False", Reason.INVALID_SPEC, text), valid


def _reached(facts: Facts, now: datetime) -> tuple[Cond, Cond]:
    age = now - facts.polled_at if facts.polled_at is not None else timedelta(0)
    match facts.health:
        case account_health.Healthy() if age > _OLD + 2 * facts.polled_every:
            text = (
                f"The last whole poll began more than {age // _MINUTE} minutes ago: so old is what is known of the "
                "instances. Calls of objects may have used up spec.limits.requestsPerMinute; it goes on by itself."
            )
            return _both("Unknown", "True", Reason.NOT_POLLED, text)
        case account_health.Healthy():
            text = "Novita accepts the key, and its instances can be listed."
            return _both("True", "True", Reason.READY, text)
        case account_health.NotPolled():
            return _both("Unknown", "Unknown", Reason.NOT_POLLED, "The first poll of the account has not ended.")
        case account_health.KeyMissing(message):
            return _both("False", "False", Reason.KEY_MISSING, message)
        case account_health.KeyRejected(message):
            return _both("False", "False", Reason.CREDENTIALS_REJECTED, message)
        case account_health.Unreachable(message, since):
            text = f"{message} Since {since:%Y-%m-%d %H:%M:%S} UTC; tried again by itself."
            return _both("False", "Unknown", Reason.NOVITA_UNAVAILABLE, text)


def _both(ready: Truth, valid: Truth, reason: Reason, message: str) -> tuple[Cond, Cond]:
    return Cond(_TYPE.READY, ready, reason, message), Cond(_TYPE.CREDENTIALS_VALID, valid, reason, message)


def _abnormal(resource: NovitaAccount, facts: Facts) -> Iterator[Cond]:
    """Conditions that exist only while they are true."""
    if facts.orphans:
        yield Cond(_TYPE.ORPHANS_FOUND, "True", Reason.UNCLAIMED, _orphans_text(resource, facts))
    if facts.missing is not None:
        yield Cond(_TYPE.INSTANCES_MISSING, "True", Reason.NOT_SHOWN, facts.missing)
    if facts.renamed is not None:
        yield Cond(_TYPE.CLUSTER_ID_CHANGED, "True", Reason.CLUSTER_ID_CHANGED, facts.renamed)
    if facts.brake is not None:
        yield Cond(_TYPE.ORPHAN_DELETION_PAUSED, "True", facts.brake.reason, facts.brake.message)
    if facts.creates is not None and facts.creates.frozen_at is not None:
        text = (
            "Instances were rented again and again for the same objects, so this account rents nothing any more; "
            "stops and deletes go on. Find the cause in the objects' Events, then annotate the account with "
            f"{meta.THAW_CREATES}=<time of now>."
        )
        yield Cond(_TYPE.CREATES_FROZEN, "True", Reason.TOO_MANY_RECREATES, text)
    if facts.paused:
        yield Cond(_TYPE.CREATES_PAUSED, "True", pauses.reason(facts.paused[0]), pauses.text(facts.paused))
    if resource.meta.deleted_at is not None:
        yield from _deletion_blocked(facts)


def _deletion_blocked(facts: Facts) -> Iterator[Cond]:
    if facts.users:
        shown = ", ".join(facts.users[:_SHOWN_USERS])
        more = f" and {len(facts.users) - _SHOWN_USERS} more" if len(facts.users) > _SHOWN_USERS else ""
        text = f"{len(facts.users)} GPUInstances use this account: {shown}{more}. It goes when they are gone."
        yield Cond(_TYPE.DELETION_BLOCKED, "True", Reason.IN_USE, text)
    elif facts.unread is not None:
        yield Cond(_TYPE.DELETION_BLOCKED, "True", Reason.OBJECTS_UNREADABLE, facts.unread)


def begun(old: NovitaAccountStatus, facts: Facts) -> list[Event]:
    """What is told when it begins, and not with each number."""
    told = (
        (_TYPE.INSTANCES_MISSING, EventReason.INSTANCES_MISSING, facts.missing),
        (_TYPE.CLUSTER_ID_CHANGED, EventReason.CLUSTER_ID_CHANGED, facts.renamed),
        (_TYPE.CREATES_PAUSED, EventReason.CREATES_PAUSED, pauses.text(facts.paused) if facts.paused else None),
    )
    return [
        Event("Warning", reason, text)
        for kind, reason, text in told
        if text is not None and conditions.find(old.conditions, kind) is None
    ]


def _orphans_text(resource: NovitaAccount, facts: Facts) -> str:
    prices = [Decimal(orphan.price_per_hour) for orphan in facts.orphans if orphan.price_per_hour is not None]
    count = len(facts.orphans)
    text = f"{count} instance{'s' if count > 1 else ''} of this cluster belong{'' if count > 1 else 's'} to no object"
    text += (
        f" and cost{'' if count > 1 else 's'} about {sum(prices, Decimal(0))} USD/h while running: see status.orphans."
    )
    if resource.spec.orphans == "Report":
        return f"{text} Nothing is deleted, as spec.orphans is Report; set it to Delete, or delete them at Novita."
    if facts.brake is not None:
        return f"{text} Nothing is deleted at the moment: the condition OrphanDeletionPaused says why, and what to do."
    return f"{text} They are deleted when they were seen twice."
