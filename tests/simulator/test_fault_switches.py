"""Which calls a fault hits: routes, matches, counts, chances; and how it is switched off."""

from __future__ import annotations

from typing import Any

import pytest
from tests.simulator.tenant import Tenant

from novita_operator.simulator.call import Call
from novita_operator.simulator.faults.book import FaultBook
from novita_operator.simulator.faults.fault import Fault, Kind


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


def test_chances_repeat_with_the_seed() -> None:
    call = Call("GET", "", "list", {}, {})

    def fired(seed: int) -> list[bool]:
        book = FaultBook(seed)
        book.add(Fault(kind=Kind.DOWN, probability=0.3))
        return [bool(book.fire(call, str)) for _ in range(100)]

    assert fired(7) == fired(7) != fired(8)
    assert 10 < sum(fired(7)) < 60


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
