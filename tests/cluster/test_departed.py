"""An object that is gone before anybody could hold it takes its instance along, as its deletion policy says."""

from __future__ import annotations

from typing import Any

from tests.conftest import MakeWorkspace, StartOperator
from tests.support import kube
from tests.support.operator_process import OperatorProcess
from tests.support.workspace import ADOPTION, Workspace


async def _lost_while_nobody_looks(
    workspace: Workspace, operator: OperatorProcess, *, wiped: bool = False, **spec: Any
) -> None:
    """`kubectl replace`, perhaps a wiped status, and `kubectl delete`, all before the operator looks again."""
    operator.freeze()
    await workspace.replace(workspace.instance_body(**spec))
    if wiped:
        change = {"status": None}
        await workspace.plane.kube.patch(kube.GPU_INSTANCES, "gpu", change, workspace.namespace, subresource="status")
    await workspace.delete()
    assert await workspace.plane.kube.find(kube.GPU_INSTANCES, "gpu", workspace.namespace) is None
    operator.thaw()


async def _adopted(workspace: Workspace, name: str = "gpu", **spec: Any) -> str:
    """The id of an instance that somebody made by hand, and this object has taken over."""
    planted = await workspace.novita.plant(name="by-hand")
    await workspace.create(name, adopt={"instanceId": planted}, **spec)
    await workspace.until_ready(name)
    return planted


async def test_an_adopted_instance_whose_object_was_replaced_and_deleted_is_deleted(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace(tenancy=ADOPTION)
    operator = await start_operator(workspace)
    other = await workspace.novita.plant(name="by-hand")
    mine = await _adopted(workspace)

    await _lost_while_nobody_looks(workspace, operator, adopt={"instanceId": mine})

    await workspace.until_live(other)


async def test_an_adopted_instance_whose_object_lost_its_status_too_is_deleted(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace(tenancy=ADOPTION)
    operator = await start_operator(workspace)
    mine = await _adopted(workspace)

    await _lost_while_nobody_looks(workspace, operator, wiped=True, adopt={"instanceId": mine})

    await workspace.until_live()


async def test_an_instance_that_was_only_to_be_adopted_is_left_alone(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace(tenancy=ADOPTION)
    await start_operator(workspace)
    await workspace.create("first")
    theirs = (await workspace.until_ready("first"))["status"]["instanceId"]
    await workspace.create("second", adopt={"instanceId": theirs})
    await workspace.until_condition("Stalled", reason="AdoptRefused", name="second")
    await _adopted(workspace, "third")

    await workspace.delete("second")
    await workspace.until_gone("second")
    await workspace.delete("third")
    await workspace.until_gone("third")

    await workspace.until_live(theirs)


async def test_the_adopted_instance_of_a_retained_object_stays(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace(tenancy=ADOPTION)
    operator = await start_operator(workspace)
    kept = await _adopted(workspace, "kept", deletionPolicy="Retain")
    await workspace.delete("kept")
    await workspace.until_gone("kept")
    mine = await _adopted(workspace)

    await _lost_while_nobody_looks(workspace, operator, adopt={"instanceId": mine})

    await workspace.until_live(kept)


async def test_an_instance_is_stopped_where_its_lost_object_asked_for_that(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace(tenancy=ADOPTION)
    operator = await start_operator(workspace)
    await workspace.create(deletionPolicy="Stop")
    await workspace.until_ready()

    await _lost_while_nobody_looks(workspace, operator, deletionPolicy="Stop")

    async def stopped() -> bool:
        return [each["status"] for each in await workspace.novita.instances()] == ["exited"]

    await workspace.until_novita(stopped, "the instance is stopped, and still there")
