"""Whose an instance is does not depend on what `kubectl replace` leaves of its metadata."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.cluster.owners import JOBS, SETS, Owners, owners, until_garbage_is_collected
from tests.conftest import MakeWorkspace, StartOperator
from tests.support import kube
from tests.support.kube import Body
from tests.support.workspace import Workspace

_SET, _HASH = "gpu.novita.ai/set", "gpu.novita.ai/template-hash"


@pytest.fixture
async def sets(workspace: Workspace) -> AsyncIterator[Owners]:
    async with owners(workspace, SETS) as made:
        yield made


@pytest.fixture
async def jobs(workspace: Workspace) -> AsyncIterator[Owners]:
    async with owners(workspace, JOBS) as made:
        yield made


async def _set_of(sets: Owners, replicas: int, **spec: Any) -> None:
    template = {"spec": {"accountRef": {"name": sets.workspace.account_name}}}
    await sets.create("web", template=template, replicas=replicas, createIntervalSeconds=0, **spec)
    await sets.until_condition("web", "Ready", reason="Ready")


async def _replace(workspace: Workspace, name: str) -> None:
    """`kubectl replace` by a manifest that says nothing of labels and owners."""
    old = await workspace.get(name)
    manifest = {key: old[key] for key in ("apiVersion", "kind", "spec")}
    manifest["metadata"] = {"name": name, "namespace": workspace.namespace}
    await workspace.replace(manifest)


async def _orphaned(sets: Owners) -> None:
    await until_garbage_is_collected(sets.workspace)
    gone = await sets.workspace.kubectl("delete", "gpuset", "web", "--cascade=orphan")
    assert gone.code == 0, gone.err


def _belongs(body: Body, owner: Body) -> bool:
    references = body["metadata"].get("ownerReferences") or []
    controllers = [each["uid"] for each in references if each.get("controller")]
    return controllers == [owner["metadata"]["uid"]]


async def _nothing_more(workspace: Workspace, count: int) -> None:
    ledger = await workspace.novita.ledger()
    assert (ledger.created, len(ledger.live)) == (count, count)


async def test_an_instance_of_a_set_that_was_replaced_still_belongs_to_it(sets: Owners) -> None:
    await _set_of(sets, 2)
    owner, before = await sets.get("web"), await sets.workspace.get("web-1")

    await _replace(sets.workspace, "web-1")

    after = await sets.workspace.until(lambda body: _belongs(body, owner), "it belongs to the set again", "web-1")
    await sets.workspace.until(
        lambda body: body["metadata"].get("labels") == before["metadata"]["labels"], "the labels are back", "web-1"
    )
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    await sets.until_condition("web", "Ready", reason="Ready")
    assert await sets.names() == ["web-0", "web-1"]
    await _nothing_more(sets.workspace, 2)
    await sets.delete("web")
    await sets.until_released()


async def test_an_instance_that_was_replaced_while_no_operator_ran_still_belongs_to_its_set(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace()
    operator = await start_operator(workspace)
    async with owners(workspace, SETS) as sets:
        await _set_of(sets, 3)
        owner = await sets.get("web")
        await sets.edit("web", replicas=2)
        await sets.until_condition("web", "Ready", reason="Ready")
        (_, last) = await sets.names()
        await operator.terminate()
        await _replace(workspace, last)
        created = (await workspace.novita.ledger()).created

        await start_operator(workspace)

        await workspace.until(lambda body: _belongs(body, owner), "it belongs to the set again", last)
        await sets.until_condition("web", "Ready", reason="Ready")
        ledger = await workspace.novita.ledger()
        assert (ledger.created, len(ledger.live)) == (created, 2)
        await sets.delete("web")
        await sets.until_released()


async def test_labels_that_somebody_took_away_come_back(sets: Owners) -> None:
    await _set_of(sets, 1)
    uid = (await sets.workspace.get("web-0"))["metadata"]["uid"]

    change = {"metadata": {"labels": None}}
    await sets.workspace.plane.kube.patch(kube.GPU_INSTANCES, "web-0", change, sets.workspace.namespace)

    def labelled(body: Body) -> bool:
        labels = body["metadata"].get("labels") or {}
        return labels.get(_SET) == "web" and _HASH in labels

    after = await sets.workspace.until(labelled, "the labels are back", "web-0")
    assert after["metadata"]["uid"] == uid


async def test_a_set_that_was_deleted_without_its_instances_takes_them_back_when_it_comes_again(sets: Owners) -> None:
    await _set_of(sets, 2)
    await _orphaned(sets)
    before = {body["metadata"]["uid"] for body in await sets.instances()}

    await _set_of(sets, 2)

    assert {body["metadata"]["uid"] for body in await sets.instances()} == before
    owner = await sets.get("web")
    assert all(_belongs(body, owner) for body in await sets.instances())
    await _nothing_more(sets.workspace, 2)
    await sets.delete("web")
    await sets.until_released()


async def test_instances_of_a_deleted_set_stay_where_nobody_asks_for_it_again(sets: Owners) -> None:
    await _set_of(sets, 2)
    await _orphaned(sets)
    template = {"spec": {"accountRef": {"name": sets.workspace.account_name}}}

    await sets.create("other", template=template, replicas=1, createIntervalSeconds=0)
    await sets.until_condition("other", "Ready", reason="Ready")

    assert await sets.names() == ["other-0", "web-0", "web-1"]
    free = [body for body in await sets.instances() if not body["metadata"].get("ownerReferences")]
    assert [body["metadata"]["name"] for body in free] == ["web-0", "web-1"]
    for name in ("web-0", "web-1"):
        await sets.workspace.delete(name)


async def test_more_orphans_than_a_set_asks_for_are_let_go(sets: Owners) -> None:
    await _set_of(sets, 3)
    await _orphaned(sets)

    await _set_of(sets, 2)

    ledger = await sets.workspace.novita.ledger()
    assert (ledger.created, len(ledger.live)) == (3, 2)


async def test_the_instance_of_another_owner_is_not_taken(sets: Owners) -> None:
    foreign = {"apiVersion": "v1", "kind": "ConfigMap", "name": "mine", "uid": "not-a-real-uid", "controller": True}
    body = sets.workspace.instance_body("mine", powerState="Stopped")
    body["metadata"] |= {"labels": {_SET: "web"}, "ownerReferences": [foreign]}
    owner = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "mine", "namespace": sets.workspace.namespace},
    }
    made = await sets.workspace.apply(kube.Kind("/api/v1", "configmaps"), owner)
    body["metadata"]["ownerReferences"][0]["uid"] = made["metadata"]["uid"]
    await sets.workspace.plane.kube.create(kube.GPU_INSTANCES, body)

    await _set_of(sets, 1)

    assert _belongs(await sets.workspace.get("mine"), made)
    assert await sets.names() == ["mine", "web-0"]


async def test_an_instance_of_a_job_that_was_replaced_still_belongs_to_it(jobs: Owners) -> None:
    template = {"accountRef": {"name": jobs.workspace.account_name}, "command": "python train.py"}
    await jobs.create("train", template=template)
    await jobs.until("train", lambda body: (body.get("status") or {}).get("phase") == "Running", "it runs")
    owner, before = await jobs.get("train"), await jobs.workspace.get("train-1")

    await _replace(jobs.workspace, "train-1")

    await jobs.workspace.until(lambda body: _belongs(body, owner), "it belongs to the job again", "train-1")
    await jobs.workspace.until(
        lambda body: body["metadata"].get("labels") == before["metadata"]["labels"], "the labels are back", "train-1"
    )
    await jobs.workspace.novita.force(before["status"]["instanceId"], status="exited")
    await jobs.until_condition("train", "Complete")
    ledger = await jobs.workspace.novita.ledger()
    assert (ledger.created, ledger.live) == (1, ())
