"""How an instance ends: stopped, or deleted and seen gone before anything is let go. Pure."""

from __future__ import annotations

from datetime import datetime

from novita_operator.controllers.gpu_instance import action
from novita_operator.controllers.gpu_instance.deciding.checks import NEXT_POLL
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.novita.models import Instance, InstanceState


def stop(instance: Instance) -> action.Action:
    """The step towards a stop; nothing where it is at rest."""
    match instance.state:
        case InstanceState.RUNNING | InstanceState.PULLING:
            return action.Stop(instance.id)
        case InstanceState.EXITED | InstanceState.FROZEN:
            return action.Nothing()
        case _:
            return NEXT_POLL


def delete_all(seen: Observation, _: datetime) -> action.Action | None:
    """The step towards nothing of this object being left at Novita."""
    if seen.live:
        return action.Delete(tuple(found.id for found in seen.live))
    if seen.found:
        return NEXT_POLL
    if seen.instance_id is not None and seen.absence.only_by_id and not seen.absence.delete_accepted:
        return action.Delete((seen.instance_id,))
    return let_go(seen)


def let_go(seen: Observation) -> action.Action:
    """Nothing is listed any more: make sure, then drop the finalizer."""
    if seen.instance_id is None:
        hidden = seen.may_be_rented or seen.unnoted_may_be_rented
        return NEXT_POLL if hidden else action.Release(check_first=True)
    # So young, neither list nor look by id need show it: it is looked for until it is seen, or until they must.
    if seen.belief.believed and not seen.unproven:
        return action.Release(check_first=True)
    return check_again(seen, seen.instance_id)


def check_again(seen: Observation, instance_id: str) -> action.Action:
    """Nothing shows it, and that is not believed yet: the next look by id, or the wait for it."""
    if seen.belief.check_due or seen.belief.believed:
        return action.ConfirmGone(instance_id)
    return action.Wait(poll=True, seconds=seen.belief.seconds)
