"""Lists that lag, fail in the middle, or are empty for a moment (safety.md: list lag, failing page 2)."""

from __future__ import annotations

import httpx
import pytest
from tests.simulator.tenant import Tenant, until


async def test_list_lag_hides_from_lists_and_not_from_get(tenant: Tenant) -> None:
    await tenant.fault("list-lag", times=1, seconds=0.6)
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
