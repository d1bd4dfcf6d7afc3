"""Several operators in one cluster: each works on the accounts of its class, and none writes about the others'."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.cluster.owners import JOBS, SETS, Owners, owners
from tests.conftest import MakeWorkspace, StartOperator
from tests.support import kube, processes, waiting
from tests.support.audit import AuditLog, Write
from tests.support.history import condition
from tests.support.kube import Body
from tests.support.operator_process import OperatorProcess
from tests.support.plane import OPERATOR_USER, Plane
from tests.support.simulator import SimulatedAccount
from tests.support.workspace import Workspace
from tests.webhooks.places import Place

# With a poll a second this is longer than the 20 s in which two operators once made thousands of writes.
_QUIET_POLLS = 22
_REASON = "AccountOfAnotherClass"
# What is written now and then by itself: the cost of an object.
_CALM = {"COST_INTERVAL": "86400000"}


async def until_polled(accounts: Sequence[SimulatedAccount], times: int) -> None:
    """Until every account was listed so often from now on."""
    for each in accounts:
        await each.forget_calls()

    async def polled() -> bool:
        found = [(await each.calls()).of("list") for each in accounts]
        return min(found) >= times

    await waiting.until(polled, f"{times} polls of each account", seconds=120)


def status_writes(audit: AuditLog) -> list[Write]:
    return [write for write in audit.writes(user=OPERATOR_USER) if write.subresource == "status"]


@asynccontextmanager
async def readiness(plane: Plane) -> AsyncIterator[list[tuple[str, str]]]:
    """Name and Ready of every version of every account that is stored meanwhile."""
    _, version = await plane.kube.snapshot(kube.NOVITA_ACCOUNTS, "")
    seen: list[tuple[str, str]] = []

    async def follow() -> None:
        async for change in plane.kube.watch(kube.NOVITA_ACCOUNTS, "", version):
            body = change["object"]
            seen.append((body["metadata"]["name"], condition(body, "Ready").get("status", "")))

    following = asyncio.create_task(follow())
    try:
        yield seen
    finally:
        following.cancel()
        await asyncio.wait([following])


async def until_settled(*workspaces: Workspace) -> None:
    for each in workspaces:
        await each.until_account("Ready", "True")


async def until_told(workspace: Workspace, name: str = "gpu") -> Body:
    return await workspace.until_condition("Ready", "False", _REASON, name)


def is_ready(body: Body) -> bool:
    return bool(condition(body, "Ready").get("status") == "True")


async def test_two_operators_with_namespaces_ids_and_accounts_of_their_own_write_nothing_at_rest(
    make_workspace: MakeWorkspace, start_operator: StartOperator, private_plane: Plane
) -> None:
    one, two = await make_workspace(className="one"), await make_workspace(className="two")
    await start_operator(one, CLASS_NAME="one", CLUSTER_ID="clustera", **_CALM)
    await start_operator(two, CLASS_NAME="two", CLUSTER_ID="clusterb", **_CALM)
    await until_settled(one, two)

    before = private_plane.audit.from_now()
    await until_polled([one.novita, two.novita], _QUIET_POLLS)

    assert status_writes(before) == []


async def test_two_operators_that_watch_everything_share_the_work_by_class_and_then_write_nothing(
    make_workspace: MakeWorkspace, start_operator: StartOperator, private_plane: Plane
) -> None:
    one, two = await make_workspace(), await make_workspace(className="two")
    first = await start_operator(**_CALM)
    second = await start_operator(CLASS_NAME="two", **_CALM)
    async with readiness(private_plane) as seen, made_by(one) as ones, made_by(two) as twos:
        await asyncio.gather(*(fill(workspace, *made) for workspace, made in ((one, ones), (two, twos))))

        before = private_plane.audit.from_now()
        await until_polled([one.novita, two.novita], _QUIET_POLLS)

        # What an account costs changes while its instances run, and only its own operator says so.
        assert [write for write in status_writes(before) if write.resource != "novitaaccounts"] == []
        for each in (one, two):
            story = [ready for name, ready in seen if name == each.account_name]
            assert "True" not in story or "False" not in story[story.index("True") :]
        # Three for the set and the object, one for the job; and each book was kept by one operator.
        assert ((await one.novita.ledger()).created, (await two.novita.ledger()).created) == (4, 4)
        for operator, own, other in ((first, one, two), (second, two, one)):
            assert await accounts_of(operator) == {own.account_name}, other.account_name
            assert await objects_of(operator) == 4


@asynccontextmanager
async def made_by(workspace: Workspace) -> AsyncIterator[tuple[Owners, Owners]]:
    async with owners(workspace, SETS) as sets, owners(workspace, JOBS) as jobs:
        yield sets, jobs


async def fill(workspace: Workspace, sets: Owners, jobs: Owners) -> None:
    """One object of each kind, all Ready or at work."""
    account = {"accountRef": {"name": workspace.account_name}}
    await workspace.create()
    await sets.create("web", replicas=2, createIntervalSeconds=0, template={"spec": account})
    await jobs.create("train", template={"command": "sleep infinity", **account})
    await workspace.until_ready()
    await sets.until("web", is_ready, "is Ready")
    await jobs.until("train", lambda body: body["status"].get("phase") == "Running", "runs")


async def accounts_of(operator: OperatorProcess) -> set[str]:
    """The accounts that an operator has something to say about."""
    lines = [
        line
        for line in (await operator.metrics()).splitlines()
        if line.startswith("novita_account_last_poll_timestamp_seconds{")
    ]
    return {line.split('account="')[1].split('"')[0] for line in lines}


async def objects_of(operator: OperatorProcess) -> int:
    lines = [line for line in (await operator.metrics()).splitlines() if line.startswith("novita_gpuinstances{")]
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in lines)


async def test_objects_that_no_operator_of_their_class_looks_at_are_told_so_once_by_all_the_others(
    make_workspace: MakeWorkspace, start_operator: StartOperator, private_plane: Plane
) -> None:
    workspace = await make_workspace(className="absent")
    before = private_plane.audit.from_now()
    operators = [await start_operator(), await start_operator(CLASS_NAME="other")]
    async with made_by(workspace) as (sets, jobs):
        account = {"accountRef": {"name": workspace.account_name}}
        await workspace.create()
        await sets.create("web", template={"spec": account})
        await jobs.create("train", template={"command": "true", **account})

        told = [await until_told(workspace)]
        told.append(await sets.until("web", told_so, "is told"))
        told.append(await jobs.until("train", told_so, "is told"))
        await workspace.until_event(_REASON)

        for body, field in zip(
            told, ("spec.accountRef", "spec.template.spec.accountRef", "spec.template.accountRef"), strict=True
        ):
            message = condition(body, "Ready")["message"]
            assert message.startswith(f'{field}: NovitaAccount "{workspace.account_name}"')
            assert "CLASS_NAME=absent" in message
            assert condition(body, "Stalled")["status"] == "True"
        await until_looked_again(workspace, operators)
        written = [write for write in status_writes(before) if write.namespace == workspace.namespace]
        taken = [write.resource for write in written if write.status == 200]
        assert sorted(taken) == ["gpuinstances", "gpuinstancesets", "gpujobs"]
        assert (await workspace.reasons()).count(_REASON) == 1
        assert (await workspace.novita.calls()).total == 0

        await start_operator(CLASS_NAME="absent", **_CALM)

        await workspace.until_ready()
        assert (await workspace.novita.ledger()).created >= 1


async def until_looked_again(workspace: Workspace, operators: Sequence[OperatorProcess]) -> None:
    """After an edit that means nothing, every operator looks at the object once more."""
    before = [await passes(each) for each in operators]
    await workspace.annotate(looked="again")

    async def looked() -> bool:
        return all([await passes(each) > count for each, count in zip(operators, before, strict=True)])

    await waiting.until(looked, "every operator has looked again")


async def passes(operator: OperatorProcess) -> float:
    lines = (await operator.metrics()).splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("novita_reconciles_total{"))


def told_so(body: Body) -> bool:
    return bool(condition(body, "Ready").get("reason") == _REASON)


async def test_a_webhook_about_an_object_is_sent_by_the_operator_of_its_class_alone(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    one, two = await make_workspace(), await make_workspace(className="two")
    async with Place() as place:
        settings = {"WEBHOOK_URL": place.url, "WEBHOOK_SECRET": "a-secret-of-operators", **_CALM}
        first = await start_operator(**settings)
        second = await start_operator(CLASS_NAME="two", **settings)
        await asyncio.gather(one.create("one"), two.create("two"))
        await asyncio.gather(one.until_ready("one"), two.until_ready("two"))
        await asyncio.gather(one.delete("one"), two.delete("two"))
        await asyncio.gather(one.until_gone("one"), two.until_gone("two"))

        async def told() -> bool:
            return all("instance.deleted" in place.events(name) for name in ("one", "two"))

        await waiting.until(told, "the ends are told")
        await until_polled([one.novita, two.novita], 3)
        # A slow answer is a reason to tell again; so each operator is asked how often it has.
        told_by = [await webhooks_of(first), await webhooks_of(second)]
        assert told_by == [len(place.events("one")), len(place.events("two"))]


async def webhooks_of(operator: OperatorProcess) -> int:
    """Tries of webhooks."""
    lines = [line for line in (await operator.metrics()).splitlines() if line.startswith("novita_webhooks_total{")]
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in lines)


async def test_an_uninstall_deletes_and_counts_the_objects_of_its_class_alone(
    make_workspace: MakeWorkspace, start_operator: StartOperator, private_plane: Plane
) -> None:
    one, two = await make_workspace(), await make_workspace(className="two")
    await start_operator(**_CALM)
    await start_operator(CLASS_NAME="two", **_CALM)
    await asyncio.gather(one.create("one"), two.create("two"))
    await asyncio.gather(one.until_ready("one"), two.until_ready("two"))

    delete = ["--policy=Delete", "--confirm=delete-all-gpu-instances"]
    # The CRDs are everybody's: with them the objects of all would go, whatever the policy and the watched namespaces.
    for asked in ([*delete, "--crds-go"], ["--crds-go", f"--namespace={two.namespace}-empty"]):
        code, printed = await uninstall_report(private_plane, *asked, "--class-name=two")
        assert (code, f"GPUInstance {one.namespace}/one" in printed) == (1, True), printed
    assert is_ready(await two.get("two"))

    code, printed = await uninstall_report(private_plane, *delete, "--class-name=two")

    assert (code, "1 GPUInstance object(s)" in printed) == (0, True), printed
    assert await private_plane.kube.find(kube.GPU_INSTANCES, "two", two.namespace) is None
    assert is_ready(await one.get("one"))
    # The CRDs are everybody's: with them the objects of all would go.
    code, printed = await uninstall_report(private_plane, "--class-name=two", "--crds-go")
    assert (code, "REFUSED: crds.keep is false" in printed) == (1, True), printed


async def uninstall_report(plane: Plane, *arguments: str) -> tuple[int, str]:
    program = Path(sys.executable).with_name("novita-operator")
    process = await asyncio.create_subprocess_exec(
        str(program),
        "uninstall-report",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        env={**processes.BARE_ENVIRONMENT, "KUBECONFIG": str(plane.kubeconfig)},
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


async def test_an_account_that_changes_its_class_moves_to_the_other_operator_with_what_it_has_rented(
    make_workspace: MakeWorkspace, start_operator: StartOperator, private_plane: Plane
) -> None:
    workspace = await make_workspace()
    old = await start_operator(**_CALM)
    new = await start_operator(CLASS_NAME="new", **_CALM)
    await workspace.create()
    before = (await workspace.until_ready())["status"]["instanceId"]

    await workspace.edit_account(className="new")

    async def moved() -> bool:
        return (await accounts_of(old), await accounts_of(new)) == (set(), {workspace.account_name})

    await waiting.until(moved, "the account has moved")
    await workspace.until_event(_REASON)
    await until_polled([workspace.novita], 3)
    assert (await workspace.until_ready())["status"]["instanceId"] == before
    assert (await workspace.novita.ledger()).created == 1
    await workspace.delete()
    await workspace.until_gone()
    assert [record.deleted for record in (await workspace.novita.ledger()).records] == [True]
    assert await private_plane.kube.find(kube.NOVITA_ACCOUNTS, workspace.account_name) is not None


async def test_the_first_account_of_an_operator_names_its_class_and_is_named_after_it_where_default_is_taken(
    make_workspace: MakeWorkspace, start_operator: StartOperator, private_plane: Plane
) -> None:
    workspace = await make_workspace(account=False)
    for name in ("default", "two"):
        workspace.leaves(kube.NOVITA_ACCOUNTS, name)

    await start_operator(workspace, NOVITA_API_KEY=workspace.novita.key, CLASS_NAME="one")
    await start_operator(workspace, NOVITA_API_KEY=workspace.novita.key, CLASS_NAME="two")
    await start_operator(workspace, NOVITA_API_KEY=workspace.novita.key, CLASS_NAME="two")

    found = await private_plane.kube.list(kube.NOVITA_ACCOUNTS)
    assert {body["metadata"]["name"]: body["spec"]["className"] for body in found} == {"default": "one", "two": "two"}


@pytest.mark.parametrize("restarted", [False, True], ids=["the operator goes on", "the operator is restarted"])
async def test_what_an_account_leaves_behind_that_moves_to_a_class_without_an_operator_is_no_longer_ready(
    make_workspace: MakeWorkspace, start_operator: StartOperator, private_plane: Plane, restarted: bool
) -> None:
    workspace = await make_workspace()
    operator = await start_operator(**_CALM)
    async with made_by(workspace) as (sets, jobs):
        await fill(workspace, sets, jobs)
        if restarted:
            await operator.terminate()
        await workspace.edit_account(className="absent")
        if restarted:
            operator = await start_operator(**_CALM)

        account = await workspace.until_account("Ready", "Unknown")
        body = await workspace.until_condition("Ready", "Unknown", _REASON)
        await sets.until("web", told_so, "is told")
        await jobs.until("train", told_so, "is told")
        before = private_plane.audit.from_now()
        await until_looked_again(workspace, [operator])
        assert status_writes(before) == []
        assert "spec.className" in condition(account, "Ready")["message"]
        assert "CLASS_NAME=absent" in condition(body, "Ready")["message"]
        assert [condition(body, each)["status"] for each in ("Provisioned", "Synced", "Stalled")] == [
            "True", "False", "True",
        ]  # fmt: skip

        await start_operator(CLASS_NAME="absent", **_CALM)

        await workspace.until_account("Ready", "True")
        found = await workspace.until_ready()
        await sets.until("web", is_ready, "is Ready")
        assert found["status"]["instanceId"] == body["status"]["instanceId"]
        assert (await workspace.novita.ledger()).created == 4
