"""The composition root: settings -> shared parts -> the wiring of each kind. Everything is built here, once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import kopf

from novita_operator.controllers.gpu_instance import wiring as gpu_instance
from novita_operator.controllers.gpu_instance.reachability.watching import Watching
from novita_operator.controllers.gpu_instance_set import wiring as gpu_instance_set
from novita_operator.controllers.gpu_job import wiring as gpu_job
from novita_operator.controllers.gpu_job.attending.attendant import Attendant
from novita_operator.controllers.novita_account import wiring as novita_account
from novita_operator.machines.pool import Pool
from novita_operator.reconciling.publishing import Publisher
from novita_operator.runtime.class_gate import ClassGate
from novita_operator.runtime.core import Core, Wired
from novita_operator.runtime.intake import Intake
from novita_operator.runtime.serving import ServedGate
from novita_operator.runtime.workers import Reconciles
from novita_operator.webhooks.courier import Courier


@dataclass(frozen=True, slots=True)
class Controllers:
    """Every kind, and what works beside them."""

    kinds: tuple[Wired, ...]
    reconcilers: Mapping[str, Reconciles]
    """By plural name, each behind the gates that keep it to kinds that are served, and to objects of our own class."""
    watching: Watching
    courier: Courier
    attendant: Attendant
    machines: Pool

    @property
    def intakes(self) -> tuple[Intake, ...]:
        """Where watch events go."""
        return tuple(each.intake for each in self.kinds)

    async def run(self) -> None:
        """What goes on beside the passes, for ever."""
        async with asyncio.TaskGroup() as work:
            work.create_task(self.watching.run())
            work.create_task(self.attendant.run())

    async def aclose(self) -> None:
        """End what they hold open."""
        await self.watching.aclose()
        await self.machines.aclose()

    def register(self, registry: kopf.OperatorRegistry) -> None:
        """Watch every kind."""
        for each in self.kinds:
            each.register(registry)


def controllers(core: Core) -> Controllers:
    """The kinds, wired."""
    instances = gpu_instance.wire(core)
    jobs = gpu_job.wire(core, instances.machines)
    kinds = (instances.kind, novita_account.wire(core), gpu_instance_set.wire(core), jobs.kind)
    reconcilers = {each.intake.kind.plural: _gate(core, each) for each in kinds}
    return Controllers(kinds, reconcilers, instances.watching, instances.courier, jobs.attendant, instances.machines)


def _gate(core: Core, kind: Wired) -> Reconciles:
    publisher = Publisher(kind.intake.kind, core.kube, core.cache, core.recorder, core.clock)
    own = ClassGate(kind.reconciler, core.operator_class, core.cache, publisher, core.clock)
    return ServedGate(own, core.serving)
