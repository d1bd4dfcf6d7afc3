"""The place in a pass where webhooks are written down: with the status, or, for the last one, with the courier."""

from __future__ import annotations

from dataclasses import dataclass

from novita_operator.api import meta
from novita_operator.api.gpu_instance.notifications import MOST_WAITING
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.clock import Clock
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.reporting import notifications
from novita_operator.controllers.gpu_instance.result import Result
from novita_operator.kube.cache import Body, Cache, Key
from novita_operator.reconciling.outcome import Outcome
from novita_operator.webhooks import receivers
from novita_operator.webhooks.courier import Courier


@dataclass(frozen=True, slots=True)
class Notifier:
    """Writes down what is to be told."""

    courier: Courier
    cache: Cache
    clock: Clock

    def amend(self, outcome: Outcome, seen: Observation, newest: Body) -> Outcome:
        """The outcome with its webhooks. `newest`: what the status is written over, with nothing awaited between."""
        told = receivers.of(seen.resource, self.courier.default)
        return notifications.amended(outcome, seen.resource, newest.get("status") or {}, told, self.clock.now())

    def say_farewell(self, key: Key, seen: Observation, result: Result) -> None:
        """The finalizer is gone: there is no status that would outlive this process, so its memory must do."""
        resource = seen.resource
        if result.abandoned is not None or meta.FINALIZER not in resource.meta.finalizers:
            return
        told = notifications.farewell(resource, receivers.of(resource, self.courier.default), self.clock.now())
        if told is None:
            return
        newest = self.cache.find(key)
        status = resource.status if newest is None else GPUInstance.parse(newest).status
        waiting = (*(status.notifications or ()), told)[-MOST_WAITING:]
        going = resource.status.model_copy(update={"notifications": waiting})
        self.courier.gone(
            {
                "metadata": resource.meta.model_dump(mode="json", by_alias=True, exclude_none=True),
                "spec": resource.spec.to_wire(),
                "status": going.to_wire(),
            }
        )
