"""What a person has chosen to leave at Novita is no orphan, whoever restarts and whatever is lost meanwhile."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from tests.conftest import MakeWorkspace, StartOperator
from tests.support import builders, kube, waiting
from tests.support.history import condition
from tests.support.kube import Body
from tests.support.operator_process import OperatorProcess
from tests.support.plane import OPERATOR_NAMESPACE
from tests.support.workspace import ADOPTION, Workspace

_CLUSTER = "retained"
_SETTINGS = {"ORPHAN_AGE": "0", "ORPHAN_SIGHTINGS_APART": "0", "CLUSTER_ID": _CLUSTER}
_MARK = "gpu.novita.ai/retained-in"
_INCOMPLETE = "gpu.novita.ai/incomplete"
_DELAYS = {"create": 0.1, "pull": 0.2, "cachedPull": 0.1, "stop": 0.1, "remove": 0.1}
_NEIGHBOURS = 4  # objects that stay, so that one that goes is no crowd


async def _site(
    make_workspace: MakeWorkspace,
    start_operator: StartOperator,
    settings: Mapping[str, str] = _SETTINGS,
    **account: Any,
) -> tuple[Workspace, OperatorProcess]:
    """An account whose orphans are deleted, and objects that use it and rent nothing."""
    workspace = await make_workspace(orphans="Delete", **account)
    # With Novita's clock ahead of the operator's, what it rents would be too young for an orphan.
    await workspace.novita.set(acceleration=1, delays=_DELAYS)
    workspace.leaves(kube.CONFIG_MAPS, _name(workspace), OPERATOR_NAMESPACE)
    for number in range(_NEIGHBOURS):
        await workspace.create(f"neighbour-{number}", powerState="Stopped")
    return workspace, await start_operator(workspace, **settings)


def _name(workspace: Workspace) -> str:
    return f"novita-retained-{workspace.account_name}"


async def _record(workspace: Workspace) -> Body | None:
    return await workspace.plane.kube.find(kube.CONFIG_MAPS, _name(workspace), OPERATOR_NAMESPACE)


async def _account(workspace: Workspace) -> Body:
    return await workspace.plane.kube.get(kube.NOVITA_ACCOUNTS, workspace.account_name)


async def _orphan(workspace: Workspace) -> str:
    tail = base64.b32encode(uuid.uuid4().bytes).decode().lower().rstrip("=")
    return await workspace.novita.plant(name=f"nvo-{_CLUSTER}-{tail}", ageSeconds=3600)


async def _some_polls(workspace: Workspace) -> None:
    """Time enough for the account to be looked at several times."""
    before = (await workspace.novita.calls()).of("list")

    async def polled() -> bool:
        return (await workspace.novita.calls()).of("list") >= before + 4

    await workspace.until_novita(polled, "the account was polled a few times more")


async def _until_account(workspace: Workspace, fact: Callable[[Body], object], what: str) -> Body:
    async def so() -> Body | None:
        body = await _account(workspace)
        return body if fact(body) else None

    return await waiting.until(so, what, explain=workspace.explain)


async def _until_paused(workspace: Workspace, *, says: str) -> None:
    def paused(body: Body) -> bool:
        told = condition(body, "OrphanDeletionPaused")
        return told.get("reason") == "RetainedUnknown" and says in told["message"]

    await _until_account(workspace, paused, f"the deletion of orphans is paused: {says}")


async def _left(workspace: Workspace, **spec: Any) -> str:
    """The id of an instance whose object goes as it says."""
    await workspace.create(**spec)
    kept = str((await workspace.until_ready())["status"]["instanceId"])
    if "deletionPolicy" not in spec:
        await workspace.annotate(force_finalize=kept)
    await workspace.delete()
    await workspace.until_gone()
    await _until_old(workspace, kept)
    return kept


async def _until_old(workspace: Workspace, instance_id: str) -> None:
    """Only its being left on purpose tells it from an orphan now: its age does not."""

    async def old() -> bool:
        created = {each["id"]: float(each["createdAt"]) for each in await workspace.novita.instances()}
        return created[instance_id] < time.time()

    await workspace.until_novita(old, "the instance is as old as an orphan")


async def _retained(workspace: Workspace, **spec: Any) -> str:
    return await _left(workspace, **{"deletionPolicy": "Retain"} | spec)


WAYS: dict[str, Callable[[Workspace], Awaitable[str]]] = {
    "retained": _retained,
    "stopped": lambda workspace: _retained(workspace, deletionPolicy="Stop"),
    "given-up": _left,
}


@pytest.mark.parametrize("way", WAYS)
async def test_what_was_left_at_novita_is_no_orphan_also_after_a_restart(
    way: str, make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace, operator = await _site(make_workspace, start_operator)
    kept = await WAYS[way](workspace)
    await _orphan(workspace)
    await workspace.until_live(kept)

    await operator.kill()
    await start_operator(workspace, **_SETTINGS)
    await _orphan(workspace)
    await workspace.until_live(kept)

    account = await _until_account(
        workspace, lambda body: body["status"]["instances"].get("retained") == 1, "it is counted as retained"
    )
    assert account["status"].get("orphans", []) == []
    assert account["metadata"]["annotations"][_MARK] == f"{_CLUSTER}/{OPERATOR_NAMESPACE}"


@pytest.mark.parametrize("gone", [False, True], ids=["that-is-there", "that-is-gone"])
async def test_what_was_left_under_another_account_of_the_same_key_is_no_orphan(
    gone: bool, make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace, _ = await _site(make_workspace, start_operator)
    kept = await _retained(workspace)
    await workspace.edit_account_and_wait(orphans="Report")

    await _twin(workspace)
    for number in range(_NEIGHBOURS if gone else 0):
        await workspace.delete(f"neighbour-{number}")
    if gone:
        await workspace.plane.kube.delete(kube.NOVITA_ACCOUNTS, workspace.account_name)
    await _orphan(workspace)

    await workspace.until_live(kept)


async def test_where_the_record_of_an_account_of_the_same_key_is_lost_nothing_is_deleted(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace, _ = await _site(make_workspace, start_operator)
    kept = await _retained(workspace)
    await workspace.edit_account_and_wait(orphans="Report")
    await workspace.plane.kube.delete(kube.CONFIG_MAPS, _name(workspace), OPERATOR_NAMESPACE)

    twin = await _twin(workspace)
    orphan = await _orphan(workspace)

    async def paused() -> bool:
        told = condition(await workspace.plane.kube.get(kube.NOVITA_ACCOUNTS, twin), "OrphanDeletionPaused")
        return told.get("reason") == "RetainedUnknown" and f"{_name(workspace)}, which" in told["message"]

    await waiting.until(paused, "the twin says whose record is lost", explain=workspace.explain)
    assert {each.id for each in (await workspace.novita.ledger()).live} == {kept, orphan}


async def _twin(workspace: Workspace) -> str:
    """Another account with the same key, whose orphans are deleted, and objects that use it."""
    twin = f"{workspace.account_name}-twin"
    spec = (await _account(workspace))["spec"] | {"orphans": "Delete"}
    await workspace.apply(kube.NOVITA_ACCOUNTS, builders.novita_account(twin, **spec))
    for number in range(_NEIGHBOURS):
        await workspace.create(f"twin-{number}", accountRef={"name": twin}, powerState="Stopped")
    return twin


async def test_the_next_leader_knows_what_was_left_under_the_one_before(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    shared = {**_SETTINGS, "LEADER_ELECTION": "true", "LEASE_NAME": f"retained-{uuid.uuid4()}"}
    workspace, leader = await _site(make_workspace, start_operator, shared)
    await start_operator(workspace, **shared)
    kept = await _retained(workspace)

    await leader.terminate()
    await _orphan(workspace)

    await workspace.until_live(kept)


async def test_an_adopted_instance_that_is_retained_is_no_orphan(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    everywhere = {**_SETTINGS, "WATCH_NAMESPACES": ""}  # else the mark could be that of another operator's object
    workspace, _ = await _site(make_workspace, start_operator, everywhere, tenancy=ADOPTION)
    await workspace.edit_account_and_wait(orphans="Report")
    planted = await _orphan(workspace)
    kept = await _retained(workspace, adopt={"instanceId": planted})
    await workspace.edit_account_and_wait(orphans="Delete")

    await _orphan(workspace)

    await workspace.until_live(kept)


async def test_where_the_record_is_lost_nothing_is_deleted_until_a_person_has_put_it_back(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace, operator = await _site(make_workspace, start_operator)
    kept = await _retained(workspace)
    record = await _record(workspace)
    assert record is not None
    await operator.terminate()  # else a pass under way may make it again
    await workspace.plane.kube.delete(kube.CONFIG_MAPS, _name(workspace), OPERATOR_NAMESPACE)
    await start_operator(workspace, **_SETTINGS)

    orphan = await _orphan(workspace)
    await _until_paused(workspace, says=f"create configmap {_name(workspace)}")
    change = {"metadata": {"annotations": {"gpu.novita.ai/confirm-orphans": "2"}}}
    await workspace.plane.kube.patch(kube.NOVITA_ACCOUNTS, workspace.account_name, change)
    await _some_polls(workspace)
    assert await workspace.live() == sorted([kept, orphan])

    at = {"name": _name(workspace), "namespace": OPERATOR_NAMESPACE}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": at, "data": record["data"]}
    await workspace.plane.kube.create(kube.CONFIG_MAPS, body)
    await workspace.until_live(kept)


async def test_a_record_that_is_made_again_after_its_loss_is_not_trusted(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace, operator = await _site(make_workspace, start_operator)
    first = await _retained(workspace)
    await operator.terminate()  # else a pass under way may make it again
    await workspace.plane.kube.delete(kube.CONFIG_MAPS, _name(workspace), OPERATOR_NAMESPACE)
    await start_operator(workspace, **_SETTINGS)

    second = await _retained(workspace)
    await _until_paused(workspace, says=f"{_INCOMPLETE}-")
    assert await workspace.live() == sorted([first, second])

    change = {"metadata": {"annotations": {_INCOMPLETE: None}}}
    await workspace.plane.kube.patch(kube.CONFIG_MAPS, _name(workspace), change, OPERATOR_NAMESPACE)
    await workspace.until_live(second)  # a person has said that nothing is missing


async def _make_refusing(workspace: Workspace) -> None:
    """A record that takes no entry."""
    at = {"name": _name(workspace), "namespace": OPERATOR_NAMESPACE}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": at, "immutable": True}
    await workspace.plane.kube.create(kube.CONFIG_MAPS, body)


async def test_an_object_stays_until_what_it_leaves_is_written_down(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace, _ = await _site(make_workspace, start_operator)
    await _make_refusing(workspace)
    await workspace.create(deletionPolicy="Retain")
    kept = (await workspace.until_ready())["status"]["instanceId"]

    await workspace.delete()
    blocked = await workspace.until_condition("Ready", "False", "DeletionBlocked")
    assert "could not be written down" in condition(blocked, "Ready")["message"]
    assert "gpu.novita.ai/instance" in blocked["metadata"]["finalizers"]

    await workspace.plane.kube.delete(kube.CONFIG_MAPS, _name(workspace), OPERATOR_NAMESPACE)
    await workspace.until_gone()
    await _until_old(workspace, kept)
    await _orphan(workspace)
    await workspace.until_live(kept)


async def _left_by_nobody(workspace: Workspace, operator: OperatorProcess) -> str:
    """The id of an instance whose object lost its finalizer and went, before the operator could write that down."""
    await workspace.create(deletionPolicy="Retain")
    kept = str((await workspace.until_ready())["status"]["instanceId"])
    operator.freeze()
    await workspace.replace(workspace.instance_body(deletionPolicy="Retain"))
    await workspace.delete()
    assert await workspace.plane.kube.find(kube.GPU_INSTANCES, "gpu", workspace.namespace) is None
    operator.thaw()
    await _until_old(workspace, kept)
    return kept


async def test_what_nobody_could_hold_stays_as_its_object_asked(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace, operator = await _site(make_workspace, start_operator)
    kept = await _left_by_nobody(workspace, operator)

    await _orphan(workspace)

    await workspace.until_live(kept)


async def test_nothing_is_deleted_while_what_nobody_held_cannot_be_written_down(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace, operator = await _site(make_workspace, start_operator)
    await _make_refusing(workspace)
    kept = await _left_by_nobody(workspace, operator)

    orphan = await _orphan(workspace)
    await _until_paused(workspace, says="could not be written down")
    assert await workspace.live() == sorted([kept, orphan])

    await workspace.plane.kube.delete(kube.CONFIG_MAPS, _name(workspace), OPERATOR_NAMESPACE)
    await workspace.until_live(kept)


async def test_the_entry_goes_when_the_instance_is_gone_at_novita(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace, _ = await _site(make_workspace, start_operator)
    kept = await _retained(workspace)
    other = await _retained(workspace)

    await workspace.novita.force(kept, gone=True)

    async def forgotten() -> bool:
        record = await _record(workspace)
        return record is not None and [kept in text for text in record["data"].values()] == [False]

    await waiting.until(forgotten, "the entry of the instance that is gone is dropped", explain=workspace.explain)
    await _orphan(workspace)
    await workspace.until_live(other)
