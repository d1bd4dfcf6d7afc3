"""spec.tenancy of an account: what a namespace may have of it, checked before every call that costs."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cluster.owners import SETS, owners
from tests.support import kube, waiting
from tests.support.history import condition
from tests.support.workspace import ADOPTION, Workspace


async def _rule(workspace: Workspace, **rule: Any) -> None:
    await workspace.edit_account(tenancy={"rules": [rule]})
    await _seen(workspace)


async def _seen(workspace: Workspace) -> None:
    """The operator works with the newest spec of the account: it has written a status since."""

    async def so() -> bool:
        body = await workspace.plane.kube.get(kube.NOVITA_ACCOUNTS, workspace.account_name)
        return bool((body.get("status") or {}).get("observedGeneration") == body["metadata"]["generation"])

    await waiting.until(so, "the account's spec was read", explain=workspace.explain)


DENIED: tuple[tuple[dict[str, Any], dict[str, Any], str], ...] = (
    ({"billing": ["Spot"]}, {}, "rules[0].billing"),
    ({"billing": ["OnDemand"]}, {"billing": "Spot"}, "rules[0].billing"),
    ({"products": ["RTX 3090 24GB"]}, {}, "rules[0].products"),
    ({"regions": ["EU-99"]}, {}, "rules[0].regions"),
    ({"maxPricePerHour": "0.01"}, {}, "rules[0].maxPricePerHour"),
    ({"maxGpuCount": 1}, {"gpuCount": 2}, "rules[0].maxGpuCount"),
    ({"maxRootfsSizeGB": 100}, {"rootfsSizeGB": 2048}, "rules[0].maxRootfsSizeGB"),
    ({"networkVolumes": []}, {"volumes": [{"networkVolumeId": "v-1", "mountPath": "/v"}]}, "rules[0].networkVolumes"),
    ({"registryCredentials": ["mine"]}, {"registryAuthId": "theirs"}, "rules[0].registryCredentials"),
    ({}, {"deletionPolicy": "Retain"}, "rules[0].retention"),
    ({}, {"deletionPolicy": "Stop"}, "rules[0].retention"),
    ({"namespaces": {"names": ["another"]}}, {}, "none of spec.tenancy.rules"),
    ({"namespaces": {"selector": {"matchLabels": {"team": "x"}}}}, {}, "none of spec.tenancy.rules"),
)


@pytest.mark.parametrize(("rule", "spec", "says"), DENIED, ids=[f"{says} {spec}" for _, spec, says in DENIED])
async def test_what_a_rule_does_not_allow_is_not_rented_and_the_object_says_who_can_change_it(
    workspace: Workspace, rule: dict[str, Any], spec: dict[str, Any], says: str
) -> None:
    await _rule(workspace, **rule)

    await workspace.create(**spec)
    refused = await workspace.until_condition("Scheduled", "False", "NotAllowed")
    await workspace.delete()
    await workspace.until_gone()

    told = condition(refused, "Ready")["message"]
    assert says in told
    assert f"kubectl edit novitaaccount {workspace.account_name}" in told
    assert (await workspace.novita.ledger()).records == ()


async def test_a_rule_that_is_loosened_is_followed_at_once(workspace: Workspace) -> None:
    await _rule(workspace, billing=["Spot"])
    await workspace.create()
    await workspace.until_condition("Scheduled", "False", "NotAllowed")

    await _rule(workspace, billing=["OnDemand"])

    await workspace.until_ready()


async def test_a_rule_by_label_is_for_the_namespaces_that_have_it(workspace: Workspace) -> None:
    await workspace.plane.kube.patch(kube.NAMESPACES, workspace.namespace, {"metadata": {"labels": {"team": "a"}}})
    labelled = {"namespaces": {"selector": {"matchLabels": {"team": "a"}}}}
    await workspace.edit_account(tenancy={"rules": [labelled, {"billing": []}]})
    await _seen(workspace)

    await workspace.create()

    await workspace.until_ready()


async def test_the_dearest_region_is_left_out_where_a_cheaper_one_is_allowed(workspace: Workspace) -> None:
    await _rule(workspace, regions=["US-CA-06"])

    await workspace.create()

    assert (await workspace.until_ready())["status"]["region"] == "US-CA-06"


async def test_a_namespace_has_no_more_instances_than_its_limit_and_the_next_follows_when_one_goes(
    workspace: Workspace,
) -> None:
    await _rule(workspace, limits={"instances": 2})
    for number in range(5):
        await workspace.create(f"gpu-{number}")

    async def settled() -> list[str] | None:
        bodies = [await workspace.get(f"gpu-{number}") for number in range(5)]
        reasons = [condition(body, "Ready").get("reason", "") for body in bodies]
        return reasons if sorted(reasons) == ["LimitReached"] * 3 + ["Ready"] * 2 else None

    async def three_were_made() -> bool:
        return (await workspace.novita.ledger()).created == 3

    reasons = await waiting.until(settled, "two have what they want", explain=workspace.explain)

    assert (await workspace.novita.ledger()).created == 2
    waits = await workspace.get(f"gpu-{reasons.index('LimitReached')}")
    assert "rules[0].limits.instances is 2; 2 are in use" in condition(waits, "Ready")["message"]
    await workspace.delete(f"gpu-{reasons.index('Ready')}")
    await waiting.until(three_were_made, "one of the others follows", seconds=90, explain=workspace.explain)


async def test_all_namespaces_together_cost_no_more_than_the_cap_of_the_account(workspace: Workspace) -> None:
    await workspace.create("first")
    price = (await workspace.until_ready("first"))["status"]["pricePerHour"]
    await workspace.edit_account(tenancy={"limits": {"pricePerHour": price}})
    await _seen(workspace)

    await workspace.create("second")
    refused = await workspace.until_condition("Scheduled", "False", "LimitReached", name="second")

    assert "spec.tenancy.limits.pricePerHour" in condition(refused, "Ready")["message"]
    assert (await workspace.novita.ledger()).created == 1


async def test_a_stopped_instance_is_not_started_above_the_cap(workspace: Workspace) -> None:
    await workspace.create(powerState="Running")
    await workspace.until_ready()
    await workspace.edit(powerState="Stopped")
    await workspace.until_condition("Ready", reason="Stopped")
    await workspace.edit_account(tenancy={"limits": {"pricePerHour": "0.01"}})
    await _seen(workspace)

    await workspace.edit(powerState="Running")
    await workspace.until_condition("Ready", "False", "LimitReached")

    assert (await workspace.novita.ledger()).billing == ()
    await workspace.edit_account(tenancy=None)
    await workspace.edit(powerState="Stopped")
    await workspace.edit(powerState="Running")
    await workspace.until_ready()


async def test_a_root_disk_grows_no_further_than_the_rule_allows_and_the_instance_stays_ready(
    workspace: Workspace,
) -> None:
    await _rule(workspace, maxRootfsSizeGB=100)
    await workspace.create()
    await workspace.until_ready()

    await workspace.edit(rootfsSizeGB=2048)
    refused = await workspace.until_condition("Synced", "False", "NotAllowed")

    assert "maxRootfsSizeGB is 100" in condition(refused, "Synced")["message"]
    await workspace.until_condition("Ready")


async def test_the_instances_of_a_set_count_each(workspace: Workspace) -> None:
    await _rule(workspace, limits={"instances": 1})
    template = {"spec": {"accountRef": {"name": workspace.account_name}}}

    async def one_waits() -> bool:
        members = await workspace.plane.kube.list(kube.GPU_INSTANCES, workspace.namespace)
        return sorted(condition(each, "Ready").get("reason", "") for each in members) == ["LimitReached", "Ready"]

    async with owners(workspace, SETS) as sets:
        await sets.create("pair", replicas=2, createIntervalSeconds=0, template=template)
        await waiting.until(one_waits, "one runs and one waits", explain=workspace.explain)

    assert (await workspace.novita.ledger()).created == 1


# --- Adoption ---------------------------------------------------------------------------------------------------------


async def test_nobody_takes_over_an_instance_from_the_console_unless_the_account_allows_it(
    workspace: Workspace,
) -> None:
    theirs = await workspace.novita.plant(name="by-hand")
    await workspace.novita.forget_calls()

    await workspace.create(adopt={"instanceId": theirs})
    refused = await workspace.until_condition("Stalled", reason="AdoptionNotAllowed")
    await workspace.delete()
    await workspace.until_gone()

    assert "edit novitaaccount" in condition(refused, "Ready")["message"]
    assert (await workspace.novita.calls()).of("get") == 0
    assert [record.id for record in (await workspace.novita.ledger()).live] == [theirs]


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"maxPricePerHour": "0.01"}, "NotAllowed"),
        ({"products": ["RTX 9999"]}, "NotAllowed"),
        ({"limits": {"pricePerHour": "0.01"}}, "LimitReached"),
        ({"limits": {"instances": 0}}, "LimitReached"),
    ],
    ids=str,
)
async def test_price_and_limits_count_for_what_is_taken_over(
    workspace: Workspace, rule: dict[str, Any], reason: str
) -> None:
    mine = await workspace.novita.plant(name="by-hand")
    await _rule(workspace, adoption="Allow", **rule)

    await workspace.create(adopt={"instanceId": mine})
    await workspace.until_condition("Scheduled", "False", reason)
    await workspace.delete()
    await workspace.until_gone()

    assert [record.id for record in (await workspace.novita.ledger()).live] == [mine]


async def test_an_adopted_instance_shows_its_price(workspace: Workspace) -> None:
    mine = await workspace.novita.plant(name="by-hand")
    await workspace.edit_account(tenancy=ADOPTION)

    await workspace.create(adopt={"instanceId": mine})

    assert (await workspace.until_ready())["status"]["pricePerHour"]


async def test_what_was_taken_over_with_consent_stays_and_goes_with_its_object_when_consent_ends(
    workspace: Workspace,
) -> None:
    mine = await workspace.novita.plant(name="by-hand")
    await workspace.edit_account(tenancy=ADOPTION)
    await workspace.create(adopt={"instanceId": mine})
    await workspace.until_ready()
    await _recorded(workspace, mine)

    await workspace.edit_account(tenancy=None)
    await _seen(workspace)
    await workspace.delete()
    await workspace.until_gone()

    assert (await workspace.novita.ledger()).live == ()


async def test_what_was_taken_over_before_there_was_a_record_is_held_until_the_account_consents(
    workspace: Workspace,
) -> None:
    mine = await workspace.novita.plant(name="by-hand")
    await workspace.create(adopt={"instanceId": mine})
    await workspace.until_condition("Stalled", reason="AdoptionNotAllowed")
    change = {"metadata": {"finalizers": ["gpu.novita.ai/instance"]}}
    await workspace.plane.kube.patch(kube.GPU_INSTANCES, "gpu", change, workspace.namespace)
    status = {"status": {"instanceId": mine}}
    await workspace.plane.kube.patch(kube.GPU_INSTANCES, "gpu", status, workspace.namespace, subresource="status")

    await workspace.delete()
    blocked = await workspace.until_condition("Ready", "False", "DeletionBlocked")

    assert "status.adoptions" in condition(blocked, "Ready")["message"]
    assert [record.id for record in (await workspace.novita.ledger()).live] == [mine]
    await workspace.edit_account(tenancy=ADOPTION)
    await workspace.until_gone()
    assert (await workspace.novita.ledger()).live == ()


async def test_a_deletion_that_would_leave_an_instance_waits_where_that_is_not_allowed(workspace: Workspace) -> None:
    await workspace.create(deletionPolicy="Retain")
    await workspace.until_ready()
    await _rule(workspace)

    await workspace.delete()
    blocked = await workspace.until_condition("Ready", "False", "DeletionBlocked")

    assert "Set spec.deletionPolicy to Delete" in condition(blocked, "Ready")["message"]
    await workspace.edit(deletionPolicy="Delete")
    await workspace.until_gone()
    assert (await workspace.novita.ledger()).live == ()


async def test_nobody_in_the_namespace_lets_an_instance_run_on_where_that_is_not_allowed(workspace: Workspace) -> None:
    await workspace.create(deletionPolicy="Retain")
    ready = await workspace.until_ready()
    await _rule(workspace)
    await workspace.delete()
    await workspace.until_condition("Ready", "False", "DeletionBlocked")

    await workspace.annotate(force_finalize=ready["status"]["instanceId"])
    await workspace.until_condition("Ready", "False", "DeletionBlocked")
    where = workspace.namespace
    await workspace.plane.kube.patch(kube.GPU_INSTANCES, "gpu", {"metadata": {"finalizers": None}}, where)
    await workspace.until_gone()

    async def stopped() -> bool:
        return [each["status"] for each in await workspace.novita.instances()] == ["exited"]

    await workspace.until_novita(stopped, "the instance is stopped, and still there")


async def _recorded(workspace: Workspace, instance_id: str) -> None:
    async def so() -> bool:
        body = await workspace.plane.kube.get(kube.NOVITA_ACCOUNTS, workspace.account_name)
        return any(each["instanceId"] == instance_id for each in body["status"].get("adoptions", ()))

    await waiting.until(so, "the account has recorded the adoption", explain=workspace.explain)
