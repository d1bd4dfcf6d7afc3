"""What tests of sets and jobs share: one object that owns GPUInstances, as its user sees it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support import builders, kube, waiting
from tests.support.history import condition
from tests.support.kube import Body, Kind
from tests.support.waiting import DEADLINE_SECONDS
from tests.support.workspace import Check, Workspace

SETS = Kind("/apis/gpu.novita.ai/v1alpha1", "gpuinstancesets")
JOBS = Kind("/apis/gpu.novita.ai/v1alpha1", "gpujobs")
_COLLECTOR_SECONDS = 120.0  # it looks for new kinds every 30 s
_KINDS = {"gpuinstancesets": "GPUInstanceSet", "gpujobs": "GPUJob"}


@dataclass
class Owners:
    """The objects of one of these kinds in one workspace."""

    workspace: Workspace
    kind: Kind
    made: list[str] = field(default_factory=list)

    async def create(self, name: str, *, annotations: dict[str, str] | None = None, **spec: Any) -> Body:
        """Apply one; keywords are the spec's fields in camelCase.

        The container's end is what counts for a job that says nothing else: most tests have machines that are not real.
        """
        if self.kind is JOBS:
            spec = {"completion": {"signal": "Exited"}} | spec
        metadata: Body = {"name": name, "namespace": self.workspace.namespace, "annotations": annotations or {}}
        body = {"apiVersion": builders.API_VERSION, "kind": _KINDS[self.kind.plural], "metadata": metadata}
        self.made.append(name)
        return await self.workspace.plane.kube.create(self.kind, body | {"spec": spec})

    async def get(self, name: str) -> Body:
        return await self.workspace.plane.kube.get(self.kind, name, self.workspace.namespace)

    async def edit(self, name: str, **spec: Any) -> Body:
        """Merge changes into the spec."""
        return await self.workspace.plane.kube.patch(self.kind, name, {"spec": spec}, self.workspace.namespace)

    async def annotate(self, name: str, annotation: str, value: str | None) -> Body:
        change = {"metadata": {"annotations": {annotation: value}}}
        return await self.workspace.plane.kube.patch(self.kind, name, change, self.workspace.namespace)

    async def delete(self, name: str) -> None:
        """Ask for the deletion and do not wait."""
        await self.workspace.plane.kube.delete(self.kind, name, self.workspace.namespace)

    async def instances(self) -> list[Body]:
        """All GPUInstances of the workspace, by name."""
        found = await self.workspace.plane.kube.list(kube.GPU_INSTANCES, self.workspace.namespace)
        return sorted(found, key=lambda body: str(body["metadata"]["name"]))

    async def names(self) -> list[str]:
        return [body["metadata"]["name"] for body in await self.instances()]

    async def until(self, name: str, check: Check, what: str, *, seconds: float = DEADLINE_SECONDS) -> Body:
        """The object, once the check holds for it."""

        async def probe() -> Body | None:
            body = await self.get(name)
            return body if check(body) else None

        return await waiting.until(probe, f"{name}: {what}", seconds=seconds, explain=self.explain(name))

    async def until_condition(
        self,
        name: str,
        kind: str,
        status: str = "True",
        reason: str | None = None,
        *,
        seconds: float = DEADLINE_SECONDS,
    ) -> Body:
        """The object, once its condition is so."""

        def check(body: Body) -> bool:
            found = condition(body, kind)
            current = body["status"].get("observedGeneration") == body["metadata"]["generation"] if found else False
            return current and found["status"] == status and reason in (None, found["reason"])

        return await self.until(name, check, f"condition {kind} is {status}/{reason}", seconds=seconds)

    async def until_gone(self, name: str, *, seconds: float = DEADLINE_SECONDS) -> None:
        """Until the object no longer exists."""

        async def gone() -> bool:
            return await self.workspace.plane.kube.find(self.kind, name, self.workspace.namespace) is None

        await waiting.until(gone, f"{name} is gone", seconds=seconds)

    async def until_released(self, *, seconds: float = DEADLINE_SECONDS) -> None:
        """Until no GPUInstance is left and the ledger says that nothing lives."""

        async def released() -> bool:
            return not await self.names() and not (await self.workspace.novita.ledger()).live

        await waiting.until(released, "everything is released", seconds=seconds, explain=self.workspace.explain)

    def explain(self, name: str) -> waiting.Explain:
        async def told() -> str:
            body = await self.workspace.plane.kube.find(self.kind, name, self.workspace.namespace)
            return f"{body.get('status') if body else 'it does not exist'}\n{await self.workspace.explain()}"

        return told

    async def close(self) -> None:
        """The owners first: they would make anew what the workspace removes."""
        for name in self.made:
            await self.delete(name)


@asynccontextmanager
async def owners(workspace: Workspace, kind: Kind) -> AsyncIterator[Owners]:
    """Whatever is made goes at the end."""
    made = Owners(workspace, kind)
    try:
        yield made
    finally:
        await made.close()


async def until_garbage_is_collected(workspace: Workspace) -> None:
    """Until Kubernetes' garbage collector knows GPUInstances, which takes it half a minute after the CRDs came.

    Before, `--cascade=orphan` leaves the reference to an owner that is gone, and the collector deletes the instances.
    """
    body = workspace.instance_body("litter", powerState="Stopped")
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "never-was", "uid": str(uuid.uuid4())}
    body["metadata"]["ownerReferences"] = [owner]
    await workspace.plane.kube.create(kube.GPU_INSTANCES, body)
    await workspace.until_gone("litter", seconds=_COLLECTOR_SECONDS)
