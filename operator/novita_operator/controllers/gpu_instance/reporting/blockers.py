"""What stands in the way whatever a pass does: a spec that cannot be read, an account of no use. Pure."""

from __future__ import annotations

from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.result import Problem
from novita_operator.novita.models import InstanceState
from novita_operator.tenancy.judging import Refusal

_TYPE = ConditionType
_ACCOUNT_REASONS: dict[str, tuple[ConditionType, Reason, bool]] = {
    "Absent": (_TYPE.SCHEDULED, Reason.ACCOUNT_NOT_READY, False),
    "KeyMissing": (_TYPE.SCHEDULED, Reason.ACCOUNT_NOT_READY, True),
    "NotAdmitted": (_TYPE.SCHEDULED, Reason.ACCOUNT_NOT_ADMITTED, True),
    "KeyRejected": (_TYPE.SYNCED, Reason.CREDENTIALS_REJECTED, True),
    "Unreachable": (_TYPE.SYNCED, Reason.NOVITA_UNAVAILABLE, False),
}


def flaw(seen: Observation) -> Problem | None:
    """A spec that can never work: whatever else a pass meets on the way, nothing comes of it before it is corrected."""
    if seen.flaw is None or seen.resource.unreadable is not None or not _would_cost(seen):
        return None
    text = f"{seen.flaw} Nothing is rented or started before it is corrected."
    return Problem(_TYPE.SCHEDULED, Reason.INVALID_SPEC, text, stalled=True)


def problem(seen: Observation) -> Problem | None:
    """The first of the others."""
    unreadable = seen.resource.unreadable
    if seen.unclear_end is not None:
        text = f"{seen.unclear_end} The rest of the spec is followed; correct the field, and it counts at once."
        return Problem(_TYPE.SYNCED, Reason.INVALID_SPEC, text)
    if unreadable is not None and not (seen.deleting and unreadable.can_delete):
        text = (
            f"{unreadable.message}. Nothing is rented or changed until the spec can be read; a stop or a deadline in "
            "the rest of it is followed."
        )
        return Problem(_TYPE.SYNCED, Reason.INVALID_SPEC, text, stalled=True)
    return _of_the_account(seen) or _of_tenancy(seen) or _frozen(seen) or _in_doubt(seen)


def _of_tenancy(seen: Observation) -> Problem | None:
    """What spec.tenancy does not allow, where the object wants just that."""
    if seen.paused:
        return None
    if seen.not_ours is not None:
        return _left_alone(seen, seen.not_ours)
    if seen.deleting:
        refused = seen.retention_denied
        text = f"{refused.message} Set spec.deletionPolicy to Delete, and it goes." if refused is not None else ""
        return Problem(_TYPE.SYNCED, Reason.NOT_ALLOWED, text, stalled=True) if refused is not None else None
    if seen.denied is None or not _would_cost(seen):
        return None
    text = f"{seen.denied.message} Nothing is rented or started; an edit of the account is followed at once."
    return Problem(_TYPE.SCHEDULED, Reason(seen.denied.reason), text, stalled=True)


def _would_cost(seen: Observation) -> bool:
    """Whether an instance is to be rented, taken over or started."""
    at_rest = seen.instance is not None and seen.instance.state is InstanceState.EXITED
    absent = seen.instance_id is None and not seen.found and not seen.may_be_rented
    wanted = seen.power == "Running" and not seen.failure_stands and not (seen.paused or seen.deleting)
    return wanted and (at_rest or absent)


def _left_alone(seen: Observation, refused: Refusal) -> Problem:
    text = (
        f"Instance {seen.instance_id} was taken over, and the NovitaAccount has no record of it: nothing is done to "
        f"it, and it goes on costing money. {refused.message} Once adoption is allowed for this namespace, the "
        "account's status.adoptions records it, and it stays with this object whatever spec.tenancy says later."
    )
    return Problem(_TYPE.SYNCED, Reason.ADOPTION_NOT_ALLOWED, text, stalled=True)


def _frozen(seen: Observation) -> Problem | None:
    """What would be rented waits for an administrator; what there is goes on."""
    if seen.frozen is None or seen.deleting or seen.instance is not None or not _wants_one(seen):
        return None
    text = f'NovitaAccount "{seen.resource.spec.account_ref.name}": {seen.frozen}'
    return Problem(_TYPE.SCHEDULED, Reason.CLUSTER_ID_CHANGED, text, stalled=True)


def _wants_one(seen: Observation) -> bool:
    return seen.instance_id is None and seen.power == "Running" and not seen.failure_stands


def _in_doubt(seen: Observation) -> Problem | None:
    """What would be rented, or let go, waits until it is clear what the account holds."""
    if seen.doubt is None or seen.instance is not None or seen.absence.delete_accepted:
        return None
    text = f'NovitaAccount "{seen.resource.spec.account_ref.name}": {seen.doubt}'
    if seen.deleting:
        # The doubt is about the others: it delays the end of one that was had, and concerns no other.
        waits = seen.instance_id is not None and not seen.belief.believed
        return Problem(_TYPE.SYNCED, Reason.INSTANCES_MISSING, text) if waits else None
    # An instance that was had and is missing is told of as such.
    return Problem(_TYPE.SCHEDULED, Reason.INSTANCES_MISSING, text) if _wants_one(seen) else None


def _of_the_account(seen: Observation) -> Problem | None:
    found = _ACCOUNT_REASONS.get(seen.account.state)
    # What is no longer admitted can still be deleted (plan): that is in nobody's way.
    if found is None or seen.paused or (seen.deleting and seen.account.state == "NotAdmitted"):
        return None
    about, reason, stalled = found
    return Problem(about, reason, seen.account.message, stalled)
