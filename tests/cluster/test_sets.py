"""A set as its user sees it: so many instances, a few at a time, and what becomes of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from tests.cluster.owners import SETS, Owners, owners
from tests.support import kube, waiting
from tests.support.history import condition
from tests.support.kube import Body
from tests.support.workspace import Workspace

_HASH = "gpu.novita.ai/template-hash"
_ADMISSION = "/apis/admissionregistration.k8s.io/v1"
_ENDS = ("ies", "ybindings")


@pytest.fixture
async def sets(workspace: Workspace) -> AsyncIterator[Owners]:
    async with owners(workspace, SETS) as made:
        yield made


def template(workspace: Workspace, **spec: Any) -> dict[str, Any]:
    return {"spec": {"accountRef": {"name": workspace.account_name}, **spec}}


async def make(sets: Owners, replicas: int, *, instance: dict[str, Any] | None = None, **spec: Any) -> None:
    """A set `web` without a pause between its instances, unless the test speaks of it."""
    wanted = {"replicas": replicas, "createIntervalSeconds": 0, **spec}
    await sets.create("web", template=template(sets.workspace, **(instance or {})), **wanted)


async def instance_id(workspace: Workspace, name: str) -> str:
    return str((await workspace.get(name))["status"]["instanceId"])


def most_on_their_way(versions: Sequence[Body]) -> int:
    """The most GPUInstances that at any moment existed and were not Ready yet."""
    pending: dict[str, bool] = {}
    most = 0
    for body in versions:
        pending[body["metadata"]["name"]] = condition(body, "Ready").get("status") != "True"
        most = max(most, sum(pending.values()))
    return most


def fewest_ready(versions: Sequence[Body], before: Sequence[Body]) -> int:
    """The fewest Ready GPUInstances that there were at any moment."""
    ready = {body["metadata"]["uid"]: True for body in before}
    fewest = len(ready)
    for body in versions:
        going = "deletionTimestamp" in body["metadata"]
        ready[body["metadata"]["uid"]] = not going and condition(body, "Ready").get("status") == "True"
        fewest = min(fewest, sum(ready.values()))
    return fewest


async def test_a_set_of_three_becomes_ready_with_one_instance_each(sets: Owners) -> None:
    await make(sets, 3)

    body = await sets.until_condition("web", "Ready", reason="Ready")

    ledger = await sets.workspace.novita.ledger()
    assert (ledger.created, len(ledger.live), ledger.duplicated) == (3, 3, 0)
    assert await sets.names() == ["web-0", "web-1", "web-2"]
    status = body["status"]
    assert (status["replicas"], status["readyReplicas"], status["updatedReplicas"]) == (3, 3, 3)
    assert status["failedReplicas"] == 0
    assert status["pricePerHour"] == "1.05"
    assert {each["type"] for each in status["conditions"]} == {"Ready"}


async def test_no_more_than_so_many_are_on_their_way_at_a_time(sets: Owners) -> None:
    async with sets.workspace.history() as history:
        await make(sets, 5, maxConcurrent=2)
        await sets.until_condition("web", "Ready", reason="Ready")

    assert most_on_their_way(history.versions) == 2


async def test_instances_are_made_one_after_the_other_with_a_pause_between(sets: Owners) -> None:
    await make(sets, 3, createIntervalSeconds=1)

    await sets.until_condition("web", "Ready", reason="Ready")

    moments = [body["metadata"]["creationTimestamp"] for body in await sets.instances()]
    assert moments == sorted(set(moments))


async def test_kubectl_scales_a_set_up_and_down(sets: Owners) -> None:
    await make(sets, 2)
    await sets.until_condition("web", "Ready", reason="Ready")

    up = await sets.workspace.kubectl("scale", "gpuset/web", "--replicas=5")
    await sets.until_condition("web", "Ready", reason="Ready")
    after_up = await sets.workspace.novita.ledger()
    down = await sets.workspace.kubectl("scale", "gpuset/web", "--replicas=1")
    await sets.until_condition("web", "Ready", reason="Ready")

    after_down = await sets.workspace.novita.ledger()
    assert (up.code, down.code) == (0, 0), up.err + down.err
    assert (len(after_up.live), after_up.created) == (5, 5)
    assert (len(after_down.live), after_down.created) == (1, 5)
    assert await sets.names() == ["web-0"]


async def test_the_scale_subresource_tells_autoscalers_how_many_there_are_and_which(sets: Owners) -> None:
    await make(sets, 2)
    await sets.until_condition("web", "Ready", reason="Ready")

    scale = await sets.workspace.plane.kube.get(SETS, "web/scale", sets.workspace.namespace)
    listed = await sets.workspace.kubectl("get", "gpui", "-l", scale["status"]["selector"], "-o", "name")

    assert (scale["spec"]["replicas"], scale["status"]["replicas"]) == (2, 2)
    assert sorted(listed.out.split()) == ["gpuinstance.gpu.novita.ai/web-0", "gpuinstance.gpu.novita.ai/web-1"]


async def test_kubectl_shows_a_set_in_one_line(sets: Owners) -> None:
    await make(sets, 1)
    await sets.until_condition("web", "Ready", reason="Ready")

    printed = await sets.workspace.kubectl("get", "gpuset")

    titles, line = (each.split() for each in printed.out.strip().splitlines())
    assert titles == ["NAME", "DESIRED", "CURRENT", "READY", "UPDATED", "FAILED", "$/H", "AGE"]
    assert line[:-1] == ["web", "1", "1", "1", "1", "0", "0.35"]


async def test_one_without_stock_does_not_hold_up_the_others_and_comes_once_there_is_stock(sets: Owners) -> None:
    await sets.workspace.novita.set(stock=[{"mode": "onDemand", "gpus": 0}])
    await sets.workspace.novita.set(
        stock=[{"productId": "4090.16c62g", "clusterId": "cn-hongkong-1", "mode": "onDemand", "gpus": 2}]
    )
    only_here = {"regions": ["CN-HK-01"], "regionPolicy": "Require"}
    await make(sets, 3, maxConcurrent=1, instance=only_here)

    short = await sets.until(
        "web",
        lambda body: bool((body.get("status") or {}).get("failures")) and body["status"]["readyReplicas"] == 2,
        "2",
    )
    await sets.workspace.novita.in_stock()
    whole = await sets.until_condition("web", "Ready", reason="Ready")

    (failure,) = short["status"]["failures"]
    assert failure["reason"] == "NoCapacity"
    assert condition(short, "Stalled") == {}
    assert "failures" not in whole["status"] or whole["status"]["failures"] == []


async def test_one_that_fails_for_good_stalls_the_set_and_is_made_anew_once_it_is_deleted(sets: Owners) -> None:
    workspace = sets.workspace
    await make(sets, 3, instance={"restartPolicy": {"maxAttempts": 0}})
    await sets.until_condition("web", "Ready", reason="Ready")

    broken = {"state": "NODE_STATUS", "message": "the node is broken"}
    await workspace.novita.force(await instance_id(workspace, "web-1"), status="exited", statusError=broken)
    stalled = await sets.until_condition("web", "Stalled", reason="ReplicasFailed")
    await workspace.delete("web-1")
    await sets.until_condition("web", "Ready", reason="Ready")

    (failure,) = stalled["status"]["failures"]
    assert (failure["name"], failure["reason"]) == ("web-1", "Failed")
    assert "the node is broken" in failure["message"]
    assert stalled["status"]["readyReplicas"] == 2
    assert (await workspace.novita.ledger()).created == 4


async def test_on_delete_keeps_old_instances_until_somebody_deletes_them(sets: Owners) -> None:
    await make(sets, 2)
    before = await sets.until_condition("web", "Ready", reason="Ready")

    await sets.edit("web", template={"spec": {"gpuCount": 2}})
    kept = await sets.until_condition("web", "Ready", reason="Ready")
    await sets.workspace.delete("web-0")
    await sets.until(
        "web",
        lambda body: (body["status"]["readyReplicas"], body["status"]["updatedReplicas"]) == (2, 1),
        "one is renewed",
    )

    counts = {body["metadata"]["name"]: body["spec"]["gpuCount"] for body in await sets.instances()}
    assert kept["status"]["updatedReplicas"] == 0
    assert kept["status"]["templateHash"] != before["status"]["templateHash"]
    assert counts == {"web-0": 2, "web-1": 1}


async def test_recreate_replaces_every_instance_one_at_a_time(sets: Owners) -> None:
    await make(sets, 3, updateStrategy={"type": "Recreate", "maxUnavailable": 1})
    await sets.until_condition("web", "Ready", reason="Ready")
    before = await sets.instances()

    async with sets.workspace.history() as history:
        await sets.edit("web", template={"spec": {"gpuCount": 2}})
        body = await sets.until_condition("web", "Ready", reason="Ready")

    after = await sets.instances()
    ledger = await sets.workspace.novita.ledger()
    assert {each["metadata"]["labels"][_HASH] for each in after} == {body["status"]["templateHash"]}
    assert {each["metadata"]["uid"] for each in before}.isdisjoint(each["metadata"]["uid"] for each in after)
    assert (ledger.created, len(ledger.live)) == (6, 3)
    assert fewest_ready(history.versions, before) == 2


async def test_a_template_that_does_not_work_stops_the_roll_after_the_first_instance(sets: Owners) -> None:
    await make(sets, 3, updateStrategy={"type": "Recreate", "maxUnavailable": 1})
    await sets.until_condition("web", "Ready", reason="Ready")

    await sets.edit("web", template={"spec": {"productName": "No Such GPU"}})
    stalled = await sets.until_condition("web", "Stalled", reason="ReplicasFailed")

    ledger = await sets.workspace.novita.ledger()
    assert (stalled["status"]["readyReplicas"], stalled["status"]["updatedReplicas"]) == (2, 1)
    assert stalled["status"]["failures"][0]["reason"] == "ProductNotFound"
    assert len(ledger.live) == 2


async def test_an_edited_template_that_works_mends_a_roll_that_stopped(sets: Owners) -> None:
    await make(sets, 2, updateStrategy={"type": "Recreate"}, instance={"productName": "No Such GPU"})
    await sets.until_condition("web", "Stalled", reason="ReplicasFailed")

    await sets.edit("web", template={"spec": {"productName": "RTX 4090 24GB"}})

    await sets.until_condition("web", "Ready", reason="Ready")
    assert (await sets.workspace.novita.ledger()).created == 2


async def test_deleting_a_set_leaves_nothing_that_costs_money(sets: Owners) -> None:
    await make(sets, 3)
    await sets.until_condition("web", "Ready", reason="Ready")

    printed = await sets.workspace.kubectl("delete", "gpuset/web")

    assert printed.code == 0, printed.err
    await sets.until_released()


async def test_a_deletion_in_the_foreground_returns_when_everything_is_gone(sets: Owners) -> None:
    await make(sets, 2)
    await sets.until_condition("web", "Ready", reason="Ready")

    printed = await sets.workspace.kubectl("delete", "gpuset/web", "--cascade=foreground")

    assert printed.code == 0, printed.err
    assert (await sets.workspace.novita.ledger()).live == ()


async def test_a_set_that_is_deleted_while_it_grows_leaves_nothing_behind(sets: Owners) -> None:
    await make(sets, 9, maxConcurrent=2)
    await sets.until("web", lambda body: (body.get("status") or {}).get("replicas", 0) >= 2, "it has begun")

    await sets.delete("web")

    await sets.until_gone("web")
    await sets.until_released()


async def test_a_name_that_is_taken_is_left_alone_and_another_one_is_used(sets: Owners) -> None:
    theirs = await sets.workspace.create("web-1", powerState="Stopped")

    await make(sets, 2)
    await sets.until_condition("web", "Ready", reason="Ready")

    assert await sets.names() == ["web-0", "web-1", "web-2"]
    assert (await sets.workspace.get("web-1"))["metadata"]["uid"] == theirs["metadata"]["uid"]


async def forbid(workspace: Workspace, name: str) -> None:
    """An admission policy that refuses GPUInstances of this name here; until it is in force."""
    policy, binding = (kube.Kind(_ADMISSION, f"validatingadmissionpolic{end}", namespaced=False) for end in _ENDS)
    unique = {"metadata": {"name": workspace.namespace}}
    rule = {
        "apiGroups": ["gpu.novita.ai"],
        "apiVersions": ["*"],
        "operations": ["CREATE"],
        "resources": ["gpuinstances"],
    }
    spec = {
        "matchConstraints": {"resourceRules": [rule]},
        "matchConditions": [{"name": "here", "expression": f"request.namespace == '{workspace.namespace}'"}],
        "validations": [{"expression": f"object.metadata.name != '{name}'", "message": "the budget is used up"}],
    }
    version = {"apiVersion": "admissionregistration.k8s.io/v1"}
    await workspace.apply(policy, version | {"kind": "ValidatingAdmissionPolicy"} | unique | {"spec": spec})
    bound = {"policyName": workspace.namespace, "validationActions": ["Deny"]}
    await workspace.apply(binding, version | {"kind": "ValidatingAdmissionPolicyBinding"} | unique | {"spec": bound})

    async def in_force() -> bool:
        try:
            await workspace.plane.kube.create(kube.GPU_INSTANCES, workspace.instance_body(name), dry_run=True)
        except kube.Refused:
            return True
        return False

    await waiting.until(in_force, "the policy is in force")


async def test_what_a_policy_refuses_is_told_and_made_once_it_is_allowed(sets: Owners) -> None:
    await forbid(sets.workspace, "web-1")
    await make(sets, 2)

    refused = await sets.until_condition("web", "Ready", "False", "CreateRefused")
    await sets.workspace.kubectl("delete", "validatingadmissionpolicybinding", sets.workspace.namespace)
    await sets.until_condition("web", "Ready", reason="Ready")

    assert "the budget is used up" in condition(refused, "Ready")["message"]
    assert (await sets.workspace.novita.ledger()).created == 2


async def test_a_paused_set_makes_nothing_until_the_pause_is_over(sets: Owners) -> None:
    await sets.create(
        "web", annotations={"gpu.novita.ai/paused": "true"}, replicas=1, template=template(sets.workspace)
    )
    await sets.until_condition("web", "Ready", "False", "Paused")

    assert await sets.names() == []
    await sets.annotate("web", "gpu.novita.ai/paused", None)
    await sets.until_condition("web", "Ready", reason="Ready")


async def test_events_tell_what_the_set_has_made_and_deleted(sets: Owners) -> None:
    await make(sets, 2)
    await sets.until_condition("web", "Ready", reason="Ready")
    await sets.workspace.until_event("Ready", "web")
    await sets.edit("web", replicas=1)
    await sets.workspace.until_event("SuccessfulDelete", "web")

    told = [(event["reason"], event["message"]) for event in await sets.workspace.events("web")]
    assert [message for reason, message in told if reason == "SuccessfulCreate"] == [
        "Made GPUInstance web-0.",
        "Made GPUInstance web-1.",
    ]
    assert [reason for reason, _ in told].count("Ready") == 1
