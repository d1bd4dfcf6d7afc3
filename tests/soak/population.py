"""The objects of the soak: one slot for each, which bears another name whenever its object is made anew."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.cluster.owners import JOBS, SETS
from tests.faults.world import World
from tests.soak import plan
from tests.support import builders, kube
from tests.support.kube import Body
from tests.support.kube import Kind as Resource

_WINDOW_MINUTES = 30
_STAGGER_MINUTES = 7  # the windows do not all open at once
_STARTUP_SECONDS = 7200  # a starved machine makes an accelerated quarter of an hour of some seconds
_REPLICAS = 2
_KIND_NAMES = {"set": "GPUInstanceSet", "job": "GPUJob"}


@dataclass
class Slot:
    """`spec`: what its manifest in Git would say now."""

    number: int
    generation: int = 0
    spec: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> plan.Kind:
        return plan.kind_of(self.number)

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.number:03}-{self.generation}"

    @property
    def resource(self) -> Resource:
        return {"set": SETS, "job": JOBS}.get(self.kind, kube.GPU_INSTANCES)

    def renew(self, world: World) -> None:
        """Another name, and the spec from the beginning."""
        self.generation += 1
        self.spec = _spec(self, world.workspace.account_name)

    def manifest(self, world: World) -> Body:
        """The object as a person applies it."""
        if self.kind in _KIND_NAMES:
            at = {"name": self.name, "namespace": world.workspace.namespace}
            return {
                "apiVersion": builders.API_VERSION,
                "kind": _KIND_NAMES[self.kind],
                "metadata": at,
                "spec": self.spec,
            }
        return builders.gpu_instance(self.name, world.workspace.namespace, **self.spec)

    async def apply(self, world: World) -> None:
        await world.stage.plane.kube.create(self.resource, self.manifest(world))

    async def patch(self, world: World, **spec: Any) -> None:
        """Merge changes into the spec, here and there."""
        self.spec |= spec
        await world.stage.plane.kube.patch(self.resource, self.name, {"spec": spec}, world.workspace.namespace)

    async def find(self, world: World) -> Body | None:
        return await world.stage.plane.kube.find(self.resource, self.name, world.workspace.namespace)


def of(world: World, objects: int) -> list[Slot]:
    """So many, none of them applied yet."""
    slots = [Slot(number) for number in range(objects)]
    for slot in slots:
        slot.renew(world)
    return slots


def _spec(slot: Slot, account: str) -> dict[str, Any]:
    instance: dict[str, Any] = {"accountRef": {"name": account}, "startup": {"timeoutSeconds": _STARTUP_SECONDS}}
    match slot.kind:
        case "instance":
            return instance
        case "spot":
            policy = "FallbackOnDemand" if slot.number % 2 else "Recreate"
            return {**instance, "billing": "Spot", "onSpotReclaim": policy}
        case "schedule":
            minute = slot.number * _STAGGER_MINUTES % 60
            window = {"start": f"{minute} * * * *", "stop": f"{(minute + _WINDOW_MINUTES) % 60} * * * *"}
            return {**instance, "lifetime": {"schedule": {**window, "timeZone": "UTC"}}}
        case "set":
            return {"replicas": _REPLICAS, "createIntervalSeconds": 0, "template": {"spec": instance}}
        case "job":
            return {"template": {**instance, "command": "python train.py"}, "completion": {"signal": "Exited"}}
