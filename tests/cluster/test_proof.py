"""An id in a status deletes nothing that was not seen under the object's own name."""

from __future__ import annotations

import json

from tests.conftest import MakeWorkspace, StartOperator
from tests.support import kube
from tests.support.history import condition
from tests.support.workspace import Workspace

_NOTE = {
    "attempt": 1,
    "at": "2026-11-24T12:00:00+00:00",
    "holder": "",
    "product": "",
    "region": "",
    "outcome": "Pending",
}
_FOREIGN_NAME = "nvo-zzzzzzzz-nm7dwtapnnhq5hyof6fauqsncei"


async def _restore(workspace: Workspace, instance_id: str) -> None:
    """An object as a backup of another cluster of the same account holds it: finalizer, note and status."""
    body = workspace.instance_body(annotations={"gpu.novita.ai/create-intent": json.dumps(_NOTE)})
    body["metadata"]["finalizers"] = ["gpu.novita.ai/instance"]
    await workspace.plane.kube.create(kube.GPU_INSTANCES, body)
    status = {"status": {"instanceId": instance_id, "instanceName": _FOREIGN_NAME, "attempts": 1}}
    await workspace.plane.kube.patch(kube.GPU_INSTANCES, "gpu", status, workspace.namespace, subresource="status")


async def test_a_restored_object_that_is_deleted_at_once_leaves_the_other_clusters_instance_alone(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace()
    theirs = await workspace.novita.plant(name=_FOREIGN_NAME)
    await _restore(workspace, theirs)
    await workspace.delete()

    await start_operator(workspace)

    await workspace.until_gone()
    assert (await workspace.novita.calls()).of("delete") == 0
    assert [record.id for record in (await workspace.novita.ledger()).live] == [theirs]


async def test_an_instance_that_nothing_shows_yet_is_deleted_when_it_is_seen_and_until_then_the_object_says_so(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace()
    await start_operator(workspace, LIST_LAG="6000")
    await workspace.novita.fault("list-lag", seconds=3.0, alsoGet=True)
    await workspace.create()
    await workspace.until(lambda body: "instanceId" in body.get("status", {}), "the id is recorded")

    await workspace.delete()

    def waits(message: str) -> bool:
        return "nothing is deleted by its id alone" in message

    await workspace.until(lambda body: waits(condition(body, "Ready").get("message", "")), "it says why it waits")
    assert (await workspace.novita.calls()).of("delete") == 0
    await workspace.until_gone()
    assert (await workspace.novita.ledger()).live == ()
