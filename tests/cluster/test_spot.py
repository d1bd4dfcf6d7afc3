"""Spot instances: what happens when Novita takes one back."""

from __future__ import annotations

import base64
import time

import pytest
from tests.support import kube
from tests.support.history import condition
from tests.support.workspace import Workspace


async def _password(workspace: Workspace) -> str:
    secret = await workspace.plane.kube.get(kube.SECRETS, "gpu-connection", workspace.namespace)
    return base64.b64decode(secret["data"]["password"]).decode()


async def test_a_reclaimed_spot_instance_is_replaced_under_the_same_object_and_secret(workspace: Workspace) -> None:
    await workspace.create(billing="Spot")
    first = (await workspace.until_ready())["status"]["instanceId"]
    password = await _password(workspace)

    await workspace.novita.force(first, spotStatus="notified", spotReclaimTime=int(time.time()) + 3600)
    body = await workspace.until(lambda body: body["status"].get("instanceId") not in {None, first}, "another instance")
    ready = await workspace.until_ready()

    assert await _password(workspace) != password
    assert ready["status"]["billing"] == "Spot"
    ledger = await workspace.novita.ledger()
    assert [record.id for record in ledger.live] == [body["status"]["instanceId"]]
    assert ledger.created == 2
    await workspace.until_reasons("SpotReclaimed", "Deleted", "Recreated")
    assert condition(ready, "SpotReclaiming") == {}


@pytest.mark.parametrize("spot_status", ["", "running"])
async def test_an_instance_that_ended_with_a_time_of_reclaim_was_taken_back_whatever_its_spot_status_says(
    workspace: Workspace, spot_status: str
) -> None:
    await workspace.create(billing="Spot")
    first = (await workspace.until_ready())["status"]["instanceId"]

    await workspace.novita.force(first, status="exited", spotStatus=spot_status, spotReclaimTime=int(time.time()))
    await workspace.until(lambda body: body["status"].get("instanceId") not in {None, first}, "another instance")
    await workspace.until_ready()

    await workspace.until_reasons("SpotReclaimed")
    assert "Failed" not in await workspace.reasons()
    assert len((await workspace.novita.ledger()).live) == 1


async def test_a_reclaimed_spot_instance_can_fall_back_to_on_demand(workspace: Workspace) -> None:
    await workspace.create(billing="Spot", onSpotReclaim="FallbackOnDemand")
    first = (await workspace.until_ready())["status"]["instanceId"]

    await workspace.novita.force(first, spotStatus="notified", spotReclaimTime=int(time.time()) + 3600)
    await workspace.until(lambda body: body["status"].get("instanceId") not in {None, first}, "another instance")
    ready = await workspace.until_ready()

    assert ready["status"]["billing"] == "OnDemand"
    assert ready["spec"]["billing"] == "Spot"


async def test_a_reclaimed_spot_instance_can_be_left_stopped(workspace: Workspace) -> None:
    await workspace.create(billing="Spot", onSpotReclaim="Stop")
    first = (await workspace.until_ready())["status"]["instanceId"]

    await workspace.novita.force(first, status="exited", spotStatus="terminated", spotReclaimTime=int(time.time()))
    stalled = await workspace.until_condition("Stalled", reason="SpotReclaimed")

    assert stalled["status"]["instanceId"] == first
    assert (await workspace.novita.ledger()).created == 1


async def test_user_stopped_spot_instance_is_never_migrated_and_a_reclaimed_one_is(workspace: Workspace) -> None:
    await workspace.create("stopped", billing="Spot")
    await workspace.create("reclaimed", billing="Spot")
    stopped = (await workspace.until_ready("stopped"))["status"]["instanceId"]
    reclaimed = (await workspace.until_ready("reclaimed"))["status"]["instanceId"]
    await workspace.edit("stopped", powerState="Stopped")
    await workspace.until_condition("Ready", reason="Stopped", name="stopped")

    gone = int(time.time())
    await workspace.novita.force(stopped, spotStatus="terminated", spotReclaimTime=gone)
    await workspace.novita.force(reclaimed, status="exited", spotStatus="terminated", spotReclaimTime=gone)
    await workspace.until(
        lambda body: body["status"].get("instanceId") not in {None, reclaimed}, "another instance", "reclaimed"
    )

    kept = await workspace.until_condition("Ready", reason="Stopped", name="stopped")
    assert kept["status"]["instanceId"] == stopped
    assert (await workspace.novita.ledger()).created == 3


async def test_a_migration_that_novita_does_by_itself_is_awaited(workspace: Workspace) -> None:
    await workspace.create(billing="Spot")
    first = (await workspace.until_ready())["status"]["instanceId"]

    await workspace.novita.force(first, status="migrating", spotStatus="reclaiming", frozen=True)
    await workspace.until_condition("Ready", "False", "Migrating")
    await workspace.novita.force(first, status="running", spotStatus="running", frozen=False)
    ready = await workspace.until_ready()

    assert ready["status"]["instanceId"] == first
    assert (await workspace.novita.ledger()).created == 1
