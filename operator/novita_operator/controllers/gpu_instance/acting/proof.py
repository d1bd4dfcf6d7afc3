"""An id is acted on only if it is proven ours (safety: Who is believed): by its name, or by spec.adopt."""

from __future__ import annotations

from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.observing.one_pass import Pass
from novita_operator.controllers.gpu_instance.result import Problem
from novita_operator.novita import errors
from novita_operator.novita.limits import Priority
from novita_operator.novita.models import Instance
from novita_operator.reconciling import naming


class NotProven(Exception):
    """The instance was not seen under this object's name, so that nothing is done to it.

    `about`: Provisioned, where the id is somebody else's by now, so that nobody can say that the object has one.
    """

    def __init__(self, message: str, about: ConditionType = ConditionType.SYNCED) -> None:
        super().__init__(message)
        self.message, self.about = message, about

    def as_problem(self) -> Problem:
        return Problem(self.about, Reason.NAME_DIFFERS, self.message, stalled=True)


async def prove(instance_id: str, this: Pass) -> None:
    """Look at it by id right before something is done to it. Raises NotProven, NovitaError.

    A fresh list that shows the id under our name is proof, too, where the look by id says nothing.
    """
    listed = _listed(instance_id, this.seen)
    try:
        found = await this.account.client.get_instance(instance_id, priority=Priority.DELETE)
    except errors.NovitaError:
        if listed is None:
            raise
        found = listed
    check(found if found.name or listed is None else listed, this)


def check(found: Instance, this: Pass) -> None:
    """Raises NotProven, unless this instance carries our name, or is the one that was taken over with consent."""
    if found.name == this.seen.name:
        return
    if this.seen.takes_over(found.id):
        _check_adopted(found, this)
        return
    seen = this.seen
    if naming.resembles(seen.name, found.name):
        raise NotProven(_rendered(found, seen))
    raise NotProven(_somebody_elses(found, seen), ConditionType.PROVISIONED if found.name else ConditionType.SYNCED)


def _rendered(found: Instance, seen: Observation) -> str:
    return (
        f'Novita shows instance {found.id} as "{found.name}", and this object\'s instance is called {seen.name}: '
        "Novita renders names otherwise than they were sent. It counts as this object's, so that nothing is rented in "
        "its place, and nothing is done to it under a name that is not its own. It goes on by itself when Novita shows "
        "the name again. To end it before, delete it in Novita's console."
    )


def _somebody_elses(found: Instance, seen: Observation) -> str:
    carries = f'carries the name "{found.name}"' if found.name else "carries no name"
    return (
        f"Instance {found.id} {carries} at Novita, and not {seen.name}, as this object's instance would: it may belong "
        "to another object or cluster, and is left alone. Nothing is rented in its place. It is looked at again by "
        "itself. If it is yours, end it in Novita's console."
    )


def _check_adopted(found: Instance, this: Pass) -> None:
    """spec.adopt is written by whoever likes to: the account must have agreed, and nobody else may have it."""
    if (refused := this.seen.not_ours) is not None:
        raise NotProven(f"Instance {found.id} is left alone. {refused.message}")
    owner = this.account.claims.get(found.name) if naming.is_an_operators(found.name) else None
    if owner is not None and owner != this.key:
        raise NotProven(
            f"Instance {found.id} carries the name {found.name} at Novita and belongs to GPUInstance "
            f"{owner.namespace}/{owner.name}: it is left alone. Delete this object; its instance stays."
        )


def _listed(instance_id: str, seen: Observation) -> Instance | None:
    shown = seen.found if seen.fresh else ()
    known = (found for found in shown if found.id == instance_id)
    return next((found for found in known if found.name == seen.name or seen.takes_over(instance_id)), None)
