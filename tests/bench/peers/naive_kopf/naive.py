"""The operator that kopf's tutorial leads to: create, timer and delete handlers for each object.

It is here to be measured beside ours. Run it with `kopf run --standalone -n <namespace> naive.py`; NOVITA_API_URL and
NOVITA_API_KEY say where to rent.
"""

from __future__ import annotations

import os
from typing import Any

import httpx
import kopf

GROUP, VERSION, PLURAL = "gpu.novita.ai", "v1alpha1", "gpuinstances"
BASE = os.environ["NOVITA_API_URL"] + "/gpu-instance/openapi/v1"
HEADERS = {"Authorization": f"Bearer {os.environ['NOVITA_API_KEY']}"}
CLIENT = httpx.AsyncClient(headers=HEADERS, timeout=30)
PRODUCT = os.environ.get("PRODUCT_ID", "4090.16c62g")


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
    settings.posting.enabled = False


@kopf.on.create(GROUP, VERSION, PLURAL, backoff=1)
async def create(name: str, patch: kopf.Patch, **_: Any) -> None:
    body = {"name": name, "productId": PRODUCT, "gpuNum": 1, "rootfsSize": 60, "imageUrl": "ubuntu:22.04"}
    reply = await _call("POST", "/gpu/instance/create", json=body | {"billingMode": "onDemand"})
    patch.status["instanceId"] = reply["id"]
    patch.status["phase"] = "Creating"


@kopf.timer(GROUP, VERSION, PLURAL, interval=float(os.environ.get("POLL_SECONDS", "5")))
async def poll(status: kopf.Status, patch: kopf.Patch, **_: Any) -> None:
    if status.get("instanceId"):
        found = await _call("GET", "/gpu/instance", params={"instanceId": status["instanceId"]})
        if found["status"] == "running" and status.get("phase") != "Ready":
            patch.status["phase"] = "Ready"


@kopf.on.delete(GROUP, VERSION, PLURAL, backoff=1)
async def delete(status: kopf.Status, **_: Any) -> None:
    if status.get("instanceId"):
        await _call("POST", "/gpu/instance/delete", json={"instanceId": status["instanceId"]})


async def _call(method: str, path: str, **rest: Any) -> Any:
    reply = await CLIENT.request(method, BASE + path, **rest)
    reply.raise_for_status()
    return reply.json() if reply.content else {}
