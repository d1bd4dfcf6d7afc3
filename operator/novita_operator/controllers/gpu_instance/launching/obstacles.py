"""What stands in the way of renting before anything is chosen, in words. Pure."""

from __future__ import annotations

from novita_operator.api import meta
from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.controllers.gpu_instance.policies.defaults import Desired
from novita_operator.controllers.gpu_instance.result import Problem
from novita_operator.novita.models import Instance
from novita_operator.runtime.accounts.pause import Waiting
from novita_operator.tenancy.judging import Refusal

_AGAIN_SECONDS = 300.0  # prices and catalogue move slowly, and what a person changes at the account wakes the object
_ROOM_SECONDS = 30.0  # what others let go shows with the next poll


def frozen(account: str) -> Problem:
    """The account rents nothing."""
    text = (
        f'NovitaAccount "{account}" rents nothing at the moment: its condition CreatesFrozen says why, and how an '
        "administrator thaws it. This object goes on by itself then."
    )
    return Problem(
        ConditionType.SCHEDULED,
        Reason.CREATES_FROZEN,
        text,
        stalled=True,
        retry_after=_AGAIN_SECONDS,
        back_off=False,
    )


def refused(waiting: Waiting, account: str, look_in: float | None = None) -> Problem:
    """Novita refuses it to the account, and one object at a time tries for all.

    `look_in`: seconds until this one looks for what may have come of its own call; None: it does not.
    """
    doing, cure = _REFUSED[waiting.scope.step], _CURES[waiting.scope.cause]
    text = (
        f'Novita refuses to {doing} with NovitaAccount "{account}": {waiting.said.rstrip(".")}. Since '
        f"{waiting.since:%Y-%m-%d %H:%M:%S} UTC one waiting object at a time tries for all, next at "
        f"{waiting.next_at:%H:%M:%S} UTC; when that works, all go on. {cure} To try now, set the annotation "
        f"{meta.RECONCILE_REQUESTED_AT} of this object or of the account to the time of now."
    )
    reason, stalled = _REFUSED_REASONS[waiting.scope.cause]
    pause = waiting.seconds if look_in is None else look_in
    return Problem(ConditionType.PROVISIONED, reason, text, stalled=stalled, retry_after=pause, back_off=False)


_REFUSED = {
    "rent": "rent this",
    "start": "start this",
    "grow": "grow the root disk of this",
    None: "rent or start this",
}
_CURES = {
    "balance": "Top up the Novita account; that is seen within a minute or so.",
    "quota": "Raise the quota at Novita or delete instances; an instance that goes is seen with the next poll.",
}
_REFUSED_REASONS = {"balance": (Reason.INSUFFICIENT_BALANCE, True), "quota": (Reason.QUOTA_EXCEEDED, False)}


def alike(found: Instance, name: str) -> Problem:
    """What a create call without an answer may have made shows under another name."""
    text = (
        f'Novita shows instance {found.id} as "{found.name}", much like {name}, which this object\'s instance would be '
        "called: a create call without an answer may have made it, and Novita renders names otherwise than they were "
        "sent. Nothing is rented beside it. It is taken when Novita shows the name as it was sent, and another one is "
        "rented when it is gone: if it is not needed, delete it in Novita's console."
    )
    return Problem(ConditionType.SYNCED, Reason.NAME_DIFFERS, text, stalled=True)


def not_allowed(refused: Refusal, *, then: str = "Nothing was rented.") -> Problem:
    """spec.tenancy of the account is in the way. An edit of the account is followed at once."""
    passing = refused.reason == "LimitReached"
    pause = _ROOM_SECONDS if passing else _AGAIN_SECONDS
    again = f"It is looked at again in {pause:.0f} s" + ("." if passing else ", and at once when the account changes.")
    text = f"{refused.message} {then} {again}"
    reason = Reason(refused.reason)
    return Problem(ConditionType.SCHEDULED, reason, text, stalled=not passing, retry_after=pause, back_off=False)


def no_template(wanted: Desired, retry_seconds: float) -> Problem:
    """The template does not exist."""
    message = (
        f"spec.template: Novita has no template with {wanted.template}. Create a new GPUInstance with an exact name or "
        f"id, or create the template at Novita: it is looked up again every {max(retry_seconds, 1.0):.0f} s."
    )
    return Problem(
        ConditionType.SCHEDULED,
        Reason.TEMPLATE_NOT_FOUND,
        message,
        stalled=True,
        retry_after=max(retry_seconds, 1.0),
        back_off=False,
    )
