"""POST /gpu/instance/create: what it takes, what it refuses, and that it is not idempotent (novita-api 2A.1, 1.8)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.simulator.tenant import PRODUCT, Tenant


async def test_a_create_answers_with_an_id_of_sixteen_hexadecimal_digits(tenant: Tenant) -> None:
    reply = await tenant.order()

    assert reply.status_code == 200
    assert re.fullmatch(r"[0-9a-f]{16}", reply.json()["id"])
    assert list(reply.json()) == ["id"]


async def test_the_same_create_twice_rents_twice_under_one_name(tenant: Tenant) -> None:
    first, second = await tenant.create(name="twin"), await tenant.create(name="twin")

    assert first != second
    assert [item["name"] for item in await tenant.listed(name="twin")] == ["twin", "twin"]
    assert (await tenant.read("ledger"))["summary"]["created"] == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("productId", None),
        ("productId", ""),
        ("productId", "no-such-product"),
        ("gpuNum", None),
        ("gpuNum", 0),
        ("gpuNum", 9),
        ("gpuNum", "1"),
        ("rootfsSize", None),
        ("rootfsSize", 6145),
        ("rootfsSize", 2049),  # more than the product has
        ("imageUrl", None),
        ("imageUrl", "i" * 501),
        ("imageAuth", "a" * 10240),
        ("name", "n" * 256),
        ("command", "c" * 2048),
        ("entrypoint", "e" * 2048),
        ("ports", [{"port": 80, "type": "http"}]),  # the array form belongs to edit
        ("ports", "80"),
        ("ports", "80/udp"),
        ("ports", "0/http"),
        ("ports", "65536/tcp"),
        ("ports", "2222/tcp"),
        ("ports", "80/http, 2224/tcp"),
        ("ports", "80/http, 80/tcp"),
        ("ports", ", ".join(f"{port}/tcp" for port in range(5000, 5016))),
        ("envs", [{"key": f"K{number}", "value": ""} for number in range(101)]),
        ("envs", [{"key": "k" * 512, "value": ""}]),
        ("envs", [{"key": "K", "value": "v" * 4096}]),
        ("clusterId", "US-CA-06 (California)"),  # the label is not the id
        ("billingMode", "postpaid"),
        ("month", -1),
        ("kind", "tpu"),
    ],
)
async def test_a_value_outside_of_the_documented_limits_is_refused_by_field(
    tenant: Tenant, field: str, value: Any
) -> None:
    reply = await tenant.order(**{field: value})

    assert reply.status_code == 400
    assert reply.json()["reason"] == "VALIDATOR_PARAM"
    assert field in reply.json()["message"]
    assert (await tenant.read("ledger"))["entries"] == []


async def test_fifteen_ports_are_taken_and_a_tool_counts_as_one(tenant: Tenant) -> None:
    fifteen = ", ".join(f"{port}/tcp" for port in range(5000, 5015))
    jupyter = [{"name": "Jupyter", "port": "8888", "type": "http"}]

    assert (await tenant.order(ports=fifteen)).status_code == 200
    assert (await tenant.order(ports=fifteen, tools=jupyter)).status_code == 400


async def test_a_refusal_never_repeats_the_value(tenant: Tenant) -> None:
    reply = await tenant.order(envs=[{"key": "TOKEN", "value": "hunter2" * 1000}])

    assert "hunter2" not in reply.text


async def test_the_live_omissions_are_forgiven(tenant: Tenant) -> None:
    instance_id = await tenant.create(kind=None, rootfsSize=1, name=None, unheardOf=True)

    detail = await tenant.detail(instance_id)
    assert (detail["kind"], detail["rootfsSize"], detail["name"], detail["billingMode"]) == ("gpu", 10, "", "")


async def test_a_product_without_stock_is_refused_and_nothing_is_rented(tenant: Tenant) -> None:
    reply = await tenant.order(productId="a100.16c120g")

    assert (reply.status_code, reply.json()["reason"]) == (400, "INSUFFICIENT_RESOURCE")
    assert await tenant.listed() == []


async def test_stock_counts_gpus_per_product_cluster_and_mode(tenant: Tenant) -> None:
    await tenant.set(stock=[{"productId": PRODUCT, "clusterId": "us-ca-6", "mode": "spot", "gpus": 3}])

    spot = {"clusterId": "us-ca-6", "billingMode": "spot", "gpuNum": 2}
    first, second = await tenant.order(**spot), await tenant.order(**spot)
    on_demand = await tenant.order(clusterId="us-ca-6", gpuNum=2)

    assert (first.status_code, second.status_code, on_demand.status_code) == (200, 400, 200)


async def test_without_a_cluster_the_first_with_free_gpus_is_taken(tenant: Tenant) -> None:
    await tenant.set(stock=[{"productId": PRODUCT, "clusterId": "cn-hongkong-1", "gpus": 0}])

    instance_id = await tenant.running()

    assert (await tenant.detail(instance_id))["clusterId"] == "as-sgp-2"


async def test_a_product_that_has_no_spot_offer_is_refused_as_spot(tenant: Tenant) -> None:
    reply = await tenant.order(productId="3080.8c30g", billingMode="spot")

    assert reply.json()["reason"] == "UNSUPPORTED_BILLING_MODE"


async def test_an_hour_must_be_payable(tenant: Tenant) -> None:
    await tenant.set(balance="0.34")

    poor = await tenant.order()
    await tenant.set(balance="0.35")
    rich_enough = await tenant.order()

    assert (poor.status_code, poor.json()["reason"]) == (400, "BALANCE_NOT_ENOUGH")
    assert rich_enough.status_code == 200


async def test_quotas_have_their_own_reasons(tenant: Tenant) -> None:
    await tenant.create(gpuNum=2)
    await tenant.set(quota={"instances": 1})
    one_too_many = await tenant.order()
    await tenant.set(quota={"instances": 5, "gpus": 3})
    two_gpus_too_many = await tenant.order(gpuNum=2)

    assert one_too_many.json()["reason"] == "CREATE_INSTANCE_LIMIT"
    assert one_too_many.json()["metadata"] == {"limit": "1"}
    assert two_gpus_too_many.json()["reason"] == "CREATE_GPU_NUM_LIMIT"
