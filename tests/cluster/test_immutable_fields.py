"""What cannot be edited is refused with a sentence that says what to do instead; the rest can be edited."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support import builders, kube
from tests.support.plane import Plane

_NAMESPACE = "default"
_FULL: dict[str, Any] = {
    "accountRef": {"name": "team"},
    "productName": "RTX 4090 24GB",
    "gpuCount": 2,
    "billing": "Spot",
    "regions": ["CN-HK-01", "US-CA-06"],
    "regionPolicy": "Require",
    "template": {"name": "pytorch-jupyter"},
    "image": "docker.io/library/ubuntu:22.04",
    "command": "sleep infinity",
    "entrypoint": "/bin/sh",
    "env": [{"name": "A", "value": "1"}],
    "ports": [{"port": 8000}],
    "tools": {"jupyter": False},
    "imagePullSecretRef": {"name": "regcred"},
    "rootfsSizeGB": 80,
    "connectionSecretName": "how-to-reach-it",
}

# What is changed, to what, and the two values that the user should read where the API server can print them.
_REFUSED: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("accountRef", {"name": "other"}, ("team", "other")),
    ("productName", "H100 SXM 80GB", ("RTX 4090 24GB", "H100 SXM 80GB")),
    ("productName", None, ("RTX 4090 24GB", "nothing")),
    ("gpuCount", 4, ("from 2 to 4",)),
    ("billing", "OnDemand", ("from Spot to OnDemand",)),
    ("regions", ["US-CA-06"], ("CN-HK-01, US-CA-06", "to US-CA-06")),
    ("regionPolicy", "Prefer", ("from Require to Prefer",)),
    ("template", {"name": "ubuntu-22.04"}, ()),
    ("template", None, ()),
    ("image", "docker.io/library/ubuntu:24.04", ("ubuntu:22.04", "ubuntu:24.04")),
    ("command", "sleep 1", ()),
    ("entrypoint", None, ()),
    ("env", [{"name": "A", "value": "2"}], ()),
    ("env", None, ()),
    ("tools", {"jupyter": True}, ()),
    ("imagePullSecretRef", {"name": "other"}, ()),
    ("connectionSecretName", None, ("how-to-reach-it", "nothing")),
)

_TAKEN: tuple[tuple[str, Any], ...] = (
    ("maxPricePerHour", "1.20"),
    ("powerState", "Stopped"),
    ("startup", {"timeoutSeconds": 120, "onTimeout": "Stop"}),
    ("ports", [{"port": 9000, "protocol": "TCP"}]),
    ("rootfsSizeGB", 100),
    ("deletionPolicy", "Retain"),
)


@pytest.fixture(scope="module")
async def stored(plane: Plane) -> AsyncIterator[str]:
    """An object that names everything, of an account that does not exist: nothing ever happens to it."""
    name = "full"
    await plane.kube.create(kube.GPU_INSTANCES, builders.gpu_instance(name, _NAMESPACE, **_FULL))
    yield name
    await plane.kube.delete(kube.GPU_INSTANCES, name, _NAMESPACE)


@pytest.mark.parametrize(("field", "value", "says"), _REFUSED, ids=[f"{field}={value}" for field, value, _ in _REFUSED])
async def test_what_was_rented_with_cannot_be_edited(
    plane: Plane, stored: str, field: str, value: Any, says: tuple[str, ...]
) -> None:
    with pytest.raises(kube.Refused) as refused:
        await plane.kube.patch(kube.GPU_INSTANCES, stored, {"spec": {field: value}}, _NAMESPACE, dry_run=True)

    message = refused.value.message
    assert refused.value.status == 422
    missing = [word for word in (field, "cannot be changed", "create a new GPUInstance", *says) if word not in message]
    assert not missing, message


async def test_a_root_disk_cannot_shrink(plane: Plane, stored: str) -> None:
    with pytest.raises(kube.Refused) as refused:
        await plane.kube.patch(kube.GPU_INSTANCES, stored, {"spec": {"rootfsSizeGB": 70}}, _NAMESPACE, dry_run=True)

    assert refused.value.status == 422
    assert [
        word for word in ("spec.rootfsSizeGB", "from 80 to 70", "can only grow") if word not in refused.value.message
    ] == []


@pytest.mark.parametrize(("field", "value"), _TAKEN, ids=[field for field, _ in _TAKEN])
async def test_what_can_change_while_it_runs_can_be_edited(plane: Plane, stored: str, field: str, value: Any) -> None:
    edited = await plane.kube.patch(kube.GPU_INSTANCES, stored, {"spec": {field: value}}, _NAMESPACE, dry_run=True)

    stored_value = edited["spec"][field]
    if isinstance(value, dict):
        assert value.items() <= stored_value.items()
    else:
        assert stored_value == value
