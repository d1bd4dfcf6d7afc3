"""How far the machine of a run is, by what the operator says of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from novita_operator.api import conditions
from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.api.gpu_instance.resource import GPUInstance


@dataclass(frozen=True, slots=True)
class Waiting:
    """It is on its way. `ready`: it runs, and only its host key is missing."""

    message: str
    ready: bool = False


@dataclass(frozen=True, slots=True)
class Usable:
    """Programs can be run on it."""

    message: str


@dataclass(frozen=True, slots=True)
class Hopeless:
    """Nothing more comes of it by itself."""

    why: str


Progress = Waiting | Usable | Hopeless
_UNSEEN = "The operator has not looked at it yet."
_NO_KEY = "It runs; its ssh host key is not recorded yet."


def of(found: GPUInstance, *, without_host_key: bool) -> Progress:
    """`without_host_key`: whether one that nobody has recorded will do."""
    status = found.status
    ready = conditions.find(status.conditions, ConditionType.READY)
    stalled = conditions.find(status.conditions, ConditionType.STALLED)
    if found.meta.deleted_at is not None:
        return Hopeless("Somebody else deletes it.")
    if stalled is not None:
        return Hopeless(stalled.message)
    if ready is None:
        return Waiting(_UNSEEN)
    if status.ended is not None:
        return Hopeless(ready.message)
    current = ready.observed_generation >= found.meta.generation
    if not current or (ready.status, ready.reason) != ("True", Reason.READY) or status.connection is None:
        return Waiting(ready.message)
    if status.connection.host_key is None and not without_host_key:
        return Waiting(_NO_KEY, ready=True)
    return Usable(ready.message)
