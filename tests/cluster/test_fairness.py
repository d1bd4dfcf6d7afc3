"""Places and calls are shared out by namespace: a crowd in one holds up nobody in another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support import builders, failing, kube, waiting
from tests.support.history import condition
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


_FAILING = 42  # seven of each kind


async def test_calls_of_a_tenant_do_not_stand_behind_those_of_objects_that_never_succeed(workspace: Workspace) -> None:
    # Far less than what so many objects would ask for: what goes first is decided by whose turn it is.
    await workspace.edit_account_and_wait(limits={"requestsPerMinute": 300, "maxConcurrentCreates": 3})
    other = f"{workspace.namespace}-b"
    await workspace.apply(kube.NAMESPACES, builders.namespace(other))
    await failing.arrange(workspace.novita)
    for body in failing.bodies(_FAILING, other, workspace.account_name):
        await workspace.apply(kube.GPU_INSTANCES, body)

    async def begun() -> bool:
        return await _refused(workspace) >= 3

    await workspace.until_novita(begun, "creates were refused")

    asked = await _refused(workspace)
    await workspace.create()
    await workspace.until_ready()
    rented = await _refused_before(workspace, "create")
    stopping = await _refused(workspace)
    await workspace.edit(powerState="Stopped")
    await workspace.until_condition("Ready", reason="Stopped")
    stopped = await _refused_before(workspace, "stop")
    deleting = await _refused(workspace)
    await workspace.delete()
    await workspace.until_gone()
    deleted = await _refused_before(workspace, "delete")

    # By turns it waits for the calls under way, and not for one of each object that fails.
    assert max(rented - asked, stopped - stopping, deleted - deleting) < _FAILING / 3
    for body in await workspace.plane.kube.list(kube.GPU_INSTANCES, other):
        assert condition(body, "Ready").get("status") != "True"


async def _refused(workspace: Workspace) -> int:
    """How many creates were refused so far: only those of the failing ones are."""
    return sum(_is_refused(call) for call in (await workspace.novita.calls()).log)


async def _refused_before(workspace: Workspace, route: str) -> int:
    """How many creates were refused before the first call of this route that was carried out."""
    calls = (await workspace.novita.calls()).log
    first = next(place for place, call in enumerate(calls) if call["route"] == route and not _is_refused(call))
    return sum(_is_refused(call) for call in calls[:first])


def _is_refused(call: Mapping[str, Any]) -> bool:
    return bool(call["route"] == "create" and (call["status"] or 0) >= 400)
