"""Finalizer and note come back whoever drops them: an object with an instance never just goes."""

from __future__ import annotations

from tests.conftest import MakeWorkspace, StartOperator
from tests.support import kube
from tests.support.kube import Body
from tests.support.workspace import ADOPTION, Workspace

_FINALIZER = "gpu.novita.ai/instance"
_INTENT = "gpu.novita.ai/create-intent"


def _held(body: Body) -> bool:
    at = body["metadata"]
    return _FINALIZER in at.get("finalizers", ()) and _INTENT in at.get("annotations", {})


async def _clear_finalizers(workspace: Workspace) -> None:
    change = {"metadata": {"finalizers": None}}
    await workspace.plane.kube.patch(kube.GPU_INSTANCES, "gpu", change, workspace.namespace)


async def _ends_with_its_object(workspace: Workspace) -> None:
    await workspace.delete()
    await workspace.until_gone()
    ledger = await workspace.novita.ledger()
    assert (ledger.created, ledger.live) == (1, ())


async def test_an_object_that_was_replaced_is_held_again_and_takes_its_instance_along(workspace: Workspace) -> None:
    await workspace.create()
    before = (await workspace.until_ready())["status"]["instanceId"]

    await workspace.replace(workspace.instance_body())

    held = await workspace.until(_held, "finalizer and note are back")
    assert held["status"]["instanceId"] == before
    event = await workspace.until_event("HeldAgain")
    assert "kubectl apply" in event["message"]
    await _ends_with_its_object(workspace)


async def test_a_finalizer_that_somebody_removed_comes_back(workspace: Workspace) -> None:
    await workspace.create()
    await workspace.until_ready()

    await _clear_finalizers(workspace)

    await workspace.until(_held, "the finalizer is back")
    await _ends_with_its_object(workspace)


async def test_a_stopped_and_paused_object_is_held_again(workspace: Workspace) -> None:
    await workspace.create(powerState="Running")
    await workspace.until_ready()
    await workspace.edit(powerState="Stopped")
    await workspace.until_condition("Ready", reason="Stopped")
    await workspace.annotate(paused="true")

    await _clear_finalizers(workspace)

    await workspace.until(_held, "the finalizer is back")
    await workspace.annotate(paused=None)
    await _ends_with_its_object(workspace)


async def test_an_adopted_instance_is_held_again(workspace: Workspace) -> None:
    await workspace.edit_account(tenancy=ADOPTION)
    mine = await workspace.novita.plant(name="by-hand")
    await workspace.create(adopt={"instanceId": mine})
    await workspace.until_ready()

    await workspace.replace(workspace.instance_body(adopt={"instanceId": mine}))

    await workspace.until(_held, "finalizer and note are back")
    await workspace.delete()
    await workspace.until_gone()
    assert (await workspace.novita.ledger()).live == ()


async def test_an_object_that_was_replaced_while_its_create_call_was_under_way_rents_once(workspace: Workspace) -> None:
    await workspace.novita.fault("delay", route="create", seconds=1.5, after=True, times=1)
    await workspace.create()

    async def committed() -> bool:
        return (await workspace.novita.ledger()).created == 1

    await workspace.until_novita(committed, "Novita has rented, and its answer is under way")
    await workspace.replace(workspace.instance_body())

    await workspace.until_ready()
    await workspace.until(_held, "finalizer and note are back")
    await _ends_with_its_object(workspace)


async def test_an_object_that_was_replaced_after_an_answer_was_lost_rents_once(workspace: Workspace) -> None:
    await workspace.novita.fault("lost-reply", route="create", times=1)
    await workspace.create()
    await workspace.until_condition("Provisioned", "Unknown")

    await workspace.replace(workspace.instance_body())

    await workspace.until_ready()
    await workspace.until(_held, "finalizer and note are back")
    await _ends_with_its_object(workspace)


async def test_what_was_replaced_while_no_operator_ran_is_held_when_one_comes(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace()
    operator = await start_operator(workspace)
    await workspace.create()
    await workspace.until_ready()
    await operator.terminate()
    await workspace.replace(workspace.instance_body())

    await start_operator(workspace)

    await workspace.until(_held, "finalizer and note are back")
    await _ends_with_its_object(workspace)


_TEN_MINUTES = "600000"


async def test_what_was_there_before_the_first_operator_is_not_looked_for_before_it_is_rented(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace()
    await workspace.create()

    await start_operator(workspace, LIST_LAG=_TEN_MINUTES)

    await workspace.until_ready()


async def test_what_was_made_while_no_operator_ran_is_looked_for_before_it_is_rented(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace()
    operator = await start_operator(workspace)
    await workspace.until_account("Ready", "True")
    await operator.terminate()
    await workspace.create()

    await start_operator(workspace, LIST_LAG=_TEN_MINUTES)

    waits = await workspace.until_condition("Ready", "False", reason="Scheduling")
    assert "older than the operator's process" in str(waits["status"]["conditions"])
    assert (await workspace.novita.ledger()).created == 0
