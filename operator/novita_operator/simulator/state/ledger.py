"""The append-only book of one account: who was created, billed from and to, at what price, and deleted when.

It is written where the state changes and nowhere else, so that no fault of a reply can make it wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from novita_operator.simulator.state.virtual_clock import Moment

_HOUR = Decimal(3600)


@dataclass(slots=True)
class Period:
    """One stretch of billed time."""

    since: Moment
    until: Moment | None = None

    def seconds(self, now: Moment) -> float:
        return max(0.0, (self.until or now).virtual - self.since.virtual)


@dataclass(slots=True)
class Record:
    """What the book knows about one instance; kept for ever."""

    id: str
    name: str
    gpu_num: int
    price_per_hour: Decimal
    created: Moment
    planted: bool = False
    delete_requested: Moment | None = None
    deleted: Moment | None = None
    periods: list[Period] = field(default_factory=list)

    @property
    def live(self) -> bool:
        return self.deleted is None

    @property
    def billing(self) -> bool:
        return bool(self.periods) and self.periods[-1].until is None

    def seconds(self, now: Moment) -> float:
        """Billed virtual seconds until now."""
        return sum(period.seconds(now) for period in self.periods)

    def cost(self, now: Moment) -> Decimal:
        """USD until now."""
        return self.price_per_hour * Decimal(str(self.seconds(now))) / _HOUR


class Ledger:
    """Entries in order, and one record per instance ever created."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self._records: dict[str, Record] = {}
        self._by_name: dict[str, list[Record]] = {}
        self._rate = Decimal(0)  # USD per hour of all open periods
        self._rate_since = Decimal(0)  # the same, each weighted with the virtual second at which it opened
        self._settled = Decimal(0)  # USD of all closed periods

    def created(self, record: Record) -> None:
        """Opens the record of an instance; the record of an earlier one with the same id stays in the book."""
        if (earlier := self._records.get(record.id)) is not None:
            self._records[f"{record.id}, before {len(self.entries)}"] = earlier
        self._records[record.id] = record
        self._by_name.setdefault(record.name, []).append(record)
        self.note("planted" if record.planted else "created", record.id, record.created)

    def note(self, event: str, instance_id: str, at: Moment) -> None:
        """Appends one line."""
        record = self._records[instance_id]
        self.entries.append(
            {
                "seq": len(self.entries) + 1,
                "at": round(at.virtual, 3),
                "real": round(at.real, 3),
                "event": event,
                "instanceId": record.id,
                "name": record.name,
                "pricePerHour": str(record.price_per_hour),
            }
        )

    def billing_starts(self, instance_id: str, at: Moment) -> None:
        """Opens a billed period unless one is open."""
        record = self._records[instance_id]
        if record.billing:
            return
        record.periods.append(Period(at))
        self._rate += record.price_per_hour
        self._rate_since += record.price_per_hour * Decimal(str(at.virtual))
        self.note("billingStarted", instance_id, at)

    def billing_ends(self, instance_id: str, at: Moment) -> None:
        """Closes the open period, if there is one."""
        record = self._records[instance_id]
        if not record.billing:
            return
        period = record.periods[-1]
        period.until = at
        self._rate -= record.price_per_hour
        self._rate_since -= record.price_per_hour * Decimal(str(period.since.virtual))
        self._settled += record.price_per_hour * Decimal(str(period.seconds(at))) / _HOUR
        self.note("billingEnded", instance_id, at)

    def delete_requested(self, instance_id: str, at: Moment) -> None:
        record = self._records[instance_id]
        record.delete_requested = record.delete_requested or at
        self.note("deleteRequested", instance_id, at)

    def deleted(self, instance_id: str, at: Moment, event: str = "deleted") -> None:
        """Closes the record; `event` tells a deletion from a disappearance that was forced."""
        record = self._records[instance_id]
        self.billing_ends(instance_id, at)
        if record.deleted is None:
            record.deleted = at
            self.note(event, instance_id, at)

    @property
    def is_billing(self) -> bool:
        return self._rate > 0

    def cost(self, now: Moment) -> Decimal:
        """USD of everything until now; the same sum as over all records, in constant time."""
        return self._settled + (self._rate * Decimal(str(now.virtual)) - self._rate_since) / _HOUR

    def name_of(self, instance_id: str) -> str:
        """Of a created instance; an id that was never given has the name ""."""
        record = self._records.get(instance_id)
        return "" if record is None else record.name

    def find(self, instance_id: str) -> Record | None:
        return self._records.get(instance_id)

    def records(self, name: str | None = None) -> Iterable[Record]:
        """All records in order of creation, or those of exactly this name."""
        return self._records.values() if name is None else self._by_name.get(name, [])
