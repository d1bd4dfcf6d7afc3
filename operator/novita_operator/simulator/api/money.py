"""Balance, bills and metrics, which live beside the GPU API (novita-api 2A.8, 2A.9)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from novita_operator.simulator import refusal
from novita_operator.simulator.account import Account
from novita_operator.simulator.api import wire
from novita_operator.simulator.api.table import Table
from novita_operator.simulator.call import Call, Reply
from novita_operator.simulator.state.instance import Instance
from novita_operator.simulator.state.ledger import Record

_BASE = "/openapi/v1"
_HOUR = 3600
_LONGEST_SPAN = 31 * 86_400
_PRECISION = 5  # amounts of bill rows are in 1/100000 USD
_CYCLES = ("Hour", "Day", "Week", "Month")
_CATEGORIES = ("summary", "gpu", "llm", "serverless", "cloud_storage", "gen_api")
_SMALLEST_INTERVAL, _SMALLEST_SPAN = 15, 60  # seconds; smaller ones fall back to them
_MOST_POINTS = 1000


def balance(account: Account, _call: Call) -> Reply:
    """Strings in 1/10000 USD."""
    left, credit = account.balance, account.settings.credit_limit
    return Reply(
        payload={
            "availableBalance": _tenthousandths(left + credit),
            "cashBalance": _tenthousandths(max(left, Decimal(0))),
            "creditLimit": _tenthousandths(credit),
            "outstandingInvoices": _tenthousandths(max(-left, Decimal(0))),
        }
    )


def list_bills(account: Account, call: Call) -> Reply:
    """One row per instance and full hour, an hour late at most; asks for a cycle and a category."""
    if call.param("cycleType") not in _CYCLES:
        raise refusal.Refusal("INVALID_BILL_CYCLE", "cycleType must be one of Hour, Day, Week, Month")
    if call.param("productCategory") not in _CATEGORIES:
        raise refusal.Refusal("INVALID_PRODUCT_CATEGORY", "productCategory is not known")
    settled = int(account.clock.now()) // _HOUR * _HOUR
    end = min(call.number("endTime", settled), settled)
    start = call.number("startTime", end - _LONGEST_SPAN)
    if end - start > _LONGEST_SPAN:
        raise refusal.invalid("startTime", "at most 31 days can be asked for")
    owner = call.param("ownerId")
    gpu = call.param("productCategory") in ("summary", "gpu")
    wanted = [record for record in account.ledger.records() if gpu and owner in ("", record.id)]
    return Reply(payload={"bills": [row for record in wanted for row in _rows(account, record, start, end)]})


def metrics(account: Account, call: Call) -> Reply:
    """Curves that swing around the utilisation of the instance; nothing for the time when it did not run."""
    instance = account.find(call.required("instanceId"))
    now = int(account.clock.now())
    end = min(call.number("endTime", now), now)
    start = min(call.number("startTime", end - _SMALLEST_SPAN), end - _SMALLEST_SPAN)
    interval = max(_SMALLEST_INTERVAL, call.number("interval", _SMALLEST_INTERVAL), (end - start) // _MOST_POINTS)
    times = [at for at in range(start, end + 1, interval) if _ran(account, instance, at)]
    gpu, memory = _curve(times, instance.utilisation), _curve(times, instance.utilisation * 0.8)
    return Reply(
        payload={
            "cpuUtilization": _curve(times, instance.utilisation / 2),
            "memUtilization": _curve(times, 30),
            "rootDiskUtilization": _curve(times, 12),
            "gpuUtilization": _by_gpu(instance, gpu),
            "gpuMemUtilization": _by_gpu(instance, memory),
        }
    )


def _tenthousandths(amount: Decimal) -> str:
    return str(int(amount * 10_000))


def _rows(account: Account, record: Record, start: int, end: int) -> Iterator[dict[str, Any]]:
    now = account.clock.moment()
    for period in record.periods:
        first = max(start, int(period.since.virtual) // _HOUR * _HOUR)
        for hour in range(first, end, _HOUR):
            until = (period.until or now).virtual
            used = min(until, hour + _HOUR) - max(period.since.virtual, hour)
            if used > 0:
                yield _row(account, record, hour, used)


def _row(account: Account, record: Record, hour: int, used: float) -> dict[str, Any]:
    scale = Decimal(10) ** _PRECISION
    amount = record.price_per_hour * Decimal(str(used)) / _HOUR
    each = str(int(record.price_per_hour / record.gpu_num * scale))
    instance = account.fleet.find(record.id)
    product = "" if instance is None else instance.order.product_id
    return {
        "userId": "simulated",
        "startTime": str(hour),
        "endTime": str(hour + _HOUR),
        "billingMethod": "1",
        "productName": account.product_name(product),
        "category": "gpu",
        "ownerID": record.id,
        "billNum0": str(int(used * record.gpu_num)),
        "billNum1": "0",
        "basePrice0": each,
        "basePrice1": "0",
        "discountPrice0": each,
        "discountPrice1": "0",
        "amount": str(int(amount * scale)),
        "voucherAmount": "0",
        "payAmount": str(int(amount * scale)),
        "payAmountDisplay": str(amount.quantize(Decimal("0.00001"))),
        "pricePrecision": str(_PRECISION),
        "productId": product,
    }


def _ran(account: Account, instance: Instance, at: int) -> bool:
    record = account.ledger.find(instance.id)
    periods = record.periods if record is not None else []
    return any(each.since.virtual <= at and (each.until is None or at < each.until.virtual) for each in periods)


def _curve(times: list[int], around: float) -> list[dict[str, Any]]:
    def value(at: int) -> float:
        return round(min(100.0, max(0.0, around * (1 + 0.1 * math.sin(at / 60)))), 2)

    return [{"timestamp": wire.seconds(at), "value": value(at)} for at in times]


def _by_gpu(instance: Instance, curve: list[dict[str, Any]]) -> dict[str, Any]:
    return {"avg": curve, "gpuIds": [{"gpuId": str(gpu), "items": curve} for gpu in range(instance.order.gpu_num)]}


TABLE: Table = {
    ("GET", f"{_BASE}/billing/balance/detail"): ("balance", balance),
    ("GET", f"{_BASE}/billing/bill/list"): ("bills", list_bills),
    ("GET", f"{_BASE}/metrics/gpu/instance"): ("metrics", metrics),
}
