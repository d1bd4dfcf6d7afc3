"""What the user asks for by annotation, and how it is echoed."""

from __future__ import annotations

from tests.support.history import condition
from tests.support.workspace import Workspace


async def test_a_paused_object_rents_nothing_until_the_pause_ends(workspace: Workspace) -> None:
    await workspace.create(annotations={"gpu.novita.ai/paused": "true"})
    body = await workspace.until_condition("Synced", "False", "Paused")
    assert "gpu.novita.ai/paused" in condition(body, "Synced")["message"]
    assert (await workspace.novita.ledger()).created == 0

    await workspace.annotate(paused=None)

    await workspace.until_ready()


async def test_a_paused_object_keeps_its_instance_whatever_the_spec_says(workspace: Workspace) -> None:
    await workspace.create()
    await workspace.until_ready()
    await workspace.annotate(paused="true")
    await workspace.until_condition("Synced", "False", "Paused")

    await workspace.edit(powerState="Stopped")
    await workspace.until_condition("Synced", "False", "Paused")
    asked = (await workspace.novita.calls()).of("stop")
    await workspace.annotate(paused=None)

    await workspace.until_condition("Ready", "True", "Stopped")
    assert asked == 0


async def test_the_deletion_of_a_paused_object_waits_and_says_so(workspace: Workspace) -> None:
    await workspace.create()
    await workspace.until_ready()
    await workspace.annotate(paused="true")
    await workspace.until_condition("Synced", "False", "Paused")

    await workspace.delete()
    body = await workspace.until_condition("Ready", "False", "Deleting")
    assert "gpu.novita.ai/paused" in condition(body, "Ready")["message"]
    assert len((await workspace.novita.ledger()).live) == 1
    await workspace.annotate(paused=None)

    await workspace.until_gone()
    assert (await workspace.novita.ledger()).live == ()


async def test_a_requested_reconcile_is_echoed_in_the_status(workspace: Workspace) -> None:
    await workspace.create()
    await workspace.until_ready()

    await workspace.annotate(reconcile_requested_at="2026-01-01T00:00:00Z")

    await workspace.until(
        lambda body: body["status"].get("lastHandledReconcileAt") == "2026-01-01T00:00:00Z", "the request is echoed"
    )
    assert (await workspace.novita.ledger()).created == 1


async def test_a_requested_reconcile_tries_a_failed_object_again(workspace: Workspace) -> None:
    await workspace.create(restartPolicy={"maxAttempts": 0})
    lost = await workspace.until_ready()
    await workspace.novita.force(lost["status"]["instanceId"], gone=True)
    await workspace.until_condition("Ready", "False", "InstanceLost")

    await workspace.annotate(reconcile_requested_at="2026-01-01T00:00:00Z")
    found = await workspace.until_ready()

    assert found["status"]["instanceId"] != lost["status"]["instanceId"]
    assert (await workspace.novita.ledger()).created == 2
