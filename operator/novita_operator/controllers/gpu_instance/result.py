"""What acting brought: facts for the report. Values only."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.api.gpu_instance.status import (
    Ended,
    Failure,
    HostKeyStatus,
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
class Price:
    """What is known of the price of an instance that was just rented, USD per hour for the whole instance."""

    per_hour: Decimal | None = None
    """What it really costs, where that was seen."""
    limit: Decimal | None = None
    """The limit that held when it was rented, and that its price is still to be compared with; None: nothing is."""


@dataclass(frozen=True)
class Lasting:
    """Facts that the status must get to hold. Those of a pass whose status could not be written go into the next one.

    A field that says nothing new has its default.
    """

    instance_id: str | None = None
    """The id that Novita gave, or under which our instance was found."""
    chosen: Chosen | None = None
    """What was selected for the instance that was rented."""
    price: Price | None = None
    """What the instance that was rented costs."""
    attempt: int | None = None
    """The number of the last create call for this object, from 1."""
    created_at: datetime | None = None
    """When the instance was rented."""
    started_at: datetime | None = None
    """When the last create or start call was made; the deadline counts from it."""
    stopped_at: datetime | None = None
    """When the last stop call was made."""
    detail: Instance | None = None
    """The instance as a look by id shows it: with the connection details that lists lack."""
    host_key: HostKeyStatus | None = None
    """The host key that was written into the Secret."""
    failure: Failure | None = None
    """What has failed, and when it is tried again."""
    restarts: Restarts | None = None
    """How often it was tried again, this time included."""
    ended: Ended | None = None
    """The end that spec.lifetime has brought."""
    busy_at: datetime | None = None
    """When the GPU was last seen at work."""
    data_kept_until: datetime | None = None
    """Until when Novita keeps the root disk after the stop."""
    service: ServiceStatus | None = None
    """The Service as it was written."""
    adopted: bool = False
    """The instance was found or taken over, and not rented by this pass."""
    duplicates_removed: tuple[str, ...] = ()
    """Ids of further instances of our name that were deleted."""
    released: bool = False
    """The instance is gone, and our finalizer with it."""
    held_again: bool = False
    """Our finalizer was gone, and was put back."""
    secret_restored: bool = False
    """Somebody had deleted or changed the connection Secret, and it was written again."""


@dataclass(frozen=True)
class Momentary:
    """What is true of one pass only: the next one finds out anew."""

    problem: Problem | None = None
    """Why the step did not work."""
    abandoned: str | None = None
    """What may be left at Novita after a deletion that a person gave up: an id, or a name."""
    again: bool = False
    """The world was not as it was decided upon: look again at once."""
    unsent: bool = False
    """No byte of the create call left this process."""
    queued: bool = False
    """No slot for a create call was free; the account wakes the object."""


@dataclass(frozen=True)
class Result(Lasting, Momentary):
    """The new facts of a pass."""

    @property
    def refused(self) -> bool:
        """Whether the step did not work, and nothing can have come of it."""
        return self.problem is not None and self.problem.reason is not Reason.CREATE_OUTCOME_UNKNOWN

    def after(self, earlier: Lasting) -> Result:
        """This result, with the lasting facts of earlier passes whose status could not be written."""
        return replace(self, **_merged(self, _still_true(earlier, self)))

    @property
    def lasting(self) -> Lasting:
        """What is carried over until a status holds it."""
        return Lasting(**{each.name: getattr(self, each.name) for each in fields(Lasting)})


def _still_true(earlier: Lasting, later: Lasting) -> Lasting:
    """What a later pass has not undone: another instance is not released, one that was started has not ended."""
    if later.instance_id is not None or later.attempt is not None:
        earlier = replace(earlier, released=False)
    if later.started_at is not None:
        earlier = replace(earlier, stopped_at=None, failure=None, ended=None, host_key=None)
    return earlier


def _merged(later: Lasting, earlier: Lasting) -> dict[str, Any]:
    merged = {}
    for each in fields(Lasting):
        new, old = getattr(later, each.name), getattr(earlier, each.name)
        merged[each.name] = old if new == each.default else new
    return merged | {"duplicates_removed": (*earlier.duplicates_removed, *later.duplicates_removed)}


def from_novita(error: errors.NovitaError, doing: str) -> Problem:  # noqa: C901, PLR0911 - a table, one row an error
    """The problem that a failed call is to the user; `doing` completes "could not …"."""
    said = f"Could not {doing}: {error.message or error.reason or type(error).__name__}"
    synced = ConditionType.SYNCED
    match error:
        case errors.CredentialsRejected():
            text = (
                f"{said}. Check the account's API key. It is tested at once: if it works, it lacks a right for this, "
                "or a limit of the account is in the way. Tried again by itself."
            )
            return Problem(synced, Reason.CREDENTIALS_REJECTED, text, stalled=True)
        case errors.InsufficientBalance():
            text = f"{said}. Top up the Novita account; tried again by itself, ever more rarely."
            return Problem(ConditionType.PROVISIONED, Reason.INSUFFICIENT_BALANCE, text, stalled=True)
        case errors.QuotaExceeded():
            text = f"{said}. Raise the quota at Novita or delete instances; tried again by itself, ever more rarely."
            return Problem(ConditionType.PROVISIONED, Reason.QUOTA_EXCEEDED, text)
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
