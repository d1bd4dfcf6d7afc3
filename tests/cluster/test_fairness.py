"""Places for create calls are shared out by namespace: a crowd in one holds up nobody in another."""

from __future__ import annotations

from tests.support import builders, kube, waiting
from tests.support.workspace import Workspace

_CROWD = 20


async def test_a_crowd_in_one_namespace_does_not_go_before_the_first_of_another(workspace: Workspace) -> None:
    await workspace.edit_account(limits={"requestsPerMinute": 6000, "maxConcurrentCreates": 1})
    await workspace.novita.fault("delay", route="create", seconds=2.0)
    other = f"{workspace.namespace}-b"
    await workspace.apply(kube.NAMESPACES, builders.namespace(other))
    for number in range(_CROWD):
        await workspace.create(f"gpu-{number}")
    spec = {"accountRef": {"name": workspace.account_name}}
    await workspace.apply(kube.GPU_INSTANCES, builders.gpu_instance("gpu", other, **spec))

    async def instance_id() -> str | None:
        body = await workspace.plane.kube.get(kube.GPU_INSTANCES, "gpu", other)
        return (body.get("status") or {}).get("instanceId")

    rented = await waiting.until(instance_id, "the other namespace has its instance", explain=workspace.explain)

    order = [record.id for record in (await workspace.novita.ledger()).records]
    # By turns it is among the first few; in one line it would be the last.
    assert order.index(rented) < _CROWD / 2
    await workspace.novita.end_faults()
    await workspace.plane.kube.delete(kube.GPU_INSTANCES, "gpu", other)

    async def gone() -> bool:
        return await workspace.plane.kube.find(kube.GPU_INSTANCES, "gpu", other) is None

    await waiting.until(gone, "it is gone again", explain=workspace.explain)
