"""What the object promises in the cluster is restored when somebody deletes or changes it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.support import builders, kube
from tests.support.history import condition
from tests.support.kube import Body, Kind
from tests.support.workspace import Workspace

_SERVICES = Kind("/api/v1", "services")
_SLICES = Kind("/apis/discovery.k8s.io/v1", "endpointslices")
_NAME = "gpu-connection"
_PORTS = [{"port": 5000, "protocol": "TCP"}]


async def _secret(workspace: Workspace) -> Body | None:
    return await workspace.plane.kube.find(kube.SECRETS, _NAME, workspace.namespace)


def _essence(secret: Body | None) -> Any:
    """What was promised of it: content, type, labels and owner."""
    if secret is None:
        return None
    at = secret["metadata"]
    return builders.decoded(secret), secret["type"], at.get("labels"), at.get("ownerReferences")


async def _patched(workspace: Workspace, change: Body) -> None:
    await workspace.plane.kube.patch(kube.SECRETS, _NAME, change, workspace.namespace)


async def _deleted(workspace: Workspace) -> None:
    await workspace.plane.kube.delete(kube.SECRETS, _NAME, workspace.namespace)


async def _replaced(workspace: Workspace) -> None:
    """`kubectl replace` of what somebody had exported and cleaned: content alone, and that is another one."""
    secret = await _secret(workspace)
    assert secret is not None
    data = secret["data"] | {"password": "b3RoZXI="}
    await workspace.replace({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": _NAME},
                             "type": secret["type"], "data": data})  # fmt: skip


_HARM: dict[str, Callable[[Workspace], Awaitable[None]]] = {
    "it was deleted": _deleted,
    "its password was changed": lambda it: _patched(it, {"data": {"password": "b3RoZXI="}}),
    "an entry was removed": lambda it: _patched(it, {"data": {"host": None}}),
    "an entry was added": lambda it: _patched(it, {"data": {"extra": "b3RoZXI="}}),
    "its labels were removed": lambda it: _patched(it, {"metadata": {"labels": None}}),
    "its owner was removed": lambda it: _patched(it, {"metadata": {"ownerReferences": None}}),
    "it was replaced": _replaced,
}


@pytest.mark.parametrize("harm", _HARM.values(), ids=[what.replace(" ", "-") for what in _HARM])
async def test_a_connection_secret_that_somebody_deleted_or_changed_is_restored(
    workspace: Workspace, harm: Callable[[Workspace], Awaitable[None]]
) -> None:
    await workspace.create()
    await workspace.until_ready()
    before = _essence(await _secret(workspace))

    await harm(workspace)

    async def restored() -> bool:
        return bool(_essence(await _secret(workspace)) == before)

    await workspace.until_novita(restored, "the Secret is as before")
    await workspace.until_event("SecretRestored")
    assert condition(await workspace.get(), "Ready")["status"] == "True"


async def test_a_secret_of_somebody_else_in_its_place_is_told_and_left_alone(workspace: Workspace) -> None:
    await workspace.create()
    await workspace.until_ready()
    await _deleted(workspace)
    theirs = builders.secret(_NAME, workspace.namespace, mine="precious")

    async def placed() -> bool:
        try:
            await workspace.plane.kube.create(kube.SECRETS, theirs)
        except kube.Refused:
            await _deleted(workspace)  # the operator was faster
            return False
        return True

    await workspace.until_novita(placed, "somebody else has the name")
    body = await workspace.until_condition("Ready", "False", "SecretConflict")

    assert body["status"]["phase"] == "Running"
    assert "belongs to somebody else" in condition(body, "Ready")["message"]
    assert builders.decoded(await _secret(workspace) or {}) == {"mine": "precious"}
    await _deleted(workspace)
    await workspace.until_ready()
    assert (await workspace.novita.ledger()).created == 1


async def test_a_secret_that_takes_no_change_is_told_with_the_clusters_sentence(workspace: Workspace) -> None:
    await workspace.create()
    await workspace.until_ready()
    secret = await _secret(workspace)
    assert secret is not None
    await _patched(workspace, {"immutable": True})
    await _deleted(workspace)
    fixed = {**secret, "immutable": True, "data": secret["data"] | {"password": "b3RoZXI="}}
    fixed["metadata"] = {key: secret["metadata"][key] for key in ("name", "namespace", "labels", "ownerReferences")}

    async def placed() -> bool:
        try:
            await workspace.plane.kube.create(kube.SECRETS, fixed)
        except kube.Refused:
            await _deleted(workspace)
            return False
        return True

    await workspace.until_novita(placed, "it cannot be changed any more")
    body = await workspace.until_condition("Ready", "False", "SecretRefused")

    assert "was made immutable" in condition(body, "Ready")["message"]
    assert "Delete it, and it is made anew" in condition(body, "Ready")["message"]
    await _deleted(workspace)
    await workspace.until_ready()


async def test_service_and_slices_that_somebody_deleted_or_changed_are_restored(workspace: Workspace) -> None:
    await workspace.novita.set(endpointHost="203.0.113.7")
    await workspace.create(ports=_PORTS, service={})
    await workspace.until_ready()

    async def essence() -> Any:
        service = await workspace.plane.kube.find(_SERVICES, "gpu", workspace.namespace) or {"metadata": {}, "spec": {}}
        slices = await workspace.plane.kube.list(_SLICES, workspace.namespace)
        at, spec = service["metadata"], service["spec"]
        return (
            (at.get("labels"), at.get("ownerReferences"), spec.get("ports"), spec.get("selector")),
            sorted((each["metadata"]["name"], str(each["endpoints"]), str(each["ports"])) for each in slices),
        )

    before = await essence()

    async def restored() -> bool:
        return bool(await essence() == before)

    (slice_,) = await workspace.plane.kube.list(_SLICES, workspace.namespace)
    harms: tuple[Awaitable[Any], ...] = (
        workspace.plane.kube.delete(_SERVICES, "gpu", workspace.namespace),
        workspace.plane.kube.delete(_SLICES, slice_["metadata"]["name"], workspace.namespace),
        workspace.plane.kube.patch(_SERVICES, "gpu", {"spec": {"selector": {"app": "other"}}}, workspace.namespace),
        workspace.plane.kube.patch(
            _SERVICES, "gpu", {"metadata": {"labels": None, "ownerReferences": None}}, workspace.namespace
        ),
    )
    for harm in harms:
        await harm
        await workspace.until_novita(restored, "Service and slices are as before")
