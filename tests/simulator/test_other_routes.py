"""Routes that the operator does not use and other programs do (novita-api 2A.1, 2A.2, 2A.5, 2A.7, 2A.9)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.simulator.tenant import LONG, Tenant

_CLUSTER = "us-ca-6"
_DAY = 86_400


async def _volume(tenant: Tenant, **changes: Any) -> dict[str, Any]:
    body = {"clusterId": _CLUSTER, "storageName": "data", "storageSize": 20, **changes}
    made: dict[str, Any] = (await tenant.post("/networkstorage/create", **body)).json()
    return made


@pytest.mark.parametrize("path", ["/networkstorages/list", "/networkstorages"])
async def test_a_network_volume_is_created_grown_renamed_and_deleted(tenant: Tenant, path: str) -> None:
    made = await _volume(tenant)
    grown = await tenant.post(
        "/networkstorage/update", storageId=made["storageId"], storageName="more", storageSize="30"
    )
    (row,) = (await tenant.get(path)).json()["data"]
    gone = await tenant.post("/networkstorage/delete", storageId=made["storageId"])

    assert (grown.json(), gone.json()) == ({}, {})
    assert (row["storageName"], row["storageSize"], row["clusterId"]) == ("more", 30, _CLUSTER)
    assert (await tenant.get(path)).json()["data"] == []


async def test_a_network_volume_is_told_as_an_id_alone_where_the_dial_says_so(tenant: Tenant) -> None:
    await tenant.set(storageReply="string")

    made: object = await _volume(tenant)

    assert isinstance(made, str)
    assert (await tenant.post("/networkstorage/delete", id=made)).status_code == 200


async def test_a_network_volume_does_not_shrink_is_not_deleted_in_use_and_not_everywhere_to_be_had(
    tenant: Tenant,
) -> None:
    volume = (await _volume(tenant))["storageId"]
    await tenant.create(clusterId=_CLUSTER, networkStorages=[{"Id": volume, "mountPoint": "/data"}])

    smaller = await tenant.post("/networkstorage/update", storageId=volume, storageName="data", storageSize=10)
    used = await tenant.post("/networkstorage/delete", storageId=volume)
    missing = await tenant.post("/networkstorage/delete", storageId="nope")

    assert smaller.json()["reason"] == "VALIDATOR_PARAM"
    assert used.json()["reason"] == "NETWORK_STORAGE_IN_USE"
    assert (missing.status_code, missing.json()["reason"]) == (404, "NETWORK_STORAGE_NOT_FOUND")
    assert (await _volume(tenant, clusterId="oc-au-1"))["reason"] == "CUR_CLUSTER_NETWORK_STORAGE_NOT_SUPPORT"
    assert (await _volume(tenant, storageSize=9))["reason"] == "VALIDATOR_PARAM"


@pytest.mark.parametrize("form", ["object", "array"])
async def test_a_private_network_is_made_used_renamed_and_deleted_when_it_is_empty(tenant: Tenant, form: str) -> None:
    await tenant.set(networkReply=form)
    made = (await tenant.post("/network/create", clusterId=_CLUSTER, name="lab")).json()["network"]
    network_id = (made if isinstance(made, dict) else made[0])["Id"]
    instance_id = await tenant.create(clusterId=_CLUSTER, networkId=network_id)
    await tenant.post("/network/update", networkId=network_id, name="lab-2")
    (row,) = (await tenant.get("/networks")).json()["networks"]
    used = await tenant.post("/network/delete", networkId=network_id)
    await tenant.act("delete", instance_id)
    await tenant.wait(LONG)
    gone = await tenant.post("/network/delete", networkId=network_id)

    assert (row["name"], [each["Id"] for each in row["Addresses"]]) == ("lab-2", [instance_id])
    assert used.json()["reason"] == "NETWORK_IN_USE"
    assert gone.json() == {}
    assert (await tenant.get("/network", networkId=network_id)).json()["reason"] == "NETWORK_NOT_FOUND"


async def test_an_instance_shows_its_address_in_the_network_and_an_unknown_network_is_refused(tenant: Tenant) -> None:
    network_id = (await tenant.post("/network/create", clusterId=_CLUSTER)).json()["network"]["Id"]
    detail = await tenant.detail(await tenant.create(clusterId=_CLUSTER, networkId=network_id))
    (address,) = (await tenant.get("/network", networkId=network_id)).json()["network"]["Addresses"]

    assert detail["network"] == {"id": network_id, "ip": address["Ip"]}
    assert (await tenant.order(networkId="nope")).json()["reason"] == "NETWORK_NOT_FOUND"


async def test_an_image_is_prewarmed_in_its_time_or_fails_with_a_reason(tenant: Tenant) -> None:
    good = (await tenant.post("/image/prewarm", imageUrl="a/b:1", clusterId=_CLUSTER)).json()["id"]
    await tenant.post("/image/prewarm", imageUrl="a/does-not-exist:1", clusterId=_CLUSTER)
    before = {row["imageName"]: row["state"] for row in (await tenant.get("/image/prewarm")).json()["data"]}
    quota = (await tenant.get("/image/prewarm/quota")).json()
    await tenant.wait(LONG)
    after = {row["imageName"]: row for row in (await tenant.get("/image/prewarm")).json()["data"]}
    edited = (await tenant.post("/image/prewarm/edit", id=good, note="kept")).json()
    gone = await tenant.post("/image/prewarm/delete", ids=[good])

    assert before == {"b": "Pending", "does-not-exist": "Pending"}
    assert (quota["total"], quota["limit"]) == (2, 5)
    assert (after["b"]["state"], after["does-not-exist"]["state"]) == ("Succeeded", "Failed")
    assert after["does-not-exist"]["reason"] != []
    assert (edited["note"], gone.json()) == ("kept", {})


async def test_no_more_than_five_images_are_prewarmed_at_a_time(tenant: Tenant) -> None:
    made = [await tenant.post("/image/prewarm", imageUrl=f"a/b:{each}", clusterId=_CLUSTER) for each in range(6)]

    assert [reply.status_code for reply in made] == [200] * 5 + [400]
    assert made[-1].json()["reason"] == "IMAGE_PREWARM_NUM_LIMIT"


async def test_the_image_of_a_stopped_instance_is_saved_by_a_job(tenant: Tenant) -> None:
    instance_id = await tenant.running()
    too_early = await tenant.post("/job/save/image", instanceId=instance_id, image="me/saved:1")
    await tenant.act("stop", instance_id)
    await tenant.wait(LONG)
    job_id = (await tenant.post("/job/save/image", instanceId=instance_id, image="me/saved:1")).json()["jobId"]
    running = (await tenant.get("/jobs", type="saveImage")).json()["jobs"]
    await tenant.wait(LONG)
    (job,) = (await tenant.get("/jobs", jobId=job_id)).json()["jobs"]

    assert "invalid state change" in too_early.json()["message"]
    assert [each["state"]["state"] for each in running] == ["running"]
    assert (job["Id"], job["state"]["state"]) == (job_id, "success")


async def test_a_subscription_is_renewed_and_pay_as_you_go_becomes_one(tenant: Tenant) -> None:
    paid = await tenant.running(month=1)
    usual = await tenant.running()
    refused = await tenant.act("renewInstance", usual, month=1)
    before = int((await tenant.detail(paid))["endTime"])
    renewed = await tenant.act("renewInstance", paid, month=2)
    changed = await tenant.act("transToMonthlyInstance", usual, month=1)
    detail = await tenant.detail(usual)

    assert refused.json()["reason"] == "UNSUPPORTED_BILLING_MODE"
    assert (renewed.json(), changed.json()) == ({}, {})
    assert int((await tenant.detail(paid))["endTime"]) - before == 60 * _DAY
    assert detail["billingMode"] == "monthly"
    assert int(detail["endTime"]) > int(detail["createdAt"])
    assert (await tenant.act("delete", usual)).json()["reason"] == "PREPAID_INSTANCE_NOT_SUPPORT_RELEASE"


async def test_a_subscription_that_is_still_created_is_not_renewed_and_spot_stays_spot(tenant: Tenant) -> None:
    spot = await tenant.running(billingMode="spot")
    new = await tenant.create(month=1)

    early = await tenant.act("renewInstance", new, month=1)

    assert early.json()["reason"] == "CREATING_INSTANCE_NOT_SUPPORT_RENEWAL"
    assert (await tenant.act("transToMonthlyInstance", spot, month=1)).json()["reason"] == "UNSUPPORTED_BILLING_MODE"
    assert (await tenant.post("/gpu/instance/setAutoRenew", instanceIds=[new], autoRenew=True)).json() == {}


async def test_bills_are_told_by_the_month_and_by_subscription(tenant: Tenant) -> None:
    instance_id = await tenant.running(month=1)
    await tenant.wait(2 * 3600)

    monthly = (await tenant.api.get("/openapi/v1/billing/monthly/bill")).json()["data"]
    (bill,) = (await tenant.api.get("/openapi/v1/billing/bill/monthly/list")).json()["bills"]

    assert sum(int(row["totalAmount"]) for row in monthly) >= 2 * 3_500
    assert (bill["ownerID"], bill["tradeType"]) == (instance_id, "monthly_new_buy")


async def test_budgets_of_the_team_are_whole_numbers_and_the_older_page_has_the_same_money(tenant: Tenant) -> None:
    await tenant.set(budgets=[{"email": "a@b.c", "memberId": "m-1", "budgetLimit": 50_000, "used": 20_000}])

    told = (await tenant.api.get("/openapi/v1/user/team/budget-list")).json()
    user = (await tenant.api.get("/v3/user")).json()

    assert (told["member_count"], told["budget_count"]) == (1, 1)
    assert (told["budgets"][0]["remaining"], told["budgets"][0]["cycle"]) == (30_000, "Monthly")
    assert user["credit_balance"] == 100_000 * 10_000


async def test_a_reclaimed_instance_may_show_any_spot_status(tenant: Tenant) -> None:
    await tenant.set(spot={"statusAfter": ""})
    instance_id = await tenant.running(billingMode="spot")
    await tenant.force(instance_id, reclaim=True, noticeSeconds=10)
    await tenant.wait(LONG)

    detail = await tenant.detail(instance_id)

    assert (detail["status"], detail["spotStatus"]) == ("exited", "")
    assert int(detail["spotReclaimTime"]) > 0
