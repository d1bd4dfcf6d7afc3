"""The life of one instance, from apply to gone: what the user sees at each step, and what it costs at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.support import builders, kube
from tests.support.history import condition, conditions
from tests.support.workspace import Workspace

# Virtual seconds of the simulator: toCreate and creating; pulling; toStart and starting; and everything at once.
_UNTIL_PULLING = 3.0
_UNTIL_RUNNING = 3.0
_UNTIL_STARTED = 2.0
_LONG = 60.0


async def test_each_step_from_apply_to_ready_is_told_by_conditions_and_events(workspace: Workspace) -> None:
    await workspace.novita.stand_still()
    async with workspace.history() as history:
        await workspace.create()
        await workspace.until_condition("Ready", "False", "Creating")
        await workspace.novita.pass_seconds(_UNTIL_PULLING)
        await workspace.until_condition("Ready", "False", "Pulling")
        await workspace.novita.pass_seconds(_UNTIL_RUNNING)
        ready = await workspace.until_ready()
        await workspace.until_event("Ready")

    first = conditions(history.with_status()[0])
    assert set(first) == {"Ready", "Scheduled", "Provisioned", "Synced", "Reconciling"}
    assert history.phases() == ["Pending", "Creating", "Pulling", "Running"]
    assert conditions(ready) == {
        "Ready": ("True", "Ready"),
        "Scheduled": ("True", "Selected"),
        "Provisioned": ("True", "Created"),
        "Synced": ("True", "Success"),
    }
    assert await workspace.reasons() == ["Scheduled", "Created", "Pulling", "Ready"]


async def test_a_ready_object_says_what_was_rented_where_and_for_how_much(workspace: Workspace) -> None:
    await workspace.create(productName="RTX 4090 24GB", gpuCount=2, regions=["AS-SGP-02"])

    status = (await workspace.until_ready())["status"]

    (record,) = (await workspace.novita.ledger()).live
    assert status["instanceId"] == record.id
    assert status["instanceName"] == record.name
    assert status["product"] == {"id": "4090.16c62g", "name": "RTX 4090 24GB"}
    assert (status["region"], status["billing"], status["pricePerHour"]) == ("AS-SGP-02", "OnDemand", "0.70")
    assert status["template"] == {"id": "101", "name": "pytorch-jupyter"}
    assert status["image"] == "docker.io/novitalabs/pytorch:v2.4-py3.11-cuda12.4"
    assert "AS-SGP-02 for 0.70 USD/h" in status["selection"]
    assert status["attempts"] == 1
    assert status["createdAt"] <= status["readyAt"]
    assert record.gpu_count == 2


async def test_cost_begins_at_nothing_and_grows_while_it_runs(workspace: Workspace) -> None:
    await workspace.create(productName="H100 SXM 80GB", gpuCount=8, regions=["US-CA-06"])
    await workspace.until_ready()

    body = await workspace.until(lambda body: float(body["status"]["cost"]["amount"]) > 0, "it has cost something")

    cost = body["status"]["cost"]
    assert cost["since"] <= cost["asOf"]


@pytest.mark.parametrize("form", ["top-level", "old"])
async def test_ssh_details_beside_an_empty_block_come_into_the_secret_with_their_password(
    workspace: Workspace, form: str
) -> None:
    await workspace.novita.set(sshForm=form)

    await workspace.create()

    body = await workspace.until_ready()
    (instance,) = await workspace.novita.instances()
    secret = await workspace.plane.kube.get(kube.SECRETS, "gpu-connection", workspace.namespace)
    assert builders.decoded(secret)["password"] == instance["password" if form == "top-level" else "sshPassword"]
    assert body["status"]["connection"]["ssh"] == instance["sshCommand"]


async def test_the_connection_is_in_the_status_and_its_passwords_only_in_the_secret(workspace: Workspace) -> None:
    await workspace.create()

    body = await workspace.until_ready()

    (instance,) = await workspace.novita.instances()
    connection = body["status"]["connection"]
    secret = await workspace.plane.kube.get(kube.SECRETS, connection["secretRef"]["name"], workspace.namespace)
    entries = builders.decoded(secret)
    assert connection["ssh"] == instance["connectComponentSSH"]["sshCommand"]
    assert connection["jupyter"] == instance["connectComponentJupyter"]["address"]
    assert connection["webTerminal"] == instance["connectComponentWebTerminal"]["address"]
    assert {port["port"]: port["endpoint"] for port in connection["ports"]} == {
        mapping["port"]: mapping["endpoint"] for mapping in instance["portMappings"]
    }
    assert entries["password"] == instance["connectComponentSSH"]["password"]
    assert entries["web-terminal-password"] == instance["connectComponentWebTerminal"]["password"]
    assert entries["host"] in connection["ssh"]
    assert entries["port"] in connection["ssh"]
    assert entries["username"] == "root"
    assert entries["password"] not in str(body)


async def test_the_connection_secret_belongs_to_the_object_and_has_stable_keys(workspace: Workspace) -> None:
    await workspace.create(connectionSecretName="how-to-reach-it")

    body = await workspace.until_ready()

    secret = await workspace.plane.kube.get(kube.SECRETS, "how-to-reach-it", workspace.namespace)
    (owner,) = secret["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("GPUInstance", "gpu", body["metadata"]["uid"])
    assert secret["type"] == "servicebinding.io/novita-gpu"
    assert sorted(builders.decoded(secret)) == [
        "endpoints",
        "host",
        "instance-id",
        "jupyter-url",
        "password",
        "port",
        "provider",
        "ssh-command",
        "type",
        "username",
        "web-terminal-password",
        "web-terminal-url",
        "web-terminal-username",
    ]


async def test_a_secret_of_somebody_else_is_left_alone_and_its_name_is_told(workspace: Workspace) -> None:
    theirs = builders.secret("gpu-connection", workspace.namespace, mine="precious")
    await workspace.apply(kube.SECRETS, theirs)
    await workspace.create()

    body = await workspace.until_condition("Ready", "False", "SecretConflict")

    assert condition(body, "Stalled").get("status") == "True"
    assert "connectionSecretName" in condition(body, "Ready")["message"]
    kept = await workspace.plane.kube.get(kube.SECRETS, "gpu-connection", workspace.namespace)
    assert builders.decoded(kept) == {"mine": "precious"}


async def test_it_becomes_ready_by_itself_once_the_secret_of_somebody_else_is_gone(workspace: Workspace) -> None:
    await workspace.apply(kube.SECRETS, builders.secret("gpu-connection", workspace.namespace, mine="precious"))
    await workspace.create()
    await workspace.until_condition("Ready", "False", "SecretConflict")

    await workspace.plane.kube.delete(kube.SECRETS, "gpu-connection", workspace.namespace)

    await workspace.until_ready()
    assert (await workspace.novita.ledger()).created == 1


async def test_a_stop_ends_the_billing_of_the_gpu_and_counts_as_ready(workspace: Workspace) -> None:
    await workspace.create()
    await workspace.until_ready()

    await workspace.edit(powerState="Stopped")
    body = await workspace.until_condition("Ready", "True", "Stopped")

    ledger = await workspace.novita.ledger()
    assert (len(ledger.live), len(ledger.billing)) == (1, 0)
    assert body["status"]["phase"] == "Stopped"
    assert "connection" not in body["status"]
    assert body["status"]["stoppedAt"]


async def test_a_start_after_a_stop_keeps_the_instance_and_renews_the_connection(workspace: Workspace) -> None:
    await workspace.create()
    before = await workspace.until_ready()
    await workspace.edit(powerState="Stopped")
    await workspace.until_condition("Ready", "True", "Stopped")
    await workspace.novita.stand_still()

    async with workspace.history() as history:
        await workspace.edit(powerState="Running")
        await workspace.until_condition("Ready", "False", "Starting")
        await workspace.novita.pass_seconds(_LONG)
        after = await workspace.until_ready()

    (instance,) = await workspace.novita.instances()
    secret = await workspace.plane.kube.get(kube.SECRETS, "gpu-connection", workspace.namespace)
    assert after["status"]["instanceId"] == before["status"]["instanceId"]
    assert history.phases()[:2] == ["Stopped", "Starting"]
    assert after["status"]["connection"]["ssh"] == instance["connectComponentSSH"]["sshCommand"]
    assert builders.decoded(secret)["password"] == instance["connectComponentSSH"]["password"]
    await workspace.until_reasons("Stopped", "Started")
    assert (await workspace.novita.ledger()).created == 1


async def test_an_object_that_is_stopped_from_the_start_rents_nothing(workspace: Workspace) -> None:
    await workspace.create(powerState="Stopped")

    await workspace.until_condition("Ready", "True", "Stopped")

    assert (await workspace.novita.ledger()).created == 0


async def test_kubectl_delete_returns_when_the_instance_is_gone_at_novita_and_not_before(workspace: Workspace) -> None:
    await workspace.create()
    await workspace.until_ready()
    await workspace.novita.stand_still()

    deleting = asyncio.create_task(workspace.kubectl("delete", "gpui", "gpu"))
    await workspace.until_condition("Ready", "False", "Deleting")
    await workspace.until_novita(_delete_asked_for(workspace), "the delete call has arrived")
    assert not deleting.done()
    await workspace.novita.pass_seconds(_LONG)
    printed = await deleting

    assert printed.code == 0, printed.err
    assert (await workspace.novita.ledger()).live == ()
    await workspace.until_event("Deleted")


async def test_the_connection_secret_goes_with_the_object(workspace: Workspace) -> None:
    await workspace.create()
    await workspace.until_ready()

    await workspace.delete()
    await workspace.until_gone()

    async def gone() -> bool:
        found = await workspace.plane.kube.find(kube.SECRETS, "gpu-connection", workspace.namespace)
        return found is None

    await workspace.until_novita(gone, "the garbage collector has removed the Secret")


async def test_a_delete_in_the_middle_of_a_create_leaves_nothing_behind(workspace: Workspace) -> None:
    await workspace.novita.fault("delay", route="create", seconds=1.0, after=True)
    await workspace.create()

    async def asked() -> bool:
        return (await workspace.novita.calls()).of("create") == 1

    await workspace.until_novita(asked, "the create call is under way")
    await workspace.delete()
    await workspace.until_gone()

    ledger = await workspace.novita.ledger()
    assert (ledger.created, len(ledger.live)) == (1, 0)


async def test_retain_leaves_the_instance_and_says_what_it_goes_on_costing(workspace: Workspace) -> None:
    await workspace.create(deletionPolicy="Retain")
    body = await workspace.until_ready()

    await workspace.delete()
    await workspace.until_gone()

    event = await workspace.until_event("Retained")
    ledger = await workspace.novita.ledger()
    assert [record.id for record in ledger.billing] == [body["status"]["instanceId"]]
    assert body["status"]["instanceId"] in event["message"]
    assert "0.35 USD/h" in event["message"]


async def test_the_deletion_policy_stop_leaves_the_instance_stopped(workspace: Workspace) -> None:
    await workspace.create(deletionPolicy="Stop")
    await workspace.until_ready()

    await workspace.delete()
    await workspace.until_gone()

    ledger = await workspace.novita.ledger()
    assert (len(ledger.live), len(ledger.billing)) == (1, 0)
    await workspace.until_event("Retained")


def _delete_asked_for(workspace: Workspace) -> Callable[[], Awaitable[bool]]:
    async def probe() -> bool:
        return any(record.delete_requested for record in (await workspace.novita.ledger()).records)

    return probe
