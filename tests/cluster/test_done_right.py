"""The same system as the REST gateway, done right: its thirteen checks, each by its own sentence.

The webhook receiver, the breaker, and the reading of regions and prices are checked where they live; each test here is
the sentence as a user sees it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cluster import owners
from tests.conftest import MakeWorkspace, StartOperator
from tests.support import kube
from tests.support.history import condition
from tests.support.workspace import Workspace
from tests.webhooks import seed_receiver

_SECRET = "a-long-random-secret"


async def test_a_receiver_written_exactly_like_s4_accepts_the_operators_webhook_unchanged(
    make_workspace: MakeWorkspace, start_operator: StartOperator, tmp_path: Path
) -> None:
    workspace = await make_workspace()
    await start_operator(workspace, WEBHOOK_ALLOWED_NETWORKS="127.0.0.0/8")
    secret = {"metadata": {"name": "hook", "namespace": workspace.namespace}, "stringData": {"secret": _SECRET}}
    await workspace.apply(kube.SECRETS, {"apiVersion": "v1", "kind": "Secret"} | secret)

    async with seed_receiver.running(tmp_path, _SECRET) as receiver:
        await workspace.create(notifications=[{"url": receiver.url, "secretRef": {"name": "hook"}}])
        ready = await workspace.until_ready()

        async def told() -> bool:
            return f"Instance {ready['status']['instanceId']} is ready!" in receiver.output()

        await workspace.until_novita(told, "the receiver has accepted it")
        assert "Invalid signature" not in receiver.output()


async def test_kill_the_operator_between_the_buy_and_the_status_write_after_restart_there_is_still_exactly_one_machine(
    make_workspace: MakeWorkspace, start_operator: StartOperator, tmp_path: Path
) -> None:
    workspace = await make_workspace()
    mark = tmp_path / "mark"
    settings = {"NOVITA_CRASH_AT": "create.after-call:kill", "NOVITA_CRASH_MARK": str(mark)}
    operator = await start_operator(workspace, **settings)

    await workspace.create()
    await operator.child.ended()
    assert mark.exists()
    assert "instanceId" not in (await workspace.get()).get("status", {})
    await start_operator(workspace)
    await workspace.until_ready()

    ledger = await workspace.novita.ledger()
    assert (ledger.created, len(ledger.live)) == (1, 1)


async def test_fake_novita_returns_502_after_creating_still_exactly_one_machine(workspace: Workspace) -> None:
    await workspace.novita.fault("error-after-commit", route="create", status=502, times=1)

    await workspace.create()
    await workspace.until_ready()

    assert await workspace.novita.fired() == 1
    ledger = await workspace.novita.ledger()
    assert (ledger.created, len(ledger.live)) == (1, 1)
    await workspace.until_event("Adopted")


async def test_startup_deadline_the_billing_meter_stops_within_one_poll_of_the_deadline(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace()
    await start_operator(workspace)
    await workspace.novita.set(acceleration=1)

    await workspace.create(image="docker.io/library/stuck-pulling:1", startup={"timeoutSeconds": 60})
    await workspace.until_condition("Stalled", reason="StartupTimeout", seconds=120)

    async def ended() -> bool:
        return (await workspace.novita.ledger()).billing == ()

    await workspace.until_novita(ended, "nothing is billed")
    (record,) = (await workspace.novita.ledger()).records
    # Billing begins at pulling, three seconds after the create call; then a poll a second, on a busy machine.
    assert record.billed_seconds < 60 + 30


async def test_a_cr_deleted_while_creating_ends_with_no_machine_a_404_on_delete_is_success(
    workspace: Workspace,
) -> None:
    await workspace.novita.stand_still()
    await workspace.create()
    creating = await workspace.until_condition("Ready", "False", "Creating")

    await workspace.novita.fault("status", route="delete", status=404, times=1)
    await workspace.delete()
    await workspace.novita.set(acceleration=10)
    await workspace.until_gone()

    assert creating["status"]["instanceId"]
    assert (await workspace.novita.ledger()).live == ()


async def test_rtx_4090_24gb_never_selects_rtx_4090_48gb_ondemand_picks_the_lowest_price_a_zero_price_never_wins(
    workspace: Workspace,
) -> None:
    await workspace.create(productName="RTX 4090 24GB", regions=["CN-HK-01"])

    status = (await workspace.until_ready())["status"]

    assert status["product"]["name"] == "RTX 4090 24GB"
    assert status["pricePerHour"] == "0.35"


@pytest.mark.parametrize("region", ["US-CA-06", "US-CA-06 (California)"])
async def test_regions_given_as_us_ca_06_and_us_ca_06_california_both_match(workspace: Workspace, region: str) -> None:
    await workspace.create(regions=[region], regionPolicy="Require")

    assert (await workspace.until_ready())["status"]["region"] == "US-CA-06"


async def test_60_instances_on_the_account_2_or_more_pages_look_ups_see_all(workspace: Workspace) -> None:
    await workspace.novita.set(maxPageSize=25)
    for number in range(60):
        await workspace.novita.plant(name=f"somebody-elses-{number}")
    await workspace.novita.fault("lost-reply", route="create", times=1)

    await workspace.create()
    await workspace.until_ready()

    ledger = await workspace.novita.ledger()
    assert (ledger.created, len(ledger.live)) == (1, 61)
    account = await workspace.until_account("Ready", "True")
    assert account["status"]["instances"]["foreign"] in {0, 60}  # counted once a minute


async def test_batch_of_3_with_one_bad_product_two_ready_one_failed_with_its_reason_set_not_failed_as_a_whole(
    workspace: Workspace,
) -> None:
    await workspace.create("good-1")
    await workspace.create("bad", productName="RTX 9999 1TB")
    await workspace.create("good-2", gpuCount=2)

    await workspace.until_ready("good-1")
    await workspace.until_ready("good-2")
    bad = await workspace.until_condition("Stalled", reason="ProductNotFound", name="bad")

    assert 'has no product "RTX 9999 1TB"' in condition(bad, "Ready")["message"]
    assert (await workspace.novita.ledger()).created == 2


async def test_one_failed_instance_of_a_set_does_not_fail_the_set_as_a_whole(workspace: Workspace) -> None:
    await workspace.novita.fault("no-stock", route="create", times=1)
    body = {
        "apiVersion": "gpu.novita.ai/v1alpha1",
        "kind": "GPUInstanceSet",
        "metadata": {"name": "batch", "namespace": workspace.namespace},
        "spec": {
            "replicas": 3,
            "createIntervalSeconds": 0,
            "template": {"spec": {"accountRef": {"name": workspace.account_name}}},
        },
    }
    await workspace.plane.kube.create(owners.SETS, body)

    async def all_ready() -> bool:
        found = await workspace.plane.kube.get(owners.SETS, "batch", workspace.namespace)
        return found.get("status", {}).get("readyReplicas") == 3

    await workspace.until_novita(all_ready, "three are Ready")
    assert len((await workspace.novita.ledger()).live) == 3


async def test_instances_on_the_account_without_our_marker_are_never_stopped_deleted_or_adopted(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace(orphans="Delete")
    await start_operator(workspace, ORPHAN_AGE="0", ORPHAN_SIGHTINGS_APART="0", CLUSTER_ID="abcdefgh")
    foreign = {
        await workspace.novita.plant(name=name, ageSeconds=7200)
        for name in ("by-hand", "", "nvo", "nvo-zzzzzzzz-aaaaaaaaaaaaaaaaaaaaaaaaaa", "NVO-ABCDEFGH-AAAA")
    }

    await workspace.create()
    await workspace.until_ready()
    await workspace.delete()
    await workspace.until_gone()

    ledger = await workspace.novita.ledger()
    assert {record.id for record in ledger.live} == foreign
    assert not any(record.delete_requested for record in ledger.live)
    assert (await workspace.novita.calls()).of("stop") == 0
