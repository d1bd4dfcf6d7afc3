"""What Novita can do to identity: hide an instance, show another name, another case of its id, reuse the id."""

from __future__ import annotations

import pytest
from tests.simulator.tenant import LONG, Tenant

_NAME = "nvo-abcdefgh-aaaaaaaaaaaaaaaaaaaaaaaaaa"


async def test_a_hidden_instance_is_neither_listed_nor_found_and_bills_on(tenant: Tenant) -> None:
    instance_id = await tenant.running()

    await tenant.force(instance_id, hiddenSeconds=60)

    assert await tenant.listed() == []
    assert (await tenant.get("/gpu/instance", instanceId=instance_id)).status_code == 404
    assert (await tenant.act("delete", instance_id)).status_code == 404
    assert (await tenant.read("ledger"))["summary"]["billing"] == 1


async def test_a_hidden_instance_can_be_shown_again(tenant: Tenant) -> None:
    instance_id = await tenant.running()
    await tenant.force(instance_id, hiddenSeconds=60)

    await tenant.force(instance_id, hiddenSeconds=0)

    assert [each["id"] for each in await tenant.listed()] == [instance_id]
    assert await tenant.status(instance_id) == "running"


async def test_a_blind_account_shows_nothing_takes_orders_and_bills_on(tenant: Tenant) -> None:
    instance_id = await tenant.running()

    await tenant.set(blind=True)
    await tenant.create()

    assert await tenant.listed() == []
    assert (await tenant.get("/gpu/instance", instanceId=instance_id)).status_code == 404
    assert (await tenant.act("delete", instance_id)).status_code == 404
    assert (await tenant.read("ledger"))["summary"]["live"] == 2


@pytest.mark.parametrize(
    ("how", "shown"),
    [
        pytest.param("cut", _NAME[:24], id="cut"),
        pytest.param("suffixed", f"{_NAME}-1", id="suffixed"),
        pytest.param("upper", _NAME.upper(), id="upper-cased"),
    ],
)
async def test_names_can_be_shown_otherwise_than_they_were_sent(tenant: Tenant, how: str, shown: str) -> None:
    instance_id = await tenant.running(name=_NAME)

    await tenant.set(names=how)

    assert [each["name"] for each in await tenant.listed(name=shown)] == [shown]
    assert (await tenant.detail(instance_id))["name"] == shown
    (record,) = (await tenant.read("ledger"))["instances"]
    assert record["name"] == _NAME


async def test_ids_can_come_back_in_upper_case_and_are_taken_in_any(tenant: Tenant) -> None:
    instance_id = await tenant.running()

    await tenant.set(ids="upper")

    assert [each["id"] for each in await tenant.listed()] == [instance_id.upper()]
    assert (await tenant.detail(instance_id))["id"] == instance_id.upper()
    assert await tenant.status(instance_id.upper()) == "running"


async def test_a_total_can_count_what_was_removed(tenant: Tenant) -> None:
    await tenant.act("delete", await tenant.running())
    await tenant.wait(LONG)
    await tenant.running()

    await tenant.set(totalCounts="ever")

    reply = (await tenant.get("/gpu/instances")).json()
    assert (len(reply["instances"]), reply["total"]) == (1, "2")


async def test_fields_can_be_laid_over_every_instance(tenant: Tenant) -> None:
    await tenant.set(overlay={"clusterName": "x" * 5000})

    instance_id = await tenant.running()

    assert (await tenant.detail(instance_id))["clusterName"] == "x" * 5000
    assert (await tenant.listed())[0]["clusterName"] == "x" * 5000


async def test_the_price_is_told_where_it_is_asked_for(tenant: Tenant) -> None:
    instance_id = await tenant.running()
    untold = "instancePrice" in await tenant.detail(instance_id)

    await tenant.set(tellPrice=True)

    (record,) = (await tenant.read("ledger"))["instances"]
    told = (await tenant.detail(instance_id))["instancePrice"]
    assert (untold, int(told)) == (False, int(float(record["pricePerHour"]) * 100_000))


async def test_an_id_can_be_given_to_another_instance_and_the_ledger_knows_both(tenant: Tenant) -> None:
    instance_id = await tenant.running()
    await tenant.force(instance_id, gone=True)

    await tenant.control.post("/instances", json={"id": instance_id, "name": "somebody-elses"})

    assert (await tenant.detail(instance_id))["name"] == "somebody-elses"
    book = (await tenant.read("ledger"))["instances"]
    assert {(each["id"], each["name"], each["live"]) for each in book} == {
        (instance_id, "trainer", False),
        (instance_id, "somebody-elses", True),
    }
