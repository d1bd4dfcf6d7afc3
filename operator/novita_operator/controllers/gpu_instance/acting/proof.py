"""An id is acted on only if it is proven ours (safety: Who is believed): by its name, or by spec.adopt."""

from __future__ import annotations

from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.result import Problem
from novita_operator.novita import errors
from novita_operator.novita.account import NovitaAccountClient
from novita_operator.novita.models import Instance
from novita_operator.reconciling import naming


class NotProven(Exception):
    """The instance was not seen under this object's name, so that nothing is done to it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def as_problem(self) -> Problem:
        return Problem(ConditionType.SYNCED, Reason.NAME_DIFFERS, self.message, stalled=True)


async def prove(instance_id: str, seen: Observation, client: NovitaAccountClient) -> None:
    """Look at it by id right before something is done to it. Raises NotProven, NovitaError.

    A fresh list that shows the id under our name is proof, too, where the look by id says nothing.
    """
    if seen.takes_over(instance_id):
        return
    try:
        found = await client.get_instance(instance_id)
    except errors.NovitaError:
        if _listed(instance_id, seen):
            return
        raise
    if found.name or not _listed(instance_id, seen):
        check(found, seen)


def check(found: Instance, seen: Observation) -> None:
    """Raises NotProven, unless this instance carries our name, or is the one to adopt."""
    if found.name == seen.name or seen.takes_over(found.id):
        return
    raise NotProven(_rendered(found, seen) if naming.resembles(seen.name, found.name) else _somebody_elses(found, seen))


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


def _listed(instance_id: str, seen: Observation) -> bool:
    return seen.fresh and any(found.id == instance_id and found.name == seen.name for found in seen.found)
