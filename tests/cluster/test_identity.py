"""Names that change, at Novita or by the operator's settings: seen, said, and never rented for a second time."""

from __future__ import annotations

import pytest
from tests.conftest import MakeWorkspace, StartOperator
from tests.support import kube
from tests.support.history import condition
from tests.support.workspace import Workspace

_LAG = {"LIST_LAG": "1500", "LOSS_DELAY": "1000"}


async def _until_counted(workspace: Workspace, **counts: int) -> None:
    async def counted() -> bool:
        body = await workspace.plane.kube.get(kube.NOVITA_ACCOUNTS, workspace.account_name)
        said = (body.get("status") or {}).get("instances") or {}
        return {name: said.get(name) for name in counts} == counts

    await workspace.until_novita(counted, f"the account counts {counts}")


@pytest.mark.parametrize("how", ["cut", "suffixed", "upper"])
async def test_an_instance_that_novita_shows_under_a_changed_name_is_no_loss(
    make_workspace: MakeWorkspace, start_operator: StartOperator, how: str
) -> None:
    workspace = await make_workspace()
    await start_operator(workspace, **_LAG)
    await workspace.create(restartPolicy={"backoffSeconds": 1})
    instance = (await workspace.until_ready())["status"]["instanceId"]

    await workspace.novita.set(names=how)

    stalled = await workspace.until_condition("Stalled", reason="NameDiffers")
    assert "renders names otherwise" in condition(stalled, "Stalled")["message"]
    await workspace.delete()
    await workspace.until_condition("Stalled", reason="DeletionBlocked")
    assert (await workspace.novita.ledger()).created == 1
    assert [record.id for record in (await workspace.novita.ledger()).live] == [instance]
    await workspace.novita.set(names="as-sent")
    await workspace.until_gone()
    assert (await workspace.novita.ledger()).live == ()


@pytest.mark.parametrize("how", ["cut", "upper"])
async def test_what_a_lost_answer_left_under_a_changed_name_is_not_rented_again(
    make_workspace: MakeWorkspace, start_operator: StartOperator, how: str
) -> None:
    workspace = await make_workspace()
    await workspace.novita.set(names=how)
    await workspace.novita.fault("lost-reply", route="create", times=1)
    await start_operator(workspace, **_LAG)
    await workspace.create()

    stalled = await workspace.until_condition("Stalled", reason="NameDiffers")

    assert "a create call without an answer" in condition(stalled, "Stalled")["message"]
    assert (await workspace.novita.ledger()).created == 1
    await workspace.novita.set(names="as-sent")
    await workspace.until_ready()
    await workspace.delete()
    await workspace.until_gone()
    ledger = await workspace.novita.ledger()
    assert (ledger.created, ledger.live) == (1, ())


@pytest.mark.parametrize("how", ["cut", "suffixed", "upper"])
async def test_an_instance_under_a_changed_name_is_counted_as_ours(
    make_workspace: MakeWorkspace, start_operator: StartOperator, how: str
) -> None:
    workspace = await make_workspace()
    operator = await start_operator(workspace, **_LAG)
    await workspace.novita.plant(name="somebody-elses")
    await workspace.create()
    await workspace.until_ready()
    await operator.terminate()
    await workspace.novita.set(names=how)

    await start_operator(workspace, **_LAG)

    await _until_counted(workspace, managed=1, foreign=1, orphaned=0)
    await workspace.until_condition("Stalled", reason="NameDiffers")
    assert (await workspace.novita.ledger()).created == 1


_OLD, _NEW = "aaaabbbb", "ccccdddd"
_COLLECTOR = {"ORPHAN_AGE": "500", "ORPHAN_SIGHTINGS_APART": "500"}


async def test_a_changed_cluster_id_freezes_what_costs_money_and_ends_go_on(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace(orphans="Delete")
    operator = await start_operator(workspace, CLUSTER_ID=_OLD, **_LAG)
    for name in ("stays", "goes", "stops"):
        await workspace.create(name, restartPolicy={"backoffSeconds": 1})
    before = {name: (await workspace.until_ready(name))["status"] for name in ("stays", "goes", "stops")}
    await operator.terminate()

    await start_operator(workspace, CLUSTER_ID=_NEW, **_LAG, **_COLLECTOR)
    await workspace.create("new")

    said = await workspace.until_account("ClusterIdChanged", "True", says=f"FORMER_CLUSTER_IDS={_OLD}")
    assert f"Set CLUSTER_ID={_OLD} again" in condition(said, "ClusterIdChanged")["message"]
    await workspace.until_condition("Stalled", reason="ClusterIdChanged", name="stays")
    await workspace.until_condition("Scheduled", "False", "ClusterIdChanged", "new")
    await workspace.edit("stops", powerState="Stopped")
    await workspace.until_condition("Ready", reason="Stopped", name="stops")
    await workspace.delete("goes")
    await workspace.until_gone("goes")
    await _until_counted(workspace, managed=2, foreign=0, orphaned=0)
    ledger = await workspace.novita.ledger()
    assert ledger.created == 3
    assert {record.id for record in ledger.live} == {before["stays"]["instanceId"], before["stops"]["instanceId"]}
    assert (await workspace.get("stays"))["status"]["instanceName"] == before["stays"]["instanceName"]


async def test_a_changed_cluster_id_that_is_accepted_keeps_the_instances_and_rents_under_the_new_one(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace(orphans="Delete")
    operator = await start_operator(workspace, CLUSTER_ID=_OLD, **_LAG)
    await workspace.create("old")
    old = (await workspace.until_ready("old"))["status"]
    await operator.terminate()

    await start_operator(workspace, CLUSTER_ID=_NEW, FORMER_CLUSTER_IDS=_OLD, **_LAG, **_COLLECTOR)
    await workspace.create("new")

    new = (await workspace.until_ready("new"))["status"]
    kept = await workspace.until_ready("old")
    assert (kept["status"]["instanceId"], kept["status"]["instanceName"]) == (old["instanceId"], old["instanceName"])
    assert condition(kept, "Stalled") == {}
    assert (_OLD in old["instanceName"], _NEW in new["instanceName"]) == (True, True)
    await workspace.delete("old")
    await workspace.until_gone("old")
    ledger = await workspace.novita.ledger()
    assert (ledger.created, [record.id for record in ledger.live]) == (2, [new["instanceId"]])


async def test_a_create_without_an_answer_is_looked_for_under_the_name_that_it_had(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace()
    await workspace.novita.fault("lost-reply", route="create", times=1)
    operator = await start_operator(workspace, CLUSTER_ID=_OLD)
    await workspace.create()
    await workspace.until_condition("Provisioned", "Unknown")
    await operator.kill()
    change = {"status": None}
    await workspace.plane.kube.patch(kube.GPU_INSTANCES, "gpu", change, workspace.namespace, subresource="status")

    await start_operator(workspace, CLUSTER_ID=_NEW, **_LAG)

    ready = await workspace.until_ready()
    assert _OLD in ready["status"]["instanceName"]
    assert (await workspace.novita.ledger()).created == 1
