"""What acting brought: facts for the report. Values only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.api.gpu_instance.status import (
    Ended,
    Failure,
    ProductStatus,
    Restarts,
    ServiceStatus,
    TemplateStatus,
)
from novita_operator.novita import errors
from novita_operator.novita.models import Instance

DISK_KEPT = timedelta(days=7)
"""How long Novita keeps the root disk of a stopped instance (its guides; `keepDataDay` of novita-api 2A.1)."""


def data_at_risk(until: datetime) -> str:
    """What a stop puts at risk, in words."""
    return (
        f"Novita keeps the root disk until about {until:%Y-%m-%d %H:%M} UTC and then drops it, and does not promise a "
        "free GPU for the next start. Keep data that matters on a network volume, or start the instance before then."
    )


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the step did not work. `stalled`: it will not get better without a person. Pauses in seconds."""

    about: ConditionType
    reason: Reason
    message: str
    stalled: bool = False
    retry_after: float | None = None
    back_off: bool = True

    @property
    def paused(self) -> bool:
        """Whether a pause wakes the object, instead of the next poll."""
        return self.back_off or self.retry_after is not None


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was selected and how; `price_per_hour` in USD for the whole instance."""

    product: ProductStatus
    region: str
    billing: str
    image: str
    template: TemplateStatus | None
    price_per_hour: Decimal
    sentence: str


@dataclass(frozen=True, slots=True)
class Result:
    """The new facts of a pass; fields that did not change are None. `queued`: no slot for a create call was free."""

    problem: Problem | None = None
    instance_id: str | None = None
    chosen: Chosen | None = None
    attempt: int | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    detail: Instance | None = None
    failure: Failure | None = None
    restarts: Restarts | None = None
    ended: Ended | None = None
    busy_at: datetime | None = None
    data_kept_until: datetime | None = None
    service: ServiceStatus | None = None
    adopted: bool = False
    duplicates_removed: tuple[str, ...] = ()
    released: bool = False
    abandoned: str | None = None
    again: bool = False
    held_again: bool = False
    queued: bool = False

    def after(self, earlier: Result | None) -> Result:
        """This result, with the lasting facts of an earlier pass whose status could not be written."""
        if earlier is None:
            return self
        kept = {name: getattr(self, name) or getattr(earlier, name) for name in _LASTING}
        return replace(self, adopted=self.adopted or earlier.adopted, **kept)


_LASTING = (
    "instance_id",
    "chosen",
    "attempt",
    "created_at",
    "started_at",
    "stopped_at",
    "failure",
    "detail",
    "restarts",
    "ended",
)


def from_novita(error: errors.NovitaError, doing: str) -> Problem:  # noqa: C901, PLR0911 - a table, one row an error
    """The problem that a failed call is to the user; `doing` completes "could not …"."""
    said = f"Could not {doing}: {error.message or error.reason or type(error).__name__}"
    synced = ConditionType.SYNCED
    match error:
        case errors.CredentialsRejected():
            return Problem(synced, Reason.CREDENTIALS_REJECTED, f"{said}. Check the account's API key.", stalled=True)
        case errors.InsufficientBalance():
            text = f"{said}. Top up the Novita account; tried again by itself, ever more rarely."
            return Problem(ConditionType.PROVISIONED, Reason.INSUFFICIENT_BALANCE, text, stalled=True)
        case errors.QuotaExceeded():
            text = f"{said}. Raise the quota at Novita or delete instances; tried again by itself, ever more rarely."
            return Problem(ConditionType.PROVISIONED, Reason.QUOTA_EXCEEDED, text, stalled=True)
        case errors.OutOfCapacity():
            return Problem(ConditionType.SCHEDULED, Reason.NO_CAPACITY, said)
        case errors.RateLimited():
            return Problem(synced, Reason.RATE_LIMITED, said, retry_after=error.retry_after)
        case errors.OutcomeUnknown():
            text = f"{said}. Looking for the instance by its name before anything else is done."
            return Problem(ConditionType.PROVISIONED, Reason.CREATE_OUTCOME_UNKNOWN, text, back_off=False)
        case errors.InvalidResponse():
            return Problem(synced, Reason.INVALID_RESPONSE, said)
        case errors.Refused():
            return Problem(ConditionType.PROVISIONED, Reason.CREATE_REFUSED, said, stalled=True)
        case _:
            return Problem(synced, Reason.NOVITA_UNAVAILABLE, said, retry_after=error.retry_after)
