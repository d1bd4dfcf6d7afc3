"""What is said about accounts and objects of another operator's class while nobody works on them. Pure.

Two operators must never write about one object by turns. So each says the same words, and only where nobody of the
right class has spoken: about a new object, or about an account whose status was written by an operator of another
class, before spec.className changed. Such an account is told first; an operator of its class that is there after all
answers at once by writing its status, and its objects are never touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from novita_operator.api import conditions, kinds, meta
from novita_operator.api.conditions import Condition
from novita_operator.api.operator_class import Foreign
from novita_operator.reconciling.conditions import Cond, Truth

Body = Mapping[str, Any]

REASON = "AccountOfAnotherClass"
# The operator of the right class speaks within a second; one that is being upgraded needs a few.
_SILENCE = timedelta(seconds=10)
# An operator of the right class writes the status of its account as soon as it sees it.
_TO_ANSWER = timedelta(seconds=20)
# What the first status of each kind has: whoever waits for a condition finds it.
_FIRST: Mapping[str, tuple[str, ...]] = {
    kinds.NOVITA_ACCOUNT.plural: ("Ready", "CredentialsValid"),
    kinds.GPU_INSTANCE.plural: ("Ready", "Scheduled", "Provisioned", "Synced"),
    kinds.GPU_INSTANCE_SET.plural: ("Ready",),
    kinds.GPU_JOB.plural: ("Ready",),
}
_FIELDS: Mapping[str, str] = {
    kinds.NOVITA_ACCOUNT.plural: "spec.className",
    kinds.GPU_INSTANCE.plural: "spec.accountRef",
    kinds.GPU_INSTANCE_SET.plural: "spec.template.spec.accountRef",
    kinds.GPU_JOB.plural: "spec.template.accountRef",
}


@dataclass(frozen=True, slots=True)
class Silent:
    """Nothing is to be said before so many seconds have passed; None: before something changes."""

    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """The status that says so, and its sentence. It may be said already."""

    status: dict[str, Any]
    text: str


def judge(plural: str, body: Body, account: Body, foreign: Foreign, since: datetime, now: datetime) -> Silent | Said:
    """What to say on an object, or on an account itself (`body` is `account`), whose operator is another.

    `since`: when this process first saw that it belongs to another one.
    """
    status = body.get("status") or {}
    at = meta.Meta.parse(body["metadata"])
    if not _somebody_spoke(status):
        waits = _SILENCE - (now - at.created_at)
        if at.deleted_at is not None:
            return Silent()
        return (
            Silent(waits.total_seconds())
            if timedelta() < waits <= _SILENCE
            else _never_checked(plural, at, status, foreign, now)
        )
    rest = _rest(plural, status, account, foreign, since, now)
    if rest is None:
        return Silent()
    return Silent(rest.total_seconds()) if rest > timedelta() else _abandoned(plural, at, status, foreign, now)


def _rest(
    plural: str, status: Body, account: Body, foreign: Foreign, since: datetime, now: datetime
) -> timedelta | None:
    """How long an operator of the right class still has to speak; None where it has."""
    of_account = account.get("status") or {}
    if plural == kinds.NOVITA_ACCOUNT.plural:
        return _SILENCE - (now - since) if _is_unclaimed(status, foreign) else None
    if (told := _told(of_account)) is not None:
        return _TO_ANSWER - (now - told.last_transition_time)
    return _TO_ANSWER if _is_unclaimed(of_account, foreign) else None


def _is_unclaimed(status: Body, foreign: Foreign) -> bool:
    """Whether an operator of another class has last written the status of an account; older versions do not say."""
    return status.get("className") not in {None, foreign.class_name}


def handed_over(plural: str, foreign: Foreign) -> str:
    """The last word of an operator that has worked on it until now."""
    if plural == kinds.NOVITA_ACCOUNT.plural:
        return (
            f"spec.className changed: {foreign.who} works on this account now, and this operator no longer does. "
            f"Instances go on running and costing; see that an operator with {foreign.how} watches their namespaces."
        )
    return (
        f'NovitaAccount "{foreign.account}" belongs to {foreign.who} now, and this operator leaves the object to it. '
        f"What is rented goes on costing; see that an operator with {foreign.how} watches this namespace."
    )


def _never_checked(plural: str, at: meta.Meta, status: Body, foreign: Foreign, now: datetime) -> Said:
    text = (
        f"{_belongs(plural, foreign)}, which has not looked at this object. Nothing is done for it. It goes on by "
        f"itself when an operator with {foreign.how} {_where(plural)}{_or_again(plural)}."
    )
    return _said(at, status, [Cond(kind, "False", REASON, text) for kind in _FIRST[plural]], now)


def _abandoned(plural: str, at: meta.Meta, status: Body, foreign: Foreign, now: datetime) -> Said:
    """Only what somebody must know now: whether it works is unknown, and that nothing is done. The rest is kept."""
    text = (
        f"{_belongs(plural, foreign)}, which has not looked at it since spec.className changed. Nothing is done here, "
        "not even a deletion, and what is rented goes on costing. It goes on by itself when an operator with "
        f"{foreign.how} {_where(plural)}{_or_back(plural)}."
    )
    untrue: list[tuple[str, Truth]] = [("Ready", "Unknown")]
    if "Synced" in _FIRST[plural]:
        untrue.append(("Synced", "False"))
    kept = [each for each in _conditions(status) if each.type not in {"Ready", "Synced", "Stalled", "Reconciling"}]
    return _said(at, status, [Cond(kind, truth, REASON, text) for kind, truth in untrue], now, kept)


def _said(at: meta.Meta, status: Body, untrue: Sequence[Cond], now: datetime, kept: Sequence[Condition] = ()) -> Said:
    text = untrue[0].message
    new = [each.at(now, at.generation) for each in [*untrue, Cond("Stalled", "True", REASON, text)]]
    merged = conditions.merge(_conditions(status), [*new, *kept])
    return Said({**status, "conditions": [each.to_wire() for each in merged]}, text)


def _belongs(plural: str, foreign: Foreign) -> str:
    who = f"{foreign.who} (its spec.className)"
    if plural == kinds.NOVITA_ACCOUNT.plural:
        return f"{_FIELDS[plural]}: this account belongs to {foreign.who}"
    return f'{_FIELDS[plural]}: NovitaAccount "{foreign.account}" belongs to {who}'


def _where(plural: str) -> str:
    return "runs" if plural == kinds.NOVITA_ACCOUNT.plural else "watches this namespace"


def _or_back(plural: str) -> str:
    return "; or change spec.className back" if plural == kinds.NOVITA_ACCOUNT.plural else ""


def _or_again(plural: str) -> str:
    if plural == kinds.NOVITA_ACCOUNT.plural:
        return "; or change spec.className to that of an operator that does"
    return "; or create it again with an account of the operator that does"


def _conditions(status: Body) -> tuple[Condition, ...]:
    return conditions.readable(status.get("conditions"))


def _somebody_spoke(status: Body) -> bool:
    """What we say about a new object is conditions alone; whoever works on it says more."""
    # The API server adds the counts of a job to our conditions, all zero: those are nobody's word.
    more = any(name != "conditions" and value != 0 for name, value in status.items())
    return more or any(each.reason != REASON for each in _conditions(status))


def _told(status: Body) -> Condition | None:
    found = conditions.find(_conditions(status), "Ready")
    return found if found is not None and found.reason == REASON else None
