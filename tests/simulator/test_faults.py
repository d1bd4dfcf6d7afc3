"""Every fault does what its name says, fires as often as it says, and never confuses the ledger."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import httpx
import pytest
from tests.simulator.tenant import V1, Tenant, an_order, until

from novita_operator.simulator.faults.book import Kind


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


async def test_lost_replies_leave_a_count_and_no_status(tenant: Tenant) -> None:
    await tenant.fault("lost-reply", route="create", times=1)
    with pytest.raises(httpx.TransportError):
        await tenant.order(name="lost")

    (call,) = (await tenant.read("calls", log="true"))["log"]

    assert (call["route"], call["name"], call["status"], call["outcome"]) == ("create", "lost", None, "dropped")
    assert call["faults"] == ["lost-reply"]


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


async def test_every_kind_has_a_test_here() -> None:
    with open(__file__, encoding="utf-8") as source:  # noqa: ASYNC230, PTH123 - its own source, once
        text = source.read()

    assert [kind for kind in Kind if f'"{kind}"' not in text] == []


async def test_a_fault_that_answers_a_refused_call_hides_no_refusal(tenant: Tenant) -> None:
    await tenant.fault("no-id", route="create")

    assert (await tenant.order(gpuNum=0)).json()["reason"] == "VALIDATOR_PARAM"


async def test_a_rate_limit_may_say_when_to_come_back(tenant: Tenant) -> None:
    await tenant.fault("rate-limited", times=1, retryAfter=7)
    await tenant.fault("rate-limited", times=1)

    told, untold = await tenant.get("/products"), await tenant.get("/products")

    assert told.headers["Retry-After"] == "7"
    assert "Retry-After" not in untold.headers


async def test_the_server_may_have_a_limit_of_its_own(tenant: Tenant) -> None:
    await tenant.set(rateLimit={"perMinute": 2, "retryAfter": 1})

    statuses = [(await tenant.get("/clusters")).status_code for _ in range(3)]

    assert statuses == [200, 200, 429]


async def test_a_redirect_names_its_place(tenant: Tenant) -> None:
    await tenant.fault("redirect", location="http://127.0.0.1:9/elsewhere", status=302)

    reply = await tenant.get("/products")

    assert (reply.status_code, reply.headers["Location"]) == (302, "http://127.0.0.1:9/elsewhere")


async def test_a_late_commit_is_done_after_the_connection_was_dropped(tenant: Tenant) -> None:
    await tenant.fault("late-commit", times=1, seconds=0.1)
    with pytest.raises(httpx.TransportError):
        await tenant.order()
    at_once = await _created(tenant)

    await until(lambda: _nothing_is_late(tenant))

    assert (at_once, await _created(tenant)) == (0, 1)
    assert (await tenant.read("faults"))["lateCommits"] == {"pending": 0, "committed": 1, "refused": 0}


async def test_a_late_commit_can_be_refused_when_its_time_comes(tenant: Tenant) -> None:
    await tenant.fault("late-commit", times=1, seconds=0.05)
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
        await tenant.api.get(f"{V1}/products", timeout=0.04)

    assert (await tenant.get("/products")).status_code == 200


async def test_a_call_that_the_client_gave_up_is_carried_out_all_the_same(tenant: Tenant) -> None:
    await tenant.fault("delay", route="create", seconds=0.2, times=1)

    with pytest.raises(httpx.TimeoutException):
        await tenant.api.post(f"{V1}/gpu/instance/create", json=an_order(), timeout=0.05)
    before = await _created(tenant)
    await until(lambda: _created(tenant))

    assert before == 0


async def test_a_delay_may_come_after_it_was_done(tenant: Tenant) -> None:
    await tenant.fault("delay", route="create", seconds=0.2, after=True)

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


async def test_list_lag_hides_from_lists_and_not_from_get(tenant: Tenant) -> None:
    await tenant.fault("list-lag", times=1, seconds=0.3)
    hidden, shown = await tenant.create(name="hidden"), await tenant.create(name="shown")

    first = await tenant.get("/gpu/instances")
    by_id = await tenant.get("/gpu/instance", instanceId=hidden)
    await until(lambda: tenant.listed(name="hidden"))

    assert [item["id"] for item in first.json()["instances"]] == [shown]
    assert first.json()["total"] == "1"
    assert by_id.status_code == 200


async def test_list_lag_may_hide_from_get_too_and_goes_with_a_lost_reply(tenant: Tenant) -> None:
    await tenant.fault("list-lag", seconds=30, alsoGet=True)
    await tenant.fault("lost-reply", route="create", times=1)
    with pytest.raises(httpx.TransportError):
        await tenant.order()

    (record,) = (await tenant.read("ledger"))["instances"]

    assert await tenant.listed() == []
    assert (await tenant.get("/gpu/instance", instanceId=record["id"])).status_code == 404
    assert record["live"] is True


async def test_one_page_fails_and_the_others_do_not(tenant: Tenant) -> None:
    for _ in range(5):
        await tenant.create()
    await tenant.fault("failing-page", match={"page": 2})

    statuses = [(await tenant.get("/gpu/instances", pageSize=2, pageNum=page)).status_code for page in (0, 1, 2, 3)]

    assert statuses == [200, 200, 500, 200]


async def test_an_empty_list_is_a_flicker(tenant: Tenant) -> None:
    await tenant.create()
    await tenant.fault("empty-list", times=1)

    assert (await tenant.get("/gpu/instances")).json() == {"instances": [], "total": "0"}
    assert len(await tenant.listed()) == 1


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


async def test_faults_match_by_name_prefix_id_and_place(tenant: Tenant) -> None:
    victim, other = await tenant.running(name="victim-1"), await tenant.running(name="other")
    await tenant.fault("status", route="get", status=503, match={"name": "victim-1"})
    await tenant.fault("status", route="stop", status=504, match={"instanceId": other})
    await tenant.fault("status", route="create", status=505, match={"namePrefix": "victim"})
    await tenant.fault("no-stock", route="create", match={"clusterId": "us-ca-6"})

    assert (await tenant.get("/gpu/instance", instanceId=victim)).status_code == 503
    assert (await tenant.get("/gpu/instance", instanceId=other)).status_code == 200
    assert (await tenant.act("stop", other)).status_code == 504
    assert (await tenant.act("stop", victim)).status_code == 200
    assert (await tenant.order(name="victim-2")).status_code == 505
    assert (await tenant.order(clusterId="us-ca-6")).status_code == 400
    assert (await tenant.order()).status_code == 200


async def test_times_and_skip_count_matching_calls(tenant: Tenant) -> None:
    await tenant.fault("error-before", route=["products", "clusters"], skip=1, times=2)

    statuses = [(await tenant.get("/products")).status_code for _ in range(5)]
    (switch,) = (await tenant.read("faults"))["faults"]

    assert statuses == [200, 500, 500, 200, 200]
    assert (switch["seen"], switch["fired"], switch["spent"]) == (3, 2, True)


async def test_chances_repeat_with_the_seed(tenant: Tenant) -> None:
    statuses = []
    for _ in range(2):
        await tenant.fault("error-before", route="products", probability=0.3)
        statuses.append([(await tenant.get("/products")).status_code for _ in range(40)])
        await tenant.control.delete("/faults")

    assert 3 < statuses[0].count(500) < 25
    assert statuses[0] != statuses[1]  # the second switch has a chance of its own


@pytest.mark.parametrize(
    "wrong", [{"kind": "no-such"}, {"kind": "down", "route": "nope"}, {"kind": "down", "oops": 1}, {}]
)
async def test_a_misspelt_fault_is_an_error_and_not_silence(tenant: Tenant, wrong: dict[str, Any]) -> None:
    assert (await tenant.control.post("/faults", json=wrong)).status_code == 400


async def test_one_of_several_faults_can_be_switched_off(tenant: Tenant) -> None:
    reply = await tenant.control.post("/faults", json=[{"kind": "down"}, {"kind": "rate-limited"}])
    first = reply.json()["faults"][0]["id"]

    await tenant.control.delete("/faults", params={"id": first})

    assert (await tenant.get("/products")).status_code == 429


async def test_calls_are_counted_per_route_and_status_with_the_peak(tenant: Tenant) -> None:
    await tenant.fault("delay", route="products", seconds=0.1)
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
    started = time.monotonic()
    instance_id = await tenant.create(name="logged")
    await tenant.detail(instance_id)

    log = (await tenant.read("calls", log="true"))["log"]
    await tenant.control.post("/reset")

    assert [(call["route"], call["name"], call["status"]) for call in log] == [
        ("create", "logged", 200),
        ("get", "logged", 200),
    ]
    assert log[1]["instanceId"] == instance_id
    assert 0 <= log[0]["real"] <= log[1]["real"] < time.monotonic() - started + 60
    assert (await tenant.read("calls", log="true"))["log"] == []
