"""Balance, budgets and metrics, which live beside the GPU API (novita-api 2A.8, 2A.9)."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from novita_operator.simulator.account import Account
from novita_operator.simulator.api import wire
from novita_operator.simulator.api.table import Table
from novita_operator.simulator.call import Call, Reply
from novita_operator.simulator.settings import MemberBudget
from novita_operator.simulator.state.instance import Instance

_BASE = "/openapi/v1"
_SMALLEST_INTERVAL, _SMALLEST_SPAN = 15, 60  # seconds; smaller ones fall back to them
_MOST_POINTS = 1000
_PER_USD = 10_000  # money comes in 1/10000 USD (novita-api 1.10)


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


def user(account: Account, _call: Call) -> Reply:
    """The older page of the same money."""
    credit = int(account.balance * _PER_USD)
    return Reply(payload={"credit_balance": credit, "free_trial": {}, "allow_features": []})


def budgets(account: Account, _call: Call) -> Reply:
    """What the members of the team may spend; whole numbers, and keys with underscores."""
    members = account.settings.budgets
    limited = sum(each.budget_type != "Unlimited" for each in members)
    return Reply(
        payload={"member_count": len(members), "budget_count": limited, "budgets": [_budget(each) for each in members]}
    )


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
    return str(int(amount * _PER_USD))


def _budget(member: MemberBudget) -> dict[str, Any]:
    recurring = member.budget_type == "Recurring"
    return {
        "email": member.email,
        "role": "member",
        "status": "Active",
        "member_id": member.member_id,
        "phone": "",
        "user_id": member.member_id,
        "remark_name": "",
        "budget_type": member.budget_type,
        "budget_limit": member.budget_limit,
        "used": member.used,
        "remaining": max(0, member.budget_limit - member.used),
        "cycle": "Monthly" if recurring else "",
        "period_start": "",
        "period_end": "",
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
    ("GET", f"{_BASE}/user/team/budget-list"): ("budgets", budgets),
    ("GET", "/v3/user"): ("user", user),
    ("GET", f"{_BASE}/metrics/gpu/instance"): ("metrics", metrics),
}
