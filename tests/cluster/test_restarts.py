"""What ended by itself, or vanished, comes back as often as spec.restartPolicy says, and no more often."""

from __future__ import annotations

from tests.support.history import condition
from tests.support.workspace import Workspace

_SOON = {"maxAttempts": 2, "backoffSeconds": 1}


async def test_an_instance_that_vanished_is_rented_again_under_the_same_object(workspace: Workspace) -> None:
    await workspace.create(restartPolicy=_SOON)
    first = (await workspace.until_ready())["status"]["instanceId"]

    await workspace.novita.force(first, gone=True)
    body = await workspace.until(lambda body: body["status"].get("instanceId") not in {None, first}, "another instance")
    await workspace.until_ready()

    ledger = await workspace.novita.ledger()
    assert [record.id for record in ledger.live] == [body["status"]["instanceId"]]
    assert ledger.created == 2
    assert body["status"]["restarts"]["count"] == 1
    await workspace.until_reasons("InstanceLost", "Recreated")


async def test_an_instance_that_ended_by_itself_is_started_again(workspace: Workspace) -> None:
    await workspace.create(restartPolicy=_SOON)
    first = (await workspace.until_ready())["status"]["instanceId"]

    await workspace.novita.force(first, status="exited")
    await workspace.until_event("Failed")
    ready = await workspace.until_ready()

    assert ready["status"]["instanceId"] == first
    assert (await workspace.novita.ledger()).created == 1
    assert (await workspace.novita.calls()).of("start") == 1


async def test_what_ends_again_and_again_is_left_to_a_person(workspace: Workspace) -> None:
    await workspace.create(image="docker.io/library/exits-at-once:1", restartPolicy=_SOON)

    stalled = await workspace.until_condition("Stalled", reason="Failed")

    assert "reconcile-requested-at" in condition(stalled, "Ready")["message"]
    assert stalled["status"]["restarts"]["count"] == 2
    assert (await workspace.novita.calls()).of("start") == 2
    assert (await workspace.novita.ledger()).billing == ()


async def test_without_attempts_a_lost_instance_is_not_rented_again(workspace: Workspace) -> None:
    await workspace.create(restartPolicy={"maxAttempts": 0})
    first = (await workspace.until_ready())["status"]["instanceId"]

    await workspace.novita.force(first, gone=True)
    await workspace.until_condition("Stalled", reason="InstanceLost")
    await workspace.until(lambda body: "finalizers" not in body["metadata"], "nothing is held")

    assert (await workspace.novita.ledger()).created == 1


async def test_a_start_without_capacity_waits_and_keeps_the_disk(workspace: Workspace) -> None:
    await workspace.create()
    first = (await workspace.until_ready())["status"]["instanceId"]
    await workspace.edit(powerState="Stopped")
    await workspace.until_condition("Ready", reason="Stopped")
    await workspace.novita.sold_out()

    await workspace.edit(powerState="Running")
    await workspace.until_condition("Ready", "False", "NoCapacity")
    await workspace.novita.in_stock()
    ready = await workspace.until_ready()

    assert ready["status"]["instanceId"] == first
    assert (await workspace.novita.ledger()).created == 1


async def test_a_start_without_capacity_is_rented_elsewhere_where_the_spec_allows_it(workspace: Workspace) -> None:
    await workspace.create(regions=["CN-HK-01"], startup={"onNoCapacity": "Recreate"})
    old = (await workspace.until_ready())["status"]
    await workspace.edit(powerState="Stopped")
    await workspace.until_condition("Ready", reason="Stopped")
    await workspace.novita.sold_out(region="cn-hongkong-1")

    await workspace.edit(powerState="Running")
    new = (await workspace.until_ready())["status"]

    assert new["instanceId"] != old["instanceId"]
    assert new["region"] != "CN-HK-01"
    assert new["connection"]["secretRef"] == old["connection"]["secretRef"]
    assert [record.id for record in (await workspace.novita.ledger()).live] == [new["instanceId"]]


async def test_what_a_stop_puts_at_risk_is_said_before_it_is_done(workspace: Workspace) -> None:
    await workspace.create()
    await workspace.until_ready()

    await workspace.edit(powerState="Stopped")
    stopped = await workspace.until_condition("Ready", reason="Stopped")

    assert "network volume" in condition(stopped, "DataAtRisk")["message"]
    assert stopped["status"]["dataKeptUntil"] > stopped["status"]["stoppedAt"]
    await workspace.until_reasons("DataAtRisk", "Stopped")
    await workspace.edit(powerState="Running")
    assert condition(await workspace.until_ready(), "DataAtRisk") == {}
