"""The ledger as JSON, for `GET /_simulator/ledger`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from novita_operator.simulator.control import duplicates
from novita_operator.simulator.state.ledger import Ledger, Record
from novita_operator.simulator.state.virtual_clock import Moment

_CENT_OF_A_CENT = Decimal("0.000001")


def full(ledger: Ledger, now: Moment, name: str | None = None) -> dict[str, Any]:
    """Entries, instances and summary; with a name those of exactly this name."""
    entries = [entry for entry in ledger.entries if name is None or entry["name"] == name]
    instances = [_instance(record, now) for record in ledger.records(name)]
    twice = duplicates.find(ledger.records(name), now)
    return {"entries": entries, "instances": instances, "duplicates": twice, **summary(ledger, now, name)}


def summary(ledger: Ledger, now: Moment, name: str | None = None) -> dict[str, Any]:
    """Counts and sums only."""
    records = list(ledger.records(name))
    rate = sum((record.price_per_hour for record in records if record.billing), Decimal(0))
    cost = ledger.cost(now) if name is None else sum((record.cost(now) for record in records), Decimal(0))
    return {
        "now": {"at": round(now.virtual, 3), "real": round(now.real, 3)},
        "summary": {
            "live": sum(record.live for record in records),
            "billing": sum(record.billing for record in records),
            "created": sum(not record.planted for record in records),
            "planted": sum(record.planted for record in records),
            "deleted": sum(not record.live for record in records),
            "duplicated": len(duplicates.find(records, now)),
            "pricePerHour": str(rate),
            "cost": str(cost.quantize(_CENT_OF_A_CENT)),
        },
    }


def _instance(record: Record, now: Moment) -> dict[str, Any]:
    return {
        "id": record.id,
        "name": record.name,
        "gpuNum": record.gpu_num,
        "planted": record.planted,
        "createdAt": round(record.created.virtual, 3),
        "createdReal": round(record.created.real, 3),
        "billed": [
            {
                "from": round(period.since.virtual, 3),
                "to": None if period.until is None else round(period.until.virtual, 3),
                "realFrom": round(period.since.real, 3),
                "realTo": None if period.until is None else round(period.until.real, 3),
            }
            for period in record.periods
        ],
        "billedSeconds": round(record.seconds(now), 3),
        "pricePerHour": str(record.price_per_hour),
        "cost": str(record.cost(now).quantize(_CENT_OF_A_CENT)),
        **_ends("deleteRequested", record.delete_requested),
        **_ends("deleted", record.deleted),
        "live": record.live,
        "billing": record.billing,
    }


def _ends(event: str, at: Moment | None) -> dict[str, float | None]:
    return {
        f"{event}At": None if at is None else round(at.virtual, 3),
        f"{event}Real": None if at is None else round(at.real, 3),
    }
