"""Changes of a running instance: what the spec asks, and what somebody did at Novita."""

from __future__ import annotations

from typing import Any

from tests.support.history import condition
from tests.support.workspace import Workspace


async def _held(workspace: Workspace, instance_id: str) -> dict[str, Any]:
    return next(each for each in await workspace.novita.instances() if each["id"] == instance_id)


def _ports(instance: dict[str, Any]) -> set[tuple[int, str]]:
    return {(each["port"], each["type"]) for each in instance["portMappings"]}


async def test_edited_ports_are_changed_in_place(workspace: Workspace) -> None:
    await workspace.create(ports=[{"port": 8080}])
    first = (await workspace.until_ready())["status"]["instanceId"]

    await workspace.edit(ports=[{"port": 8080}, {"port": 9000, "protocol": "TCP"}])
    await workspace.until(
        lambda body: 9000 in {port["port"] for port in body["status"].get("connection", {}).get("ports", ())},
        "the new port is told",
    )

    assert _ports(await _held(workspace, first)) == {(8080, "http"), (9000, "tcp")}
    assert (await workspace.until_ready())["status"]["instanceId"] == first
    assert (await workspace.novita.calls()).of("edit") == 1
    assert "Drifted" not in await workspace.reasons()


async def test_a_root_disk_grows_in_place(workspace: Workspace) -> None:
    await workspace.create(rootfsSizeGB=60)
    first = (await workspace.until_ready())["status"]["instanceId"]

    await workspace.edit(rootfsSizeGB=80)

    async def grown() -> bool:
        return int((await _held(workspace, first))["rootfsSize"]) == 80

    await workspace.until_novita(grown, "the disk has 80 GB")
    await workspace.until_ready()
    assert (await workspace.novita.calls()).of("edit") == 1


async def test_a_root_disk_never_shrinks(workspace: Workspace) -> None:
    await workspace.create(rootfsSizeGB=60)

    refused = await workspace.kubectl("patch", "gpui/gpu", "--type=merge", "--patch", '{"spec":{"rootfsSizeGB":50}}')

    assert refused.code != 0
    assert "it can only grow" in refused.err


async def test_ports_that_somebody_edited_at_novita_are_restored(workspace: Workspace) -> None:
    await workspace.create(ports=[{"port": 8080}])
    first = (await workspace.until_ready())["status"]["instanceId"]

    await workspace.novita.edit_elsewhere(first, [{"port": 9999, "type": "tcp"}])
    await workspace.until_event("Drifted")

    async def restored() -> bool:
        return _ports(await _held(workspace, first)) == {(8080, "http")}

    await workspace.until_novita(restored, "the ports of the spec")
    await workspace.until(lambda body: condition(body, "Drifted") == {}, "nothing is drifted any more")


async def test_an_instance_that_somebody_started_at_novita_is_stopped_again(workspace: Workspace) -> None:
    await workspace.create()
    first = (await workspace.until_ready())["status"]["instanceId"]
    await workspace.edit(powerState="Stopped")
    await workspace.until_condition("Ready", reason="Stopped")

    await workspace.novita.force(first, status="running")
    await workspace.until_event("Drifted")

    await workspace.until_condition("Ready", reason="Stopped")
    assert (await workspace.novita.calls()).of("stop") == 2
