"""A pause in bad company: other accounts, owners, deletions, restarts, absurd wishes and answers of few words."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from tests.cluster.owners import JOBS, SETS, owners
from tests.cluster.refused import LONG, ONE_AT_A_TIME, asked, asked_at_least, is_refused, request, until_all
from tests.conftest import MakeWorkspace, StartOperator
from tests.support import builders, kube
from tests.support.history import History, condition
from tests.support.kube import Body
from tests.support.workspace import Workspace

# A try a second, whatever comes of it.
_STEADY = {"BACKOFF_BASE": "1000", "BACKOFF_MAX": "1000", "LIST_LAG": "100"}
_SAID = "balance not enough"


async def test_an_account_without_balance_pauses_alone(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    poor, rich = await make_workspace(**ONE_AT_A_TIME), await make_workspace(**ONE_AT_A_TIME)
    await start_operator(**LONG)
    await poor.novita.set(balance="0")
    for name in ("one", "two", "three"):
        await poor.create(name)
    await until_all(poor, lambda body: is_refused(body, "InsufficientBalance"))

    for name in ("one", "two", "three"):
        await rich.create(name)

    for name in ("one", "two", "three"):
        await rich.until_ready(name)
    assert (await asked(poor), await asked(rich)) == (1, 3)
    await poor.until_account("CreatesPaused", "True", "InsufficientBalance")
    account = await rich.plane.kube.get(kube.NOVITA_ACCOUNTS, rich.account_name)
    assert condition(account, "CreatesPaused") == {}


@pytest.mark.parametrize(
    ("empty", "full", "reason"),
    [
        ({"balance": "0"}, {"balance": "100000"}, "InsufficientBalance"),
        ({"quota": {"instances": 0}}, {"quota": {"instances": 100}}, "QuotaExceeded"),
    ],
)
async def test_a_set_and_a_job_wait_together_and_go_on(
    make_workspace: MakeWorkspace,
    start_operator: StartOperator,
    empty: dict[str, Any],
    full: dict[str, Any],
    reason: str,
) -> None:
    workspace = await make_workspace(**ONE_AT_A_TIME)
    await start_operator(workspace, **LONG)
    await workspace.novita.set(**empty)
    account = {"accountRef": {"name": workspace.account_name}}
    async with owners(workspace, SETS) as sets, owners(workspace, JOBS) as jobs:
        await sets.create("web", replicas=3, createIntervalSeconds=0, maxConcurrent=3, template={"spec": account})
        await jobs.create("train", template={**account, "command": "python train.py"})
        await workspace.until_novita(lambda: _count(workspace, 4), "all four instances are wished for")
        await until_all(workspace, lambda body: is_refused(body, reason))
        assert await asked(workspace) == 1

        await workspace.novita.set(**full)
        await request(workspace)

        await sets.until_condition("web", "Ready", reason="Ready")
        job = await jobs.until(
            "train", lambda body: (body.get("status") or {}).get("phase") == "Running", "the job runs"
        )
        assert (job["status"]["attempts"], job["status"]["failed"]) == (1, 0)
        assert await asked(workspace) == 1 + 4


@pytest.mark.parametrize("how", ["deleted", "torn out"])
@pytest.mark.parametrize("ends", ["refused", "rented"])
async def test_where_the_one_that_tries_is_deleted_meanwhile_another_tries(
    make_workspace: MakeWorkspace, start_operator: StartOperator, how: str, ends: str
) -> None:
    workspace = await make_workspace(**ONE_AT_A_TIME)
    await start_operator(workspace, **LONG)
    await workspace.novita.set(balance="0")
    names = {"one", "two", "three", "four"}
    for name in names:
        await workspace.create(name)
    await until_all(workspace, lambda body: is_refused(body, "InsufficientBalance"))
    await workspace.novita.fault("delay", route="create", times=1, seconds=3.0)
    await request(workspace)
    await workspace.until_novita(lambda: asked_at_least(workspace, 2), "one of them tries")
    probe = await _last_asked(workspace)
    if ends == "rented":
        await workspace.novita.set(balance="100000")

    await workspace.delete(probe)
    if how == "torn out":
        await _tear_out(workspace, probe)

    await workspace.until_gone(probe)
    if ends == "refused":
        await request(workspace, "again")
        await workspace.until_novita(lambda: asked_at_least(workspace, 3), "another one tries")
        assert await _last_asked(workspace) in names - {probe}
        await workspace.novita.set(balance="100000")
    await until_all(workspace, lambda body: bool(body["status"].get("instanceId")))
    await workspace.until_novita(lambda: _live(workspace, 3), "what was rented for the deleted one is gone")
    assert await asked(workspace) <= 6
    assert (await workspace.novita.ledger()).duplicated == 0


async def test_where_all_that_try_are_deleted_one_after_the_other_the_next_try_comes_all_the_same(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace(**ONE_AT_A_TIME)
    await start_operator(workspace, **_STEADY)
    await workspace.novita.set(balance="0")
    for number in range(5):
        await workspace.create(f"gpu-{number}")

    for gone in range(4):
        await workspace.novita.forget_calls()
        await workspace.until_novita(lambda: asked_at_least(workspace, 1), f"one tries when {gone} have gone")
        await workspace.delete(await _last_asked(workspace))

    (left,) = await _until_left(workspace, 1)
    await workspace.novita.set(balance="100000")
    await workspace.until_ready(left)


@pytest.mark.parametrize("reason", ["BALANCE_NOT_ENOUGH", "CREATE_INSTANCE_LIMIT"])
async def test_what_was_refused_and_made_all_the_same_is_found_long_before_the_next_try(
    make_workspace: MakeWorkspace, start_operator: StartOperator, reason: str
) -> None:
    workspace = await make_workspace(**ONE_AT_A_TIME)
    await start_operator(workspace, **LONG | {"LIST_LAG": "2000", "POLL_INTERVAL": "600000"})
    await workspace.novita.set(listLag={"seconds": 1.5, "alsoGet": True})
    fault = {"status": 400, "reason": reason, "message": "no"}
    await workspace.novita.fault("status", route="create", commit=True, times=1, **fault)

    await workspace.create()

    await workspace.until_ready()
    assert await asked(workspace) == 1


@pytest.mark.parametrize("ending", ["SIGKILL", "SIGTERM"])
async def test_an_operator_that_is_restarted_in_a_pause_tries_once_and_not_once_for_each_object(
    make_workspace: MakeWorkspace, start_operator: StartOperator, ending: str
) -> None:
    workspace = await make_workspace(limits={"requestsPerMinute": 6000, "maxConcurrentCreates": 8})
    operator = await start_operator(workspace, **LONG)
    await workspace.novita.set(balance="0")
    count = 12
    for number in range(count):
        await workspace.create(f"gpu-{number}")
    await until_all(workspace, lambda body: is_refused(body, "InsufficientBalance"))
    await workspace.until_account("CreatesPaused", "True", "InsufficientBalance")
    before, said = await asked(workspace), await _said(workspace)
    await (operator.kill() if ending == "SIGKILL" else operator.terminate())

    await start_operator(workspace, **LONG)

    await until_all(workspace, lambda body: is_refused(body, "InsufficientBalance") and _text(body) not in said)
    assert await asked(workspace) == before + 1
    await workspace.edit_account(limits={"requestsPerMinute": 6000, "maxConcurrentCreates": 7})
    await workspace.until_novita(lambda: asked_at_least(workspace, before + 2), "other limits are worth a try")
    await workspace.novita.set(balance="100000")
    await until_all(workspace, lambda body: bool(body["status"].get("instanceId")))
    assert await asked(workspace) == before + 2 + count
    assert (await workspace.novita.ledger()).created == count


async def test_a_wish_beyond_every_quota_holds_up_no_smaller_one(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace(**ONE_AT_A_TIME)
    await start_operator(**LONG)
    await workspace.novita.set(quota={"gpus": 4})
    other = await _neighbour(workspace)
    for number in range(4):
        await _wish(workspace, other, f"absurd-{number}", gpuCount=8)
    await workspace.until_account("CreatesPaused", "True", "QuotaExceeded", says="8 GPUs or more")

    async with workspace.history() as history:
        for name in ("one", "two", "three"):
            await workspace.create(name)
        for name in ("one", "two", "three"):
            await workspace.until_ready(name)

    assert _ever_refused(history) == set()
    assert await asked(workspace) == 1 + 3


async def test_a_tenant_who_is_refused_what_others_get_soon_pauses_nobody_but_himself(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace(**ONE_AT_A_TIME)
    await start_operator(**_STEADY)
    other = await _neighbour(workspace)
    await workspace.create("before", productName="RTX 3090 24GB")
    lie = {"status": 400, "reason": "CREATE_GPU_NUM_LIMIT", "message": "the account may hold no more GPUs"}
    ready = await workspace.until_ready("before")
    await workspace.novita.fault("status", route="create", match={"productId": _product(ready)}, **lie)
    await _wish(workspace, other, "liar-0", productName="RTX 3090 24GB")
    await workspace.until_account("CreatesPaused", "True", "QuotaExceeded")
    await workspace.create("one")
    await workspace.until_ready("one")
    for number in range(1, 4):
        await _wish(workspace, other, f"liar-{number}", productName="RTX 3090 24GB")
    await workspace.until_account("CreatesPaused", "True", "QuotaExceeded", says=f"for namespace {other}")

    async with workspace.history() as history:
        for name in ("two", "three", "four"):
            await workspace.create(name)
        for name in ("two", "three", "four"):
            await workspace.until_ready(name)

    assert _ever_refused(history) == set()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"message": _SAID}, "InsufficientBalance"),
        ({"error": {"message": "please top up your account"}}, "InsufficientBalance"),
        ({"title": "instance limit reached for this account"}, "QuotaExceeded"),
    ],
)
async def test_a_refusal_of_few_words_pauses_as_well(
    make_workspace: MakeWorkspace, start_operator: StartOperator, body: dict[str, Any], reason: str
) -> None:
    workspace = await make_workspace(**ONE_AT_A_TIME)
    await start_operator(workspace, **LONG)
    await workspace.novita.fault("status", route="create", status=400, body=body)

    for name in ("one", "two", "three"):
        await workspace.create(name)

    await until_all(workspace, lambda body: is_refused(body, reason))
    assert await asked(workspace) == 1
    await workspace.until_account("CreatesPaused", "True", reason)


async def test_disks_that_the_balance_does_not_let_grow_make_one_try(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace(**ONE_AT_A_TIME)
    await start_operator(workspace, **LONG)
    names = ("one", "two", "three")
    for name in names:
        await workspace.create(name, rootfsSizeGB=60)
        await workspace.until_ready(name)
    await workspace.novita.fault("status", route="edit", status=400, body={"message": _SAID})
    for name in names:  # edits have no line: the first must be refused before the others come
        await workspace.edit(name, rootfsSizeGB=80)
        await workspace.until_condition("Ready", "False", "InsufficientBalance", name)
    assert (await workspace.novita.calls()).of("edit") == 1

    await workspace.create("other")

    await workspace.until_ready("other")
    await workspace.novita.end_faults()
    await request(workspace)
    for name in ("two", "three"):
        await workspace.until_ready(name)
    assert (await workspace.novita.calls()).of("edit") == 1 + 2


async def test_where_there_is_room_for_some_they_are_rented_and_the_others_make_one_try(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace(**ONE_AT_A_TIME)
    await start_operator(workspace, **LONG)
    await workspace.novita.set(quota={"instances": 2})
    for number in range(8):
        await workspace.create(f"gpu-{number}")
    await workspace.until_novita(lambda: _settled(workspace, 2, 6), "two are rented, and six wait")
    assert await asked(workspace) == 2 + 1

    await workspace.novita.set(quota={"instances": 5})
    await request(workspace)

    await workspace.until_novita(lambda: _settled(workspace, 5, 3), "five are rented, and three wait")
    assert await asked(workspace) <= 5 + 2
    await workspace.novita.set(quota={"instances": 8})
    await request(workspace, "again")
    await workspace.until_novita(lambda: _settled(workspace, 8, 0), "all are rented")
    assert await asked(workspace) <= 8 + 2


def _product(body: Body) -> Any:
    return body["status"]["product"]["id"]


def _text(body: Body) -> str:
    return str(condition(body, "Provisioned").get("message"))


async def _said(workspace: Workspace) -> set[str]:
    return {_text(body) for body in await workspace.plane.kube.list(kube.GPU_INSTANCES, workspace.namespace)}


async def _neighbour(workspace: Workspace) -> str:
    name = f"{workspace.namespace}-b"
    await workspace.apply(kube.NAMESPACES, builders.namespace(name))
    return name


async def _wish(workspace: Workspace, namespace: str, name: str, **spec: Any) -> None:
    body = builders.gpu_instance(name, namespace, accountRef={"name": workspace.account_name}, **spec)
    await workspace.apply(kube.GPU_INSTANCES, body)


def _ever_refused(history: History) -> set[str]:
    reasons = {"InsufficientBalance", "QuotaExceeded"}
    return {
        body["metadata"]["name"] for body in history.versions if condition(body, "Provisioned").get("reason") in reasons
    }


async def _last_asked(workspace: Workspace) -> str:
    """The object for which the newest create call was made."""
    log = (await workspace.novita.calls()).log
    name = [each["name"] for each in log if each["route"] == "create"][-1]
    found = await workspace.plane.kube.list(kube.GPU_INSTANCES, workspace.namespace)
    return next(body["metadata"]["name"] for body in found if body["status"].get("instanceName") == name)


async def _tear_out(workspace: Workspace, name: str) -> None:
    """Take its finalizers away, as people do who are in a hurry."""
    change = {"metadata": {"finalizers": None}}
    if await workspace.plane.kube.find(kube.GPU_INSTANCES, name, workspace.namespace) is not None:
        await workspace.plane.kube.patch(kube.GPU_INSTANCES, name, change, workspace.namespace)


async def _count(workspace: Workspace, count: int) -> bool:
    return len(await workspace.plane.kube.list(kube.GPU_INSTANCES, workspace.namespace)) == count


async def _until_left(workspace: Workspace, count: int) -> list[str]:
    await workspace.until_novita(lambda: _count(workspace, count), f"{count} are left")
    found = await workspace.plane.kube.list(kube.GPU_INSTANCES, workspace.namespace)
    return [body["metadata"]["name"] for body in found]


async def _live(workspace: Workspace, count: int) -> bool:
    return len((await workspace.novita.ledger()).live) == count


async def _settled(workspace: Workspace, rented: int, waiting: int) -> bool:
    """Whether these many are rented, and these many say that the quota does not let them."""
    found = await workspace.plane.kube.list(kube.GPU_INSTANCES, workspace.namespace)
    states = Counter(
        "rented" if (body.get("status") or {}).get("instanceId") else is_refused(body, "QuotaExceeded")
        for body in found
    )
    return (states["rented"], states[True]) == (rented, waiting)
