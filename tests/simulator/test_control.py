"""Forcing, planting, settings, accounts and keys."""

from __future__ import annotations

from typing import Any

import pytest
from tests.simulator.conftest import TenantOf
from tests.simulator.tenant import LONG, PRODUCT, V1, Tenant


async def test_a_forced_status_goes_its_usual_way_from_there(tenant: Tenant) -> None:
    instance_id = await tenant.running()

    await tenant.force(instance_id, status="toStop")
    await tenant.wait(LONG)

    assert await tenant.status(instance_id) == "exited"
    assert (await tenant.read("ledger"))["summary"]["billing"] == 0


async def test_a_frozen_instance_does_not_move_until_it_is_thawed(tenant: Tenant) -> None:
    instance_id = await tenant.create()
    await tenant.force(instance_id, status="pulling", frozen=True)
    await tenant.wait(LONG)
    frozen = await tenant.status(instance_id)
    await tenant.force(instance_id, frozen=False)
    await tenant.wait(LONG)

    assert (frozen, await tenant.status(instance_id)) == ("pulling", "running")


async def test_a_delete_of_a_frozen_instance_is_accepted_and_never_done(tenant: Tenant) -> None:
    instance_id = await tenant.running()
    await tenant.force(instance_id, frozen=True)

    await tenant.act("delete", instance_id)
    await tenant.wait(86_400)

    assert await tenant.status(instance_id) == "toRemove"
    assert (await tenant.read("ledger"))["summary"]["live"] == 1


async def test_a_word_that_nobody_documents_stands_still_and_leaves_the_bill_alone(tenant: Tenant) -> None:
    instance_id = await tenant.running()

    await tenant.force(instance_id, status="hibernating", statusError={"state": "ODD", "message": "who knows"})
    await tenant.wait(LONG)

    assert (await tenant.detail(instance_id))["statusError"] == {"state": "ODD", "message": "who knows"}
    assert await tenant.status(instance_id) == "hibernating"
    assert (await tenant.read("ledger"))["summary"]["billing"] == 1


async def test_an_instance_can_vanish_and_the_ledger_knows_that_nobody_deleted_it(tenant: Tenant) -> None:
    instance_id = await tenant.running()

    await tenant.force(instance_id, gone=True)

    (record,) = (await tenant.read("ledger"))["instances"]
    assert (await tenant.get("/gpu/instance", instanceId=instance_id)).status_code == 404
    assert (record["live"], record["billing"], record["deleteRequestedAt"]) == (False, False, None)
    assert (await tenant.read("ledger"))["entries"][-1]["event"] == "vanished"


async def test_spot_fields_and_raw_fields_can_be_set(tenant: Tenant) -> None:
    instance_id = await tenant.running()

    await tenant.force(instance_id, spotStatus="notified", spotReclaimTime=1800000000, extra={"name": "\x00 <b>"})

    detail = await tenant.detail(instance_id)
    assert (detail["spotStatus"], detail["spotReclaimTime"]) == ("notified", "1800000000")
    assert detail["name"] == "\x00 <b>"


async def test_forcing_what_is_not_there_says_so(tenant: Tenant) -> None:
    assert (await tenant.control.post("/instances/nope", json={"status": "exited"})).status_code == 404
    assert (await tenant.control.post("/instances/nope", json={"statsu": "exited"})).status_code == 400


async def test_a_planted_instance_is_old_billed_and_not_counted_as_created(tenant: Tenant) -> None:
    planted = (
        await tenant.control.post("/instances", json={"name": "nvo-orphan", "ageSeconds": 7200, "gpuNum": 2})
    ).json()

    (item,) = await tenant.listed(name="nvo-")
    report = await tenant.read("ledger")
    assert (item["id"], item["status"]) == (planted["id"], "running")
    assert report["now"]["at"] - int(item["createdAt"]) == pytest.approx(7200, abs=1)
    assert (report["summary"]["created"], report["summary"]["planted"], report["summary"]["billing"]) == (0, 1, 1)
    assert report["instances"][0]["billedSeconds"] == pytest.approx(7200, abs=1)


async def test_planted_instances_sort_by_age_and_may_choose_their_id(tenant: Tenant) -> None:
    await tenant.create(name="new")
    for name, age in (("older", 500), ("oldest", 1000)):
        planted = {"name": name, "ageSeconds": age, "status": "exited", "id": f"id-{name}"}
        assert (await tenant.control.post("/instances", json=planted)).status_code == 200

    assert [item["name"] for item in await tenant.listed()] == ["new", "older", "oldest"]
    assert (await tenant.detail("id-older"))["status"] == "exited"
    twice = await tenant.control.post("/instances", json={"id": "id-older"})
    assert twice.status_code == 400


async def test_settings_overlay_and_a_misspelt_one_changes_nothing(tenant: Tenant) -> None:
    await tenant.set(delays={"pull": 100}, balance="12.5")
    wrong: list[dict[str, Any]] = [
        {"delays": {"pulll": 1}},
        {"blance": "1"},
        {"stock": [{"productId": "nope", "gpus": 0}]},
        {"acceleration": -1},
    ]

    statuses = [(await tenant.control.post("/settings", json=each)).status_code for each in wrong]

    settings = await tenant.read("settings")
    assert statuses == [400] * 4
    assert (settings["delays"]["pull"], settings["delays"]["create"], settings["balance"]) == (100, 2.5, "12.5")


async def test_settings_show_what_of_the_stock_is_held(tenant: Tenant) -> None:
    await tenant.create(clusterId="us-ca-6", gpuNum=4)
    await tenant.set(stock=[{"productId": PRODUCT, "clusterId": "us-ca-6", "mode": "onDemand", "gpus": 5}])

    shelf = next(
        each
        for each in (await tenant.read("settings"))["stock"]
        if (each["productId"], each["clusterId"], each["mode"]) == (PRODUCT, "us-ca-6", "onDemand")
    )

    assert (shelf["gpus"], shelf["held"], shelf["free"]) == (5, 4, 1)


async def test_virtual_time_runs_as_fast_as_it_is_told(tenant: Tenant) -> None:
    await tenant.set(acceleration=1_000_000)
    instance_id = await tenant.create()

    (await tenant.control.get("/health")).raise_for_status()

    assert await tenant.status(instance_id) == "running"


@pytest.mark.parametrize("wrong", [{"advance": -1}, {"advance": "soon"}, {"advanec": 1}])
async def test_time_does_not_go_back(tenant: Tenant, wrong: dict[str, Any]) -> None:
    assert (await tenant.control.post("/clock", json=wrong)).status_code == 400


async def test_the_control_routes_tell_what_they_do(tenant: Tenant) -> None:
    index = await tenant.read("")

    assert "GET /_simulator/ledger" in index["routes"]
    assert all(index["routes"].values())
    assert "lost-reply" in index["faults"]


async def test_accounts_share_nothing(tenant_of: TenantOf) -> None:
    one, two = tenant_of("sk_one"), tenant_of("sk_two")
    mine = await one.running(name="mine")
    await one.fault("rate-limited", route="list")
    await one.set(balance="0")

    assert (await two.get("/gpu/instance", instanceId=mine)).status_code == 404
    assert (await two.act("delete", mine)).status_code == 404
    assert await two.listed() == []
    assert (await two.order()).status_code == 200
    assert (await two.read("ledger"))["summary"]["created"] == 1
    assert (await one.read("calls"))["counts"] == {"create": 1, "get": 1}


async def test_control_without_a_header_means_the_first_account(tenant_of: TenantOf) -> None:
    first, second = tenant_of("sk_first"), tenant_of("sk_second")
    await first.create(name="of-the-first")
    await second.create(name="of-the-second")
    first.control.headers.pop("X-Simulator-Account")

    assert [each["name"] for each in (await first.read("ledger"))["instances"]] == ["of-the-first"]


async def test_a_second_key_opens_the_same_account_and_a_revoked_one_opens_nothing(tenant: Tenant) -> None:
    await tenant.create(name="same")
    await tenant.control.post("/keys", json={"add": "sk_rotated", "revoke": "sk_tester"})

    old = await tenant.get("/gpu/instances")
    new = await tenant.api.get(f"{V1}/gpu/instances", headers={"Authorization": "Bearer sk_rotated"})

    assert (old.status_code, old.json()["reason"]) == (401, "UNAUTHORIZED")
    assert [item["name"] for item in new.json()["instances"]] == ["same"]
    assert (await tenant.read("ledger"))["summary"]["created"] == 1
    assert (await tenant.read("calls"))["statuses"] == {"200": 2, "401": 1}
