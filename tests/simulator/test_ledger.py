"""The ledger is the judge: it must be right to the second and whatever the replies were."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.simulator.tenant import LONG, UNTIL_RUNNING, Tenant


async def test_billing_starts_with_pulling_and_ends_with_the_stop(tenant: Tenant) -> None:
    instance_id = await tenant.create()
    await tenant.wait(2.9)
    before = await tenant.read("ledger")
    await tenant.wait(UNTIL_RUNNING - 2.9 + 100)
    await tenant.act("stop", instance_id)
    await tenant.wait(LONG)
    (record,) = (await tenant.read("ledger"))["instances"]

    assert before["summary"]["billing"] == 0
    (period,) = record["billed"]
    assert period["from"] - record["createdAt"] == pytest.approx(3.0)  # accept and create
    assert period["to"] - period["from"] == pytest.approx(3.0 + 100 + 1.5)  # pull, run, accept and stop
    assert (record["live"], record["billing"]) == (True, False)


async def test_each_run_is_billed_at_the_price_of_its_mode(tenant: Tenant) -> None:
    on_demand = await tenant.create(gpuNum=2)
    spot = await tenant.create(gpuNum=2, billingMode="spot")

    prices = {each["id"]: each["pricePerHour"] for each in (await tenant.read("ledger"))["instances"]}

    assert prices == {on_demand: "0.7", spot: "0.36"}


async def test_a_delete_ends_the_bill_at_once_and_is_written_when_done(tenant: Tenant) -> None:
    instance_id = await tenant.running()
    await tenant.act("delete", instance_id)
    going = await tenant.read("ledger")
    await tenant.wait(LONG)
    gone = await tenant.read("ledger")

    assert (going["summary"]["live"], going["summary"]["billing"]) == (1, 0)
    assert (gone["summary"]["live"], gone["summary"]["deleted"]) == (0, 1)
    assert [entry["event"] for entry in gone["entries"]] == [
        "created",
        "billingStarted",
        "deleteRequested",
        "billingEnded",
        "deleted",
    ]
    (record,) = gone["instances"]
    assert record["deletedAt"] - record["deleteRequestedAt"] == pytest.approx(1.5)


async def test_the_cost_is_price_times_billed_time(tenant: Tenant) -> None:
    await tenant.running(gpuNum=2)
    await tenant.wait(3600 - 3)  # the pull was billed too

    report = await tenant.read("ledger", summary="true")

    assert Decimal(report["summary"]["cost"]) == pytest.approx(Decimal("0.7"), abs=Decimal("0.0001"))
    assert report["summary"]["pricePerHour"] == "0.7"
    assert "entries" not in report


async def test_a_name_chooses_exactly(tenant: Tenant) -> None:
    await tenant.create(name="one")
    await tenant.create(name="one-more")

    report = await tenant.read("ledger", name="one")

    assert [each["name"] for each in report["instances"]] == ["one"]
    assert {entry["name"] for entry in report["entries"]} == {"one"}
    assert report["summary"]["created"] == 1


async def test_two_of_one_name_alive_at_once_are_named_as_duplicates(tenant: Tenant) -> None:
    first = await tenant.running(name="once")
    await tenant.act("delete", first)
    await tenant.wait(LONG)
    await tenant.running(name="once")
    in_turn = await tenant.read("ledger")
    third = await tenant.create(name="once")
    await tenant.wait(10)
    await tenant.act("delete", third)
    await tenant.wait(LONG)
    at_once = await tenant.read("ledger")

    assert in_turn["duplicates"] == []
    (duplicate,) = at_once["duplicates"]
    assert (duplicate["name"], duplicate["peak"], len(duplicate["ids"])) == ("once", 2, 3)
    assert duplicate["seconds"] == pytest.approx(11.5)  # until it was removed
    assert at_once["summary"]["duplicated"] == 1


async def test_times_are_the_moments_at_which_things_were_due_and_not_looked_at(tenant: Tenant) -> None:
    await tenant.create()
    await tenant.wait(LONG)

    created, started = (await tenant.read("ledger"))["entries"]

    assert started["at"] - created["at"] == pytest.approx(3.0)


async def test_the_balance_falls_by_what_the_ledger_says(tenant: Tenant) -> None:
    await tenant.set(balance="10")
    await tenant.running()
    await tenant.wait(3 * 3600 - 3)

    balance = (await tenant.api.get("/openapi/v1/billing/balance/detail")).json()

    assert balance["availableBalance"] == "89500"  # 8.95 USD in 1/10000
    assert set(balance) == {"availableBalance", "cashBalance", "creditLimit", "outstandingInvoices"}


async def test_bills_are_hourly_rows_of_the_owner(tenant: Tenant) -> None:
    instance_id = await tenant.running(gpuNum=2)
    await tenant.create(name="other")
    await tenant.wait(2 * 3600)

    params = {"cycleType": "Hour", "productCategory": "gpu", "ownerId": instance_id}
    bills = (await tenant.api.get("/openapi/v1/billing/bill/list", params=params)).json()["bills"]
    refused = await tenant.api.get("/openapi/v1/billing/bill/list", params={"cycleType": "Hour"})

    assert {bill["ownerID"] for bill in bills} == {instance_id}
    assert all(int(bill["endTime"]) - int(bill["startTime"]) == 3600 for bill in bills)
    assert 0 < sum(int(bill["billNum0"]) for bill in bills) <= 2 * 2 * 3600
    assert refused.json()["reason"] == "INVALID_PRODUCT_CATEGORY"


async def test_metrics_are_curves_of_the_time_in_which_it_ran(tenant: Tenant) -> None:
    instance_id = await tenant.running(gpuNum=2)
    await tenant.wait(300)
    await tenant.force(instance_id, utilisation=0)

    path = "/openapi/v1/metrics/gpu/instance"
    metrics = (await tenant.api.get(path, params={"instanceId": instance_id})).json()

    assert {point["value"] for point in metrics["gpuUtilization"]["avg"]} == {0.0}
    assert [gpu["gpuId"] for gpu in metrics["gpuUtilization"]["gpuIds"]] == ["0", "1"]
    assert all(point["timestamp"].isdigit() for point in metrics["cpuUtilization"])
