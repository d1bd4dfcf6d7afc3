"""What is decided for an object that is to go: ordered checks, first match wins. Pure."""

from __future__ import annotations

from datetime import datetime

from novita_operator.api import meta
from novita_operator.controllers.gpu_instance import action
from novita_operator.controllers.gpu_instance.deciding import checks, ending
from novita_operator.controllers.gpu_instance.deciding.checks import Check
from novita_operator.controllers.gpu_instance.observing.observation import Observation


def _not_held(seen: Observation, _: datetime) -> action.Action | None:
    """Somebody else's finalizer keeps it, and ours is gone: only what is there all the same is ended."""
    if seen.held or (seen.found and seen.resource.spec.deletion_policy == "Delete" and not _is_given_up(seen)):
        return None
    return action.Nothing()


def _given_up(seen: Observation, _: datetime) -> action.Action | None:
    return action.Abandon(seen.left_behind) if _is_given_up(seen) else None


def _is_given_up(seen: Observation) -> bool:
    """Where nothing may be left at Novita, nobody with rights in the namespace alone can let it cost."""
    return seen.may_be_left and seen.resource.meta.annotations.get(meta.FORCE_FINALIZE) == seen.left_behind


def _unclear_how(seen: Observation, now: datetime) -> action.Action | None:
    unreadable = seen.resource.unreadable
    if unreadable is None or unreadable.can_delete:
        return None
    return _one_stays(seen, now) or action.Nothing()


def _one_stays(seen: Observation, now: datetime) -> action.Action | None:
    """What is left at Novita is the instance that the object asked for, and no second one beside it."""
    known = seen.fresh and seen.account.state == "Usable" and seen.adopts is None
    return checks.more_than_one(seen, now) if known else None


def _nothing_to_delete(seen: Observation, _: datetime) -> action.Action | None:
    return action.Release() if seen.nothing_was_ever_asked else None


def _must_not_be_left(seen: Observation, now: datetime) -> action.Action | None:
    """An instance that no namespace answers for is not allowed here: a person chooses what becomes of it."""
    return (_one_stays(seen, now) or action.Nothing()) if seen.retention_denied is not None else None


def _retain(seen: Observation, now: datetime) -> action.Action | None:
    retained = seen.resource.spec.deletion_policy == "Retain"
    return (_one_stays(seen, now) or action.Leave()) if retained else None


def _account_is_out_of_reach(seen: Observation, now: datetime) -> action.Action | None:
    """A namespace that is no longer admitted rents nothing, and can still end what it has rented.

    Where lists fail, or the key was refused a moment ago, deletes may work all the same: what the last list showed is
    deleted without a new one.
    """
    if seen.account.state == "NotAdmitted":
        return None
    unasked = seen.resource.spec.deletion_policy == "Delete" and not seen.absence.delete_settles
    if seen.account.state in {"Unreachable", "KeyRejected"} and unasked:
        known = {found.id for found in seen.live} or ({seen.instance_id} if seen.instance_id is not None else set())
        # One that no list shows is looked at by its id first, as always.
        return action.Delete(tuple(sorted(known))) if known else checks.account_is_of_no_use(seen, now)
    return checks.account_is_of_no_use(seen, now)


def _stop_and_leave(seen: Observation, now: datetime) -> action.Action | None:
    if seen.resource.spec.deletion_policy != "Stop":
        return None
    instance = seen.instance
    if instance is None and seen.create_may_be_hidden:
        return checks.NEXT_POLL
    if instance is None:
        return action.Take(seen.live[0].id) if seen.live and seen.absence.gone_polls else ending.let_go(seen)
    step = checks.more_than_one(seen, now) or ending.stop(instance)
    return action.Leave() if isinstance(step, action.Nothing) else step


def _ours_is_not_recorded(seen: Observation, _: datetime) -> action.Action | None:
    """The status has somebody else's id. After our delete call nothing would show any more that ours was another one.

    Only where nothing else has to be waited for: what cannot be written holds no delete back for more than one pass.
    """
    misled = seen.instance_id is None and seen.resource.status.instance_id is not None and seen.adopts is None
    return action.Take(seen.live[0].id) if misled and seen.live and seen.account.state == "Usable" else None


CHECKS: tuple[Check, ...] = (
    _not_held,
    _given_up,
    checks.paused,
    _nothing_to_delete,
    _unclear_how,
    _must_not_be_left,
    _retain,
    checks.not_ours,
    _account_is_out_of_reach,
    checks.view_is_old,
    _stop_and_leave,
    _ours_is_not_recorded,
    ending.delete_all,
)
