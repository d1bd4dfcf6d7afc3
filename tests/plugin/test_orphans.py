"""`orphans`: found, kept by adopting them, or given to the operator to delete."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.conftest import MakeWorkspace, StartOperator
from tests.plugin.conftest import Plugin, assert_no_secret_was_printed
from tests.support import kube, waiting
from tests.support.history import condition
from tests.support.plane import OPERATOR_NAMESPACE
from tests.support.workspace import ADOPTION, Workspace

from novita_operator.reconciling import naming

_CLUSTER = "pluginaa"
_OLD_SECONDS = 7200
_QUICK = {"ORPHAN_AGE": "0", "ORPHAN_SIGHTINGS_APART": "400"}


@pytest.fixture
async def alone(make_workspace: MakeWorkspace, start_operator: StartOperator, tmp_path: Path) -> AsyncIterator[Plugin]:
    """A workspace whose operator watches every namespace, knows its cluster, and is quick to find orphans."""
    workspace = await make_workspace()
    await start_operator(CLUSTER_ID=_CLUSTER, **_QUICK)
    await workspace.until_account("Ready", "True")
    made = Plugin(workspace, tmp_path, workspace.plane.kubeconfig)
    yield made
    await assert_no_secret_was_printed(made)


async def _plant(plugin: Plugin, cluster: str = _CLUSTER) -> str:
    name = naming.instance_name(cluster, str(uuid.uuid4()))
    return await plugin.workspace.novita.plant(name=name, ageSeconds=_OLD_SECONDS)


async def _listed(plugin: Plugin, count: int) -> None:
    async def found() -> bool:
        account = await plugin.workspace.plane.kube.get(kube.NOVITA_ACCOUNTS, plugin.workspace.account_name)
        return len(account.get("status", {}).get("orphans", [])) == count

    await waiting.until(found, f"{count} orphans are listed", explain=plugin.workspace.explain)


async def test_orphans_are_listed_with_their_price_and_change_the_exit_code(alone: Plugin) -> None:
    orphan = await _plant(alone)
    await _listed(alone, 1)

    shown = await alone.anywhere("orphans")
    listed = json.loads((await alone.anywhere("orphans", "list", "-o", "json")).out)

    assert shown.code == 1
    assert orphan in shown.out
    assert "1 orphan, " in shown.out
    assert [(each["id"], each["account"]) for each in listed] == [(orphan, alone.workspace.account_name)]


async def test_an_orphan_becomes_an_object_again_by_the_manifest_that_is_printed(alone: Plugin) -> None:
    await alone.workspace.edit_account(tenancy=ADOPTION)
    orphan = await _plant(alone)
    await _listed(alone, 1)

    printed = await alone.anywhere("orphans", "adopt", orphan, "--name", "kept")
    applied = await alone.workspace.kubectl("apply", "-f", "-", stdin=printed.out)
    body = await alone.workspace.until_ready("kept")

    assert (printed.code, applied.code) == (0, 0), printed.err + applied.err
    assert body["status"]["instanceId"] == orphan
    await _listed(alone, 0)
    assert (await alone.workspace.novita.ledger()).created == 0


async def test_an_account_that_only_reports_says_how_it_is_told_to_delete(alone: Plugin) -> None:
    await _plant(alone)
    await _listed(alone, 1)

    refused = await alone.anywhere("orphans", "delete", "--account", alone.workspace.account_name, "--yes")

    assert refused.code == 1
    assert f"kubectl patch nva {alone.workspace.account_name} --type=merge" in refused.err


async def test_what_the_operator_does_not_dare_to_delete_is_deleted_when_it_is_confirmed(alone: Plugin) -> None:
    orphan = await _plant(alone)
    await alone.workspace.edit_account(orphans="Delete")
    await alone.workspace.until_account("OrphanDeletionPaused", "True", "NoObjects")
    await _listed(alone, 1)

    asked = await alone.anywhere("orphans", "delete", "--account", alone.workspace.account_name)
    confirmed = await alone.anywhere("orphans", "delete", "--account", alone.workspace.account_name, "--yes")

    async def gone() -> bool:
        (record,) = (await alone.workspace.novita.ledger()).records
        return record.id == orphan and record.delete_requested

    assert (asked.code, confirmed.code) == (1, 0), confirmed.err
    assert "--yes" in asked.err
    await waiting.until(gone, "the orphan is deleted", explain=alone.workspace.explain)
    account = await alone.workspace.plane.kube.get(kube.NOVITA_ACCOUNTS, alone.workspace.account_name)
    assert condition(account, "Ready")["status"] == "True"


async def _another_cluster_id(workspace: Workspace, start_operator: StartOperator) -> str:
    before = await start_operator(workspace, CLUSTER_ID=_CLUSTER)
    await workspace.create()
    await workspace.until_ready()
    await before.terminate()
    await start_operator(workspace, CLUSTER_ID="pluginbb", **_QUICK)
    return "pluginbb"


async def _no_cluster_id_of_its_own(workspace: Workspace, start_operator: StartOperator) -> str:
    await start_operator(workspace, **_QUICK)
    system = await workspace.plane.kube.get(kube.NAMESPACES, "kube-system")
    return naming.cluster_id(system["metadata"]["uid"])


async def _a_lost_record(workspace: Workspace, start_operator: StartOperator) -> str:
    change = {"metadata": {"annotations": {"gpu.novita.ai/retained-in": f"{_CLUSTER}/{OPERATOR_NAMESPACE}"}}}
    await workspace.plane.kube.patch(kube.NOVITA_ACCOUNTS, workspace.account_name, change)
    await start_operator(workspace, CLUSTER_ID=_CLUSTER, **_QUICK)
    return _CLUSTER


BEYOND = {
    "ClusterIdChanged": _another_cluster_id,
    "IdentityShared": _no_cluster_id_of_its_own,
    "RetainedUnknown": _a_lost_record,
}


@pytest.mark.parametrize("reason", BEYOND)
async def test_what_no_person_can_confirm_is_not_offered_to_be_confirmed(
    reason: str, make_workspace: MakeWorkspace, start_operator: StartOperator, tmp_path: Path
) -> None:
    workspace = await make_workspace(orphans="Delete")
    cluster = await BEYOND[reason](workspace, start_operator)
    plugin = Plugin(workspace, tmp_path, workspace.plane.kubeconfig)
    orphan = await _plant(plugin, cluster)
    paused = await workspace.until_account("OrphanDeletionPaused", "True", reason)
    await _listed(plugin, 1)

    asked = await plugin.anywhere("orphans", "delete", "--account", workspace.account_name)
    refused = await plugin.anywhere("orphans", "delete", "--account", workspace.account_name, "--yes")

    account = await workspace.plane.kube.get(kube.NOVITA_ACCOUNTS, workspace.account_name)
    why = condition(paused, "OrphanDeletionPaused")["message"]
    assert (asked.code, refused.code) == (1, 1)
    for printed in (asked.err, refused.err):
        assert f"this cannot be confirmed: {why}" in " ".join(printed.split())
        assert "--yes" not in printed
    assert "gpu.novita.ai/confirm-orphans" not in account["metadata"].get("annotations", {})
    assert orphan in {record.id for record in (await workspace.novita.ledger()).live}


async def test_without_orphans_that_is_said_and_an_unknown_id_is_refused(alone: Plugin) -> None:
    none = await alone.anywhere("orphans")
    unknown = await alone.anywhere("orphans", "adopt", "0123456789abcdef")

    assert (none.code, unknown.code) == (0, 1)
    assert none.out.startswith("No orphans")
    assert "no account lists an orphan of the id 0123456789abcdef" in unknown.err
