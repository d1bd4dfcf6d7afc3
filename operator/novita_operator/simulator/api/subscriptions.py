"""Instances that are paid by the month: renewed, changed to, renewed by themselves (novita-api 2A.1)."""

from __future__ import annotations

from novita_operator.simulator import refusal
from novita_operator.simulator.account import Account
from novita_operator.simulator.api.replies import changed
from novita_operator.simulator.api.table import Table
from novita_operator.simulator.call import Call, Reply
from novita_operator.simulator.state import words
from novita_operator.simulator.state.instance import Instance

_BASE = "/gpu-instance/openapi/v1/gpu/instance"
_MONTH = 30 * 86_400
_MOST_MONTHS = 12
_NOT_YET = ("pending", "toCreate", "creating", "pulling")


def renew(account: Account, call: Call) -> Reply:
    """Only what is paid by the month already."""
    instance = _known(account, call)
    if instance.order.mode != "monthly":
        raise refusal.Refusal("UNSUPPORTED_BILLING_MODE", "only a subscription can be renewed")
    if instance.word in _NOT_YET:
        raise refusal.Refusal("CREATING_INSTANCE_NOT_SUPPORT_RENEWAL", "the instance is still being created")
    instance.paid_until += _months(call) * _MONTH
    account.ledger.note("renewed", instance.id, account.clock.moment())
    return changed(account)


def to_monthly(account: Account, call: Call) -> Reply:
    """From pay as you go; a spot instance stays one."""
    instance, months = _known(account, call), _months(call)
    if instance.order.mode != "onDemand":
        raise refusal.Refusal("UNSUPPORTED_BILLING_MODE", "only pay as you go can be changed to a subscription")
    instance.order = instance.order.model_copy(update={"billing_mode": "monthly", "month": months})
    instance.paid_until = account.clock.now() + months * _MONTH
    account.ledger.note("madeMonthly", instance.id, account.clock.moment())
    return changed(account)


def set_auto_renew(account: Account, call: Call) -> Reply:
    """Of several instances at once; only remembered."""
    ids = call.body.get("instanceIds")
    if not isinstance(ids, list) or not ids:
        raise refusal.invalid("instanceIds", "must be a list of at least one id")
    months = call.body.get("autoRenewMonth", 1) if call.body.get("autoRenew") is True else 0
    if not isinstance(months, int) or not 0 <= months <= _MOST_MONTHS:
        raise refusal.invalid("autoRenewMonth", f"must be a number of 1 to {_MOST_MONTHS}")
    for instance in [account.find(str(each)) for each in ids]:
        instance.auto_renew_months = months
    return changed(account)


def _known(account: Account, call: Call) -> Instance:
    instance = account.find(call.text("instanceId"))
    if instance.word in words.LEAVING:
        raise refusal.Gone("instance not found")
    return instance


def _months(call: Call) -> int:
    months = call.body.get("month")
    if not isinstance(months, int) or isinstance(months, bool) or not 0 < months <= _MOST_MONTHS:
        raise refusal.invalid("month", f"must be a number of 1 to {_MOST_MONTHS}")
    return months


TABLE: Table = {
    ("POST", f"{_BASE}/renewInstance"): ("renew", renew),
    ("POST", f"{_BASE}/transToMonthlyInstance"): ("changeBilling", to_monthly),
    ("POST", f"{_BASE}/setAutoRenew"): ("renew", set_auto_renew),
}
