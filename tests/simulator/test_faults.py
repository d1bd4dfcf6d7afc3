"""Every fault does to a call what its name says, and never confuses the ledger."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from tests.simulator.tenant import V1, Tenant, an_order, until

# It is sent for certain, however busy the machine is, and then hardly waited for.
_IMPATIENT = httpx.Timeout(5, read=0.04)
_LONG = 3.0  # seconds: a look comes before their end, also on a machine with much else to do


async def _created(tenant: Tenant) -> int:
    count: int = (await tenant.read("ledger", summary="true"))["summary"]["created"]
    return count


async def _nothing_is_late(tenant: Tenant) -> bool:
    return not (await tenant.read("faults"))["lateCommits"]["pending"]


async def _fired(tenant: Tenant) -> int:
    count: int = (await tenant.read("faults"))["fired"]
    return count


async def test_a_lost_reply_was_done(tenant: Tenant) -> None:
    await tenant.fault("lost-reply", route="create", times=1)

    with pytest.raises(httpx.TransportError):
        await tenant.order()

    assert (await _created(tenant), await _fired(tenant)) == (1, 1)
    assert (await tenant.order()).status_code == 200


@pytest.mark.parametrize(
    ("fault", "status", "created"),
    [
        ({"kind": "error-after-commit"}, 500, 1),
        ({"kind": "error-after-commit", "status": 503}, 503, 1),
        ({"kind": "error-before"}, 500, 0),
        ({"kind": "html-502"}, 502, 0),
        ({"kind": "html-502", "commit": True}, 502, 1),
        ({"kind": "status", "status": 409, "reason": "CONFLICT"}, 409, 0),
        ({"kind": "status", "status": 422, "body": {"odd": 1}}, 422, 0),
        ({"kind": "rate-limited"}, 429, 0),
        ({"kind": "unauthorized"}, 401, 0),
        ({"kind": "balance"}, 400, 0),
        ({"kind": "no-stock"}, 400, 0),
        ({"kind": "invalid-state"}, 400, 0),
        ({"kind": "invalid-state", "commit": True}, 400, 1),
        ({"kind": "empty-body"}, 200, 1),
        ({"kind": "empty-body", "commit": False}, 200, 0),
        ({"kind": "no-id"}, 200, 1),
        ({"kind": "redirect", "location": "http://127.0.0.1:9/elsewhere"}, 307, 0),
        ({"kind": "deep-json", "bytes": 1000}, 200, 1),
        ({"kind": "huge-body", "bytes": 100_000}, 200, 1),
        ({"kind": "gzip-bomb", "bytes": 100_000}, 200, 1),
        ({"kind": "trickle", "seconds": 0.01}, 200, 1),
        ({"kind": "delay", "seconds": 0.01}, 200, 1),
    ],
)
async def test_a_fault_answers_so_and_has_or_has_not_been_done(
    tenant: Tenant, fault: dict[str, Any], status: int, created: int
) -> None:
    await tenant.fault(**fault, route="create", times=1)

    reply = await tenant.order()

    assert (reply.status_code, await _created(tenant), await _fired(tenant)) == (status, created, 1)


async def test_a_fault_that_answers_a_refused_call_hides_no_refusal(tenant: Tenant) -> None:
    await tenant.fault("no-id", route="create")

    assert (await tenant.order(gpuNum=0)).json()["reason"] == "VALIDATOR_PARAM"


async def test_a_rate_limit_may_say_when_to_come_back(tenant: Tenant) -> None:
    await tenant.fault("rate-limited", times=1, retryAfter=7)
    await tenant.fault("rate-limited", times=1)

    told, untold = await tenant.get("/products"), await tenant.get("/products")

    assert told.headers["Retry-After"] == "7"
    assert "Retry-After" not in untold.headers


async def test_a_redirect_names_its_place(tenant: Tenant) -> None:
    await tenant.fault("redirect", location="http://127.0.0.1:9/elsewhere", status=302)

    reply = await tenant.get("/products")

    assert (reply.status_code, reply.headers["Location"]) == (302, "http://127.0.0.1:9/elsewhere")


async def test_a_late_commit_is_done_after_the_connection_was_dropped(tenant: Tenant) -> None:
    await tenant.fault("late-commit", times=1, seconds=0.4)
    with pytest.raises(httpx.TransportError):
        await tenant.order()
    at_once = await _created(tenant)

    await until(lambda: _nothing_is_late(tenant))

    assert (at_once, await _created(tenant)) == (0, 1)
    assert (await tenant.read("faults"))["lateCommits"] == {"pending": 0, "committed": 1, "refused": 0}


async def test_a_late_commit_can_be_refused_when_its_time_comes(tenant: Tenant) -> None:
    await tenant.fault("late-commit", times=1, seconds=0.4)
    with pytest.raises(httpx.TransportError):
        await tenant.order()
    await tenant.set(stock=[{"gpus": 0}])

    await until(lambda: _nothing_is_late(tenant))

    assert (await tenant.read("faults"))["lateCommits"]["refused"] == 1
    assert await _created(tenant) == 0


async def test_a_truncated_body_ends_in_the_middle(tenant: Tenant) -> None:
    await tenant.create()
    await tenant.fault("truncated-body", route="list", times=1)

    with pytest.raises(httpx.RemoteProtocolError):
        await tenant.listed()


async def test_a_client_that_hangs_up_during_a_trickle_disturbs_nobody(tenant: Tenant) -> None:
    await tenant.fault("trickle", route="products", seconds=1, times=1)

    with pytest.raises(httpx.TimeoutException):
        await tenant.api.get(f"{V1}/products", timeout=_IMPATIENT)

    assert (await tenant.get("/products")).status_code == 200


async def test_a_call_that_the_client_gave_up_is_carried_out_all_the_same(tenant: Tenant) -> None:
    await tenant.fault("delay", route="create", seconds=_LONG, times=1)

    with pytest.raises(httpx.TimeoutException):
        await tenant.api.post(f"{V1}/gpu/instance/create", json=an_order(), timeout=_IMPATIENT)
    before = await _created(tenant)
    await until(lambda: _created(tenant))

    assert before == 0


async def test_a_delay_may_come_after_it_was_done(tenant: Tenant) -> None:
    await tenant.fault("delay", route="create", seconds=_LONG, after=True)

    waiting = asyncio.create_task(tenant.order())
    await until(lambda: _created(tenant))

    assert not waiting.done()
    assert (await waiting).status_code == 200


async def test_a_gzip_bomb_is_small_on_the_wire(tenant: Tenant) -> None:
    await tenant.fault("gzip-bomb", route="products", bytes=10_000_000)

    async with tenant.api.stream("GET", f"{V1}/products", headers={"Accept-Encoding": "gzip"}) as reply:
        raw = b"".join([part async for part in reply.aiter_raw()])

    assert len(raw) < 20_000
    assert reply.headers["Content-Encoding"] == "gzip"


async def test_the_huge_body_is_larger_than_ten_megabytes_unless_told_otherwise(tenant: Tenant) -> None:
    await tenant.fault("huge-body", route="products")

    reply = await tenant.get("/products")

    assert len(reply.content) > 10_000_000
    assert json.loads(reply.content)["padding"]


async def test_the_deep_body_is_beyond_what_a_recursive_parser_takes(tenant: Tenant) -> None:
    await tenant.fault("deep-json", route="products")

    reply = await tenant.get("/products")

    with pytest.raises(RecursionError):
        reply.json()


async def test_not_found_mode_changes_the_code_only(tenant: Tenant) -> None:
    await tenant.fault("not-found-mode", status=400, times=1)

    first, second = await tenant.act("delete", "0" * 16), await tenant.act("delete", "0" * 16)

    assert (first.status_code, second.status_code) == (400, 404)
    assert first.json()["reason"] == second.json()["reason"] == "RESOURCE_NOT_FOUND"


async def test_invalid_state_may_have_taken_effect(tenant: Tenant) -> None:
    instance_id = await tenant.running()
    await tenant.fault("invalid-state", route="stop", times=1, commit=True)

    reply = await tenant.act("stop", instance_id)

    assert "invalid state change" in reply.json()["message"]
    assert await tenant.status(instance_id) == "toStop"


async def test_down_drops_every_connection_until_it_is_switched_off(tenant: Tenant) -> None:
    await tenant.fault("down")

    for path in ("/products", "/gpu/instances"):
        with pytest.raises(httpx.TransportError):
            await tenant.get(path)
    await tenant.control.delete("/faults")

    assert (await tenant.get("/products")).status_code == 200
