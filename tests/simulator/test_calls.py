"""The counts and the log of calls, and the limit of the server itself."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from tests.simulator.tenant import V1, Tenant


async def test_lost_replies_leave_a_count_and_no_status(tenant: Tenant) -> None:
    await tenant.fault("lost-reply", route="create", times=1)
    with pytest.raises(httpx.TransportError):
        await tenant.order(name="lost")

    (call,) = (await tenant.read("calls", log="true"))["log"]

    assert (call["route"], call["name"], call["status"], call["outcome"]) == ("create", "lost", None, "dropped")
    assert call["faults"] == ["lost-reply"]


async def test_the_server_may_have_a_limit_of_its_own(tenant: Tenant) -> None:
    await tenant.set(rateLimit={"perMinute": 2, "retryAfter": 1})

    statuses = [(await tenant.get("/clusters")).status_code for _ in range(3)]

    assert statuses == [200, 200, 429]


async def test_calls_are_counted_per_route_and_status_with_the_peak(tenant: Tenant) -> None:
    await tenant.fault("delay", route="products", seconds=0.3)
    await asyncio.gather(*(tenant.get("/products") for _ in range(4)), tenant.get("/nope"))
    await tenant.act("stop", "0" * 16)

    calls = await tenant.read("calls")

    assert calls["counts"] == {"products": 4, "unknown": 1, "stop": 1}
    assert calls["statuses"] == {"200": 4, "404": 2}
    assert calls["routes"][f"GET {V1}/products"] == {
        "route": "products",
        "count": 4,
        "statuses": {"200": 4},
        "peakConcurrent": 4,
    }
    assert "log" not in calls


async def test_the_log_of_calls_is_in_order_and_can_be_cleared(tenant: Tenant) -> None:
    started = (await tenant.control.post("/clock", json={"advance": 0})).json()["real"]
    instance_id = await tenant.create(name="logged")
    await tenant.detail(instance_id)

    log = (await tenant.read("calls", log="true"))["log"]
    ended = (await tenant.control.post("/clock", json={"advance": 0})).json()["real"]
    await tenant.control.post("/reset")

    assert [(call["route"], call["name"], call["status"]) for call in log] == [
        ("create", "logged", 200),
        ("get", "logged", 200),
    ]
    assert log[1]["instanceId"] == instance_id
    rounding = 0.0001
    assert started - rounding <= log[0]["real"] <= log[1]["real"] <= ended + rounding
    assert (await tenant.read("calls", log="true"))["log"] == []
