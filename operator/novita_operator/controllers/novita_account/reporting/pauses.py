"""What Novita refuses to the account for lack of balance or quota, in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from novita_operator.api import meta
from novita_operator.api.novita_account.reasons import ConditionType, Reason
from novita_operator.api.novita_account.status import NovitaAccountStatus
from novita_operator.runtime.accounts.pause import Cause, Scope, Waiting

REASONS: dict[Cause, Reason] = {"balance": Reason.INSUFFICIENT_BALANCE, "quota": Reason.QUOTA_EXCEEDED}
_CURES = {"balance": "Top up the account.", "quota": "Raise the quota at Novita, or delete instances."}
_STEPS = {"rent": "rent", "start": "start", "grow": "grow", None: "rent or start"}
_SHOWN = 3


def reason(waiting: Waiting) -> Reason:
    return REASONS[waiting.scope.cause]


def recorded(status: NovitaAccountStatus) -> tuple[Cause, datetime] | None:
    """What was refused when this status was written, and since when."""
    for each in status.conditions:
        cause = next((cause for cause, reason in REASONS.items() if reason == each.reason), None)
        if each.type == ConditionType.CREATES_PAUSED and each.status == "True" and cause is not None:
            return cause, each.last_transition_time
    return None


def text(standing: Sequence[Waiting]) -> str:
    """What is refused and since when, when it is tried next, and what a person can do."""
    told = " ".join(_sentence(each) for each in standing[:_SHOWN])
    more = f" {len(standing) - _SHOWN} more are refused, too." if len(standing) > _SHOWN else ""
    cures = " ".join(dict.fromkeys(_CURES[each.scope.cause] for each in standing))
    return (
        f"{told}{more} One waiting object at a time tries for all, and when that works, all go on; stops and deletes "
        f"go on meanwhile. {cures} To try now, set the annotation {meta.RECONCILE_REQUESTED_AT} to the time of now."
    )


def _sentence(waiting: Waiting) -> str:
    said = waiting.said.rstrip(".")
    return (
        f"Novita refuses to {_STEPS[waiting.scope.step]} {_what(waiting)} since {waiting.since:%Y-%m-%d %H:%M:%S} UTC: "
        f"{said}. Next try at {waiting.next_at:%H:%M:%S} UTC."
    )


def _what(waiting: Waiting) -> str:
    least, scope = waiting.least, waiting.scope
    if scope.step == "grow":
        size = "root disks"
    elif not least:
        size = "anything"
    elif scope.cause == "balance":
        size = f"what costs {least} USD/h or more" if least.is_finite() else "what has no known price"
    else:
        size = f"{least} GPU{'s' if least > 1 else ''} or more"
    return size + _where(scope)


def _where(scope: Scope) -> str:
    parts = (
        f" of product {scope.product}" if scope.product is not None else "",
        f" in {scope.region}" if scope.region is not None else "",
        f" ({scope.billing})" if scope.billing is not None else "",
        f" for namespace {scope.namespace}" if scope.namespace is not None else "",
    )
    return "".join(parts)
