"""What Helm installed around the operator: its Deployment, its pods, its Lease, the report of its uninstall."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from novita_operator.api import kinds, meta
from novita_operator.api.events import Event
from novita_operator.kube import errors
from novita_operator.kube.client import KubeClient
from novita_operator.kube.recorder import Recorder

_ACCOUNTS = kinds.NOVITA_ACCOUNT
_SCALE = "/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale"
_PODS = "/api/v1/namespaces/{namespace}/pods"
_LEASE = "/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{name}"
_CONFIG_MAP = "/api/v1/namespaces/{namespace}/configmaps/{name}"
_LOOK_SECONDS = 1.0  # between looks at pods that end


class Installed:
    """One release. `name` is that of its Deployment and of its Lease."""

    def __init__(self, kube: KubeClient, namespace: str, name: str) -> None:
        self._kube = kube
        self._namespace = namespace
        self._name = name

    async def end(self, seconds: float) -> bool:
        """Scale the Deployment to 0 and wait for its pods to go; False where one is still there after this time.

        Raises kube errors.
        """
        try:
            scaled = await self._scale(0)
        except errors.NotFound:
            return True
        selected = {"labelSelector": scaled["status"]["selector"]}
        end = time.monotonic() + seconds
        while await self._pods(selected):
            if time.monotonic() > end:
                return False
            await asyncio.sleep(_LOOK_SECONDS)
        return True

    async def start(self) -> None:
        """Scale the Deployment to one pod, and do not wait for it. Raises kube errors."""
        await self._scale(1)

    async def _scale(self, replicas: int) -> dict[str, Any]:
        body = {"spec": {"replicas": replicas}}
        return await self._kube.request("PATCH", _SCALE, body=body, namespace=self._namespace, name=self._name)

    async def _pods(self, selected: Mapping[str, str]) -> int:
        """How many have not ended. A pod that has, e.g. one that was evicted, may stay for ever."""
        found = await self._kube.request("GET", _PODS, query=selected, namespace=self._namespace)
        return sum(pod["status"].get("phase") not in {"Succeeded", "Failed"} for pod in found["items"])

    async def remove_lease(self) -> None:
        """Delete the Lease, if there is one. Only when no operator runs any more. Raises kube errors."""
        try:
            await self._kube.request("DELETE", _LEASE, namespace=self._namespace, name=self._name)
        except errors.NotFound:
            return

    async def write_config_map(self, name: str, data: Mapping[str, str]) -> None:
        """Put these entries into a ConfigMap that exists, and the time. Raises kube errors."""
        body = {"data": {**data, "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}}
        await self._kube.request("PATCH", _CONFIG_MAP, body=body, namespace=self._namespace, name=name)

    async def tell_accounts(self, events: Mapping[str, Event]) -> None:
        """Post an Event on each of these accounts, as far as they exist. Raises kube errors."""
        recorder = Recorder(self._kube, self._name)
        async for body in self._kube.each(_ACCOUNTS):
            at = meta.Meta.model_validate(body["metadata"])
            if event := events.get(at.name):
                await recorder.post("NovitaAccount", at, event, datetime.now(UTC))
