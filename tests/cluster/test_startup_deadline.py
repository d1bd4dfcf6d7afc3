"""An instance that does not become Ready in time: the billing ends as asked, and an edit tries again.

The shortest deadline is a minute. The tests set the recorded start back, as if most of that minute had passed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support import kube
from tests.support.history import condition
from tests.support.workspace import Workspace

_TIMEOUT_SECONDS = 60
_LEFT_SECONDS = 3  # enough for a slow machine to see the object wait before its deadline


async def _almost_too_late(workspace: Workspace, on_timeout: str) -> None:
    """An instance whose image never arrives, a few seconds before its deadline."""
    await workspace.create(
        image="docker.io/team/stuck-pulling:1",
        startup={"timeoutSeconds": _TIMEOUT_SECONDS, "onTimeout": on_timeout},
    )
    await workspace.until_condition("Ready", "False", "Pulling")
    started = datetime.now(UTC) - timedelta(seconds=_TIMEOUT_SECONDS - _LEFT_SECONDS)
    change: dict[str, Any] = {"status": {"startedAt": f"{started:%Y-%m-%dT%H:%M:%SZ}"}}
    await workspace.plane.kube.patch(kube.GPU_INSTANCES, "gpu", change, workspace.namespace, subresource="status")


async def test_the_deadline_deletes_the_instance_and_the_object_asks_for_a_person(workspace: Workspace) -> None:
    await _almost_too_late(workspace, "Delete")
    body = await workspace.until_condition("Ready", "False", "StartupTimeout")
    assert condition(body, "Stalled")["status"] == "True"
    assert "Edit the spec" in condition(body, "Ready")["message"]

    async def gone() -> bool:
        return not (await workspace.novita.ledger()).live

    await workspace.until_novita(gone, "the instance is gone")
    await workspace.until(lambda body: "instanceId" not in body["status"], "the id is forgotten")
    assert (await workspace.novita.ledger()).created == 1
    await workspace.until_event("StartupTimeout")


async def test_an_edit_after_the_deadline_tries_again(workspace: Workspace) -> None:
    await _almost_too_late(workspace, "Delete")
    await workspace.until(
        lambda body: condition(body, "Ready")["reason"] == "StartupTimeout" and "instanceId" not in body["status"],
        "the first try has ended",
    )

    await workspace.novita.set(images={})
    await workspace.edit(startup={"timeoutSeconds": 120})

    await workspace.until_ready()
    ledger = await workspace.novita.ledger()
    assert (ledger.created, len(ledger.live)) == (2, 1)


async def test_an_object_past_its_deadline_can_be_deleted(workspace: Workspace) -> None:
    await _almost_too_late(workspace, "Keep")
    await workspace.until_condition("Ready", "False", "StartupTimeout")

    await workspace.delete()

    await workspace.until_gone()
    assert (await workspace.novita.ledger()).live == ()


async def test_the_deadline_stops_the_instance_where_that_is_asked(workspace: Workspace) -> None:
    await _almost_too_late(workspace, "Stop")
    await workspace.until_condition("Ready", "False", "StartupTimeout")

    async def stopped() -> bool:
        return not (await workspace.novita.ledger()).billing

    await workspace.until_novita(stopped, "the billing has ended")
    assert len((await workspace.novita.ledger()).live) == 1


async def test_the_deadline_keeps_the_instance_where_that_is_asked_and_says_what_it_costs(
    workspace: Workspace,
) -> None:
    await _almost_too_late(workspace, "Keep")

    body = await workspace.until_condition("Ready", "False", "StartupTimeout")

    assert "0.35 USD/h" in condition(body, "Ready")["message"]
    assert len((await workspace.novita.ledger()).billing) == 1
    calls = await workspace.novita.calls()
    assert (calls.of("delete"), calls.of("stop")) == (0, 0)


async def test_an_instance_that_was_ready_in_time_is_never_ended_by_the_deadline(workspace: Workspace) -> None:
    await workspace.create(startup={"timeoutSeconds": _TIMEOUT_SECONDS})
    await workspace.until_ready()
    change = {"status": {"startedAt": "2020-01-01T00:00:00Z"}}
    await workspace.plane.kube.patch(kube.GPU_INSTANCES, "gpu", change, workspace.namespace, subresource="status")

    await workspace.annotate(reconcile_requested_at="now")

    body = await workspace.until(lambda body: body["status"].get("lastHandledReconcileAt") == "now", "it was looked at")
    assert condition(body, "Ready")["status"] == "True"
