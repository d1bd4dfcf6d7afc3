"""What Novita refuses for the whole account, one object at a time tries: not each one for itself."""

from __future__ import annotations

from typing import Any

from tests.cluster.refused import LONG, ONE_AT_A_TIME, asked, asked_at_least, is_refused, request, until_all
from tests.conftest import MakeWorkspace, StartOperator
from tests.support import builders, kube
from tests.support.history import condition
from tests.support.kube import Body

_CROWD = 15
_FULL = "H100 SXM 80GB"  # eight in one region: no try fails for lack of stock


async def test_a_crowd_without_balance_makes_one_try_and_goes_on_when_it_is_topped_up(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace(**ONE_AT_A_TIME)
    await start_operator(workspace, **LONG)
    await workspace.novita.set(balance="0")
    for number in range(_CROWD):
        await workspace.create(f"gpu-{number}")

    await until_all(workspace, lambda body: is_refused(body, "InsufficientBalance"))

    assert await asked(workspace) == 1
    text = condition(await workspace.get("gpu-0"), "Provisioned")["message"]
    assert [word for word in ("Since", "next at", "Top up", "reconcile-requested-at") if word not in text] == []
    await workspace.until_account("CreatesPaused", "True", "InsufficientBalance")
    await request(workspace)
    await workspace.until_novita(lambda: asked_at_least(workspace, 2), "a request on the account tries at once")
    await workspace.annotate("gpu-7", reconcile_requested_at="now")
    await workspace.until_novita(lambda: asked_at_least(workspace, 3), "a request on an object tries at once")
    assert await asked(workspace) == 3

    await workspace.novita.set(balance="100000")

    await until_all(workspace, lambda body: bool(body["status"].get("instanceId")))
    assert await asked(workspace) == 3 + _CROWD
    assert (await workspace.novita.ledger()).created == _CROWD


async def test_a_quota_of_one_product_holds_up_no_other_and_ends_with_a_freed_instance(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace(**ONE_AT_A_TIME)
    await start_operator(workspace, **LONG)
    await workspace.create("before", productName=_FULL)
    running = await workspace.until_ready("before")
    full = {"status": 400, "reason": "CREATE_INSTANCE_LIMIT", "message": "limit reached"}
    await workspace.novita.fault("status", route="create", match={"productId": _product(running)}, **full)
    for name in ("one", "two", "three"):
        await workspace.create(name, productName=_FULL)
    await until_all(workspace, lambda body: is_refused(body, "QuotaExceeded"), ("one", "two", "three"))

    await workspace.create("other")

    await workspace.until_ready("other")
    assert await asked(workspace) == 3  # before, one of the three, other
    assert condition(await workspace.get("two"), "Stalled") == {}
    await workspace.until_account("CreatesPaused", "True", "QuotaExceeded")
    await workspace.novita.end_faults()
    await workspace.delete("before")
    for name in ("one", "two", "three"):
        await workspace.until_ready(name)
    assert await asked(workspace) == 6


async def test_starts_without_balance_make_one_try_and_stops_and_deletes_go_on(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace(**ONE_AT_A_TIME)
    await start_operator(workspace, **LONG)
    names = ("one", "two", "three")
    for name in (*names, "runs"):
        await workspace.create(name)
        await workspace.until_ready(name)
    for name in names:
        await workspace.edit(name, powerState="Stopped")
        await workspace.until_condition("Ready", reason="Stopped", name=name)
    await workspace.novita.fault("balance", route="start")
    for name in names:  # starts have no line: the first must be refused before the others come
        await workspace.edit(name, powerState="Running")
        await workspace.until_condition("Ready", "False", "InsufficientBalance", name)

    await workspace.edit("runs", powerState="Stopped")
    await workspace.delete("three")

    await workspace.until_condition("Ready", reason="Stopped", name="runs")
    await workspace.until_gone("three")
    assert (await workspace.novita.calls()).of("start") == 1
    await workspace.novita.end_faults()
    await request(workspace)
    await workspace.until_ready("one")
    await workspace.until_ready("two")


async def test_an_object_of_another_namespace_has_its_turn_before_the_rest_of_a_crowd(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace(**ONE_AT_A_TIME)
    await start_operator(**LONG)
    other = f"{workspace.namespace}-b"
    await workspace.apply(kube.NAMESPACES, builders.namespace(other))
    await workspace.novita.set(balance="0")
    for number in range(5):
        await workspace.create(f"gpu-{number}")
    await until_all(workspace, lambda body: is_refused(body, "InsufficientBalance"))
    spec = {"accountRef": {"name": workspace.account_name}}
    uid = (await workspace.apply(kube.GPU_INSTANCES, builders.gpu_instance("late", other, **spec)))["metadata"]["uid"]

    async def waits() -> bool:
        return is_refused(await workspace.plane.kube.get(kube.GPU_INSTANCES, "late", other), "InsufficientBalance")

    await workspace.until_novita(waits, "the object of the other namespace waits, too")
    assert await asked(workspace) == 1

    for number in range(2):
        await request(workspace, f"request-{number}")
        await workspace.until_novita(lambda n=number: asked_at_least(workspace, n + 2), "the next one tries")

    body = await workspace.plane.kube.get(kube.GPU_INSTANCES, "late", other)
    assert body["metadata"]["uid"] == uid
    assert "gpu.novita.ai/create-intent" in body["metadata"]["annotations"]


def _product(body: Body) -> Any:
    return body["status"]["product"]["id"]
