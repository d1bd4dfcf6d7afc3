"""Between the queue and the reconcilers: what belongs to an operator of another class is left alone, and told so.

Two operators must never write about one object by turns. So the gate writes only where nobody else has spoken, every
gate writes the same words, and what the operator of the right class writes lies over them for good.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from novita_operator.api import conditions, kinds, meta
from novita_operator.api.conditions import Condition
from novita_operator.api.events import Event, EventReason
from novita_operator.api.operator_class import Foreign, OperatorClass
from novita_operator.clock import Clock
from novita_operator.kube.cache import Body, Cache, Key
from novita_operator.kube.client import KubeClient
from novita_operator.kube.recorder import Recorder
from novita_operator.reconciling.outcome import After, Requeue
from novita_operator.runtime.workers import Reconciles

logger = logging.getLogger(__name__)

REASON = "AccountOfAnotherClass"
_EVENT = EventReason.ACCOUNT_OF_ANOTHER_CLASS
# The operator of the right class speaks within a second; one that is being upgraded needs a few.
_SILENCE_SECONDS = 10.0
# What the first status of each kind has: whoever waits for a condition finds it.
_TOLD: Mapping[str, tuple[str, ...]] = {
    kinds.GPU_INSTANCE.plural: ("Ready", "Scheduled", "Provisioned", "Synced"),
    kinds.GPU_INSTANCE_SET.plural: ("Ready",),
    kinds.GPU_JOB.plural: ("Ready",),
}
_FIELDS: Mapping[str, str] = {
    kinds.GPU_INSTANCE.plural: "spec.accountRef",
    kinds.GPU_INSTANCE_SET.plural: "spec.template.spec.accountRef",
    kinds.GPU_JOB.plural: "spec.template.accountRef",
}


class Leaves(Reconciles, Protocol):
    """A reconciler that can stop to work on an object which goes on to exist."""

    async def leave(self, key: Key, uid: str) -> bool:
        """Remember nothing of it any more. True if this process has worked on it."""
        ...


@dataclass(frozen=True, slots=True)
class ClassGate:
    """Lets the passes of our own objects through to the reconciler of their kind."""

    inner: Leaves
    own: OperatorClass
    kube: KubeClient
    cache: Cache
    recorder: Recorder
    clock: Clock

    async def reconcile(self, key: Key) -> Requeue:
        """Move our own objects one step; leave others alone. Raises kube errors."""
        body = self.cache.find(key)
        foreign = self.own.foreign(key.kind, body) if body is not None else None
        if body is None or foreign is None:
            return await self.inner.reconcile(key)
        at = meta.Meta.parse(body["metadata"])
        if await self.inner.leave(key, at.uid):
            logger.info("%s: left to %s", key, foreign.who)
            self._record(key, at, Event("Normal", _EVENT, _handed_over(key.kind, foreign)))
        return await self._tell(key, at, body, foreign)

    async def crashed(self, key: Key, error: Exception, pause: float) -> None:
        """Only about our own objects."""
        body = self.cache.find(key)
        if body is not None and self.own.foreign(key.kind, body) is None:
            await self.inner.crashed(key, error, pause)

    async def _tell(self, key: Key, at: meta.Meta, body: Body, foreign: Foreign) -> Requeue:
        """Say on the object that nobody works on it, where nobody has said anything else for a while."""
        status = body.get("status") or {}
        if key.kind not in _TOLD or at.deleted_at is not None or _somebody_spoke(status):
            return None
        silent = (self.clock.now() - at.created_at).total_seconds()
        if 0 <= silent < _SILENCE_SECONDS:
            return After(_SILENCE_SECONDS - silent)
        wanted = status | {"conditions": self._conditions(key.kind, at, status, _nobody(key.kind, foreign))}
        if wanted == status:
            return None
        self.cache.wrote(key, await self.kube.patch_status(kinds.of(key.kind), at, status, wanted))
        self._record(key, at, Event("Warning", _EVENT, _nobody(key.kind, foreign)))
        return None

    def _conditions(self, plural: str, at: meta.Meta, status: Mapping[str, Any], text: str) -> list[dict[str, Any]]:
        wanted = [(kind, "False") for kind in _TOLD[plural]] + [("Stalled", "True")]
        new = [
            Condition.model_validate(
                {
                    "type": kind,
                    "status": truth,
                    "reason": REASON,
                    "message": text,
                    "lastTransitionTime": self.clock.now(),
                    "observedGeneration": at.generation,
                }
            )
            for kind, truth in wanted
        ]
        return [each.to_wire() for each in conditions.merge(conditions.readable(status.get("conditions")), new)]

    def _record(self, key: Key, at: meta.Meta, event: Event) -> None:
        self.recorder.record(kinds.of(key.kind).name, at, [event], self.clock.now())


def _somebody_spoke(status: Mapping[str, Any]) -> bool:
    return any(each.reason != REASON for each in conditions.readable(status.get("conditions")))


def _nobody(plural: str, foreign: Foreign) -> str:
    """Without a word about the operator that writes it: all of them must write the same."""
    return (
        f'{_FIELDS[plural]}: NovitaAccount "{foreign.account}" belongs to {foreign.who} (its spec.className), which '
        "has not looked at this object. Nothing is done for it. It goes on by itself when an operator with "
        f"{foreign.how} watches this namespace; or create it again with an account of the operator that does."
    )


def _handed_over(plural: str, foreign: Foreign) -> str:
    if plural == kinds.NOVITA_ACCOUNT.plural:
        return (
            f"spec.className changed: {foreign.who} works on this account now, and this operator no longer does. "
            f"Instances go on running and costing; see that an operator with {foreign.how} watches their namespaces."
        )
    return (
        f'NovitaAccount "{foreign.account}" belongs to {foreign.who} now, and this operator leaves the object to it. '
        f"What is rented goes on costing; see that an operator with {foreign.how} watches this namespace."
    )
