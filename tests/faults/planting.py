"""Lies for judges to find: instances that are ordered, and objects that say things, without any operator."""

from __future__ import annotations

import uuid

import httpx
from tests.faults.rows.orphans import name_of
from tests.faults.sentinel import FINALIZER
from tests.faults.world import World
from tests.support import kube
from tests.support.kube import Body, Kind

_PRODUCT = "4090.16c62g"


async def rented(at: World, uid: str) -> str:
    """An instance that was ordered for the object of this UID, as an operator does it."""
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:  # noqa: S501 - plain HTTP
        order = {
            "name": name_of(at.settings["CLUSTER_ID"], uuid.UUID(uid)),
            "productId": _PRODUCT,
            "gpuNum": 1,
            "rootfsSize": 60,
            "imageUrl": "docker.io/library/ubuntu:22.04",
        }
        reply = await client.post(
            f"{at.novita.url}/gpu-instance/openapi/v1/gpu/instance/create",
            json=order,
            headers={"Authorization": f"Bearer {at.novita.key}"},
        )
    return str(reply.raise_for_status().json()["id"])


async def held(at: World, name: str = "gpu", *, finalizer: bool = True) -> Body:
    """A GPUInstance, with our finalizer or without."""
    body = at.workspace.instance_body(name)
    if finalizer:
        body["metadata"]["finalizers"] = [FINALIZER]
    return await at.stage.plane.kube.create(kube.GPU_INSTANCES, body)


async def says(at: World, name: str, instance: str, reason: str) -> None:
    """The GPUInstance names this instance, and is Ready for this reason."""
    change = {"instanceId": instance, "conditions": [condition("Ready", reason)]}
    await claims(at, kube.GPU_INSTANCES, name, change)


async def claims(at: World, kind: Kind, name: str, status: Body) -> None:
    """Merge this into the status of an object."""
    await at.stage.plane.kube.patch(kind, name, {"status": status}, at.workspace.namespace, subresource="status")


def condition(kind: str, reason: str) -> Body:
    """One that is true."""
    return {
        "type": kind,
        "status": "True",
        "reason": reason,
        "message": "It is so.",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
