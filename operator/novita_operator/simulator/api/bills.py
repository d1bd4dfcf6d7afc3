"""Bills of every kind: by the hour, by the month, of subscriptions (novita-api 2A.9)."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from novita_operator.simulator import refusal
from novita_operator.simulator.account import Account
from novita_operator.simulator.api.table import Table
from novita_operator.simulator.call import Call, Reply
from novita_operator.simulator.state.ledger import Record

_BASE = "/openapi/v1/billing"
_HOUR = 3600
_LONGEST_SPAN = 31 * 86_400
_USER = "simulated"
_PER_USD = 10_000  # a monthly bill is in 1/10000 USD
_PRECISION = 5  # amounts of bill rows are in 1/100000 USD
_CYCLES = ("Hour", "Day", "Week", "Month")
_CATEGORIES = ("summary", "gpu", "llm", "serverless", "cloud_storage", "gen_api")


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


def list_monthly_bills(account: Account, call: Call) -> Reply:
    """One bill for each month in which anything was used, newest first."""
    months: defaultdict[str, Decimal] = defaultdict(Decimal)
    for record in account.ledger.records():
        for hour, used in _hours(account, record, 0, int(account.clock.now())):
            months[time.strftime("%Y-%m", time.gmtime(hour))] += _cost(record, used)
    first = call.param("startMonth")
    rows = [_month(month, amount) for month, amount in sorted(months.items(), reverse=True) if month >= first]
    return Reply(payload={"data": rows})


def list_subscription_bills(account: Account, call: Call) -> Reply:
    """One row for each subscription that was begun."""
    owner = call.param("ownerId")
    wanted = [each for each in account.fleet if each.order.mode == "monthly" and owner in ("", each.id)]
    return Reply(
        payload={
            "bills": [
                {
                    "userId": _USER,
                    "startTime": str(int(each.created_at)),
                    "endTime": str(int(each.paid_until)),
                    "productName": account.product_name(each.order.product_id),
                    "category": "gpu",
                    "ownerID": each.id,
                    "tradeMode": "monthly",
                    "tradeType": "monthly_new_buy",
                    "basePrice": str(int(each.price_per_hour * 10**_PRECISION)),
                    "billNum": str(each.order.gpu_num),
                    "cycle": str(each.order.month),
                    "storageDays": "0",
                    "pricePrecision": str(_PRECISION),
                }
                for each in wanted
            ]
        }
    )


def _hours(account: Account, record: Record, start: int, end: int) -> Iterator[tuple[int, float]]:
    """Each hour in which it was used, and the seconds of it."""
    now = account.clock.moment()
    for period in record.periods:
        first = max(start, int(period.since.virtual) // _HOUR * _HOUR)
        for hour in range(first, end, _HOUR):
            until = (period.until or now).virtual
            used = min(until, hour + _HOUR) - max(period.since.virtual, hour)
            if used > 0:
                yield hour, used


def _cost(record: Record, used: float) -> Decimal:
    return record.price_per_hour * Decimal(str(used)) / _HOUR


def _rows(account: Account, record: Record, start: int, end: int) -> Iterator[dict[str, Any]]:
    for hour, used in _hours(account, record, start, end):
        yield _row(account, record, hour, used)


def _row(account: Account, record: Record, hour: int, used: float) -> dict[str, Any]:
    scale = Decimal(10) ** _PRECISION
    amount = _cost(record, used)
    each = str(int(record.price_per_hour / record.gpu_num * scale))
    instance = account.fleet.find(record.id)
    product = "" if instance is None else instance.order.product_id
    return {
        "userId": _USER,
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


def _month(month: str, amount: Decimal) -> dict[str, Any]:
    """A monthly bill, in 1/10000 USD and not as its rows are."""
    total = str(int(amount * _PER_USD))
    return {
        "billId": f"bill-{month}",
        "userId": _USER,
        "billingMonth": month,
        "totalAmount": total,
        "originTotalAmount": total,
        "voucherPayAmount": "0",
        "cashPayAmount": total,
        "debtAmount": "0",
        "status": "pending",
        "invoiceUrl": "",
        "startTime": "0",
        "endTime": "0",
        "repaidAmount": "0",
    }


TABLE: Table = {
    ("GET", f"{_BASE}/bill/list"): ("bills", list_bills),
    ("GET", f"{_BASE}/monthly/bill"): ("bills", list_monthly_bills),
    ("GET", f"{_BASE}/bill/monthly/list"): ("bills", list_subscription_bills),
}
