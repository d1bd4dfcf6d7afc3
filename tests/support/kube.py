"""A small typed client of the API server for tests: independent of the operator's own."""

from __future__ import annotations

import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

Body = dict[str, Any]
Bodies = list[Body]  # inside the class, `list` is a method
_MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}
_TIMEOUT_SECONDS = 30.0  # a loaded machine with two cores; an idle one answers within milliseconds


@dataclass(frozen=True)
class Kind:
    """A resource as its URL needs it."""

    prefix: str
    plural: str
    namespaced: bool = True

    def path(self, namespace: str = "", name: str = "") -> str:
        """The URL of one object, of one namespace's objects, or of all."""
        where = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{self.prefix}{where}/{self.plural}" + (f"/{name}" if name else "")


GPU_INSTANCES = Kind("/apis/gpu.novita.ai/v1alpha1", "gpuinstances")
NOVITA_ACCOUNTS = Kind("/apis/gpu.novita.ai/v1alpha1", "novitaaccounts", namespaced=False)
CRDS = Kind("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions", namespaced=False)
SECRETS = Kind("/api/v1", "secrets")
CONFIG_MAPS = Kind("/api/v1", "configmaps")
EVENTS = Kind("/api/v1", "events")
SERVICE_ACCOUNTS = Kind("/api/v1", "serviceaccounts")
NAMESPACES = Kind("/api/v1", "namespaces", namespaced=False)
CLUSTER_ROLE_BINDINGS = Kind("/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings", namespaced=False)


class Refused(Exception):
    """The API server said no; `message` is its own sentence, which is what kubectl prints."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


class Kube:
    """Calls to one API server with one user's token. Every method raises Refused for an answer that is no success.

    `user`: on whose behalf the owner of the token calls, as `kubectl --as` does; the rights that count are this user's.
    """

    def __init__(self, url: str, certificate: Path, token: str, *, user: str | None = None) -> None:
        on_behalf = {"Impersonate-User": user} if user is not None else {}
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}", "User-Agent": "novita-operator-tests", **on_behalf},
            verify=ssl.create_default_context(cafile=str(certificate)),
            timeout=_TIMEOUT_SECONDS,
            trust_env=False,
        )

    @classmethod
    def of(cls, kubeconfig: Path, *, user: str | None = None) -> Kube:
        """A client for the current context of a kubeconfig that holds a token."""
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, owner = config["clusters"][0]["cluster"], config["users"][0]["user"]
        return cls(cluster["server"], Path(cluster["certificate-authority"]), owner["token"], user=user)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def get(self, kind: Kind, name: str, namespace: str = "") -> Body:
        """One object."""
        return await self._call("GET", kind.path(namespace, name))

    async def find(self, kind: Kind, name: str, namespace: str = "") -> Body | None:
        """One object, or None where there is none."""
        try:
            return await self.get(kind, name, namespace)
        except Refused as refused:
            if refused.status == httpx.codes.NOT_FOUND:
                return None
            raise

    async def list(self, kind: Kind, namespace: str = "") -> Bodies:
        """All objects of a namespace, or of the cluster."""
        items: Bodies = (await self._call("GET", kind.path(namespace))).get("items", [])
        return items

    async def watch(self, kind: Kind, namespace: str, version: str) -> AsyncIterator[Body]:
        """Every change after this resourceVersion, as `{"type": …, "object": …}`, for as long as it is iterated.

        The API server ends a watch whose reader is slow, or that is old: it is opened again where it ended.
        """
        while True:
            query = {"watch": "true", "resourceVersion": version}
            async with self._client.stream("GET", kind.path(namespace), params=query, timeout=None) as reply:
                with contextlib.suppress(httpx.RemoteProtocolError):
                    async for line in reply.aiter_lines():
                        change = json.loads(line)
                        if change["type"] == "ERROR":
                            raise Refused(change["object"]["code"], change["object"]["message"])
                        version = change["object"]["metadata"]["resourceVersion"]
                        yield change

    async def snapshot(self, kind: Kind, namespace: str) -> tuple[Bodies, str]:
        """All objects of a namespace, and the resourceVersion to watch from."""
        answer = await self._call("GET", kind.path(namespace))
        return answer.get("items", []), answer["metadata"]["resourceVersion"]

    async def create(self, kind: Kind, body: Body, *, dry_run: bool = False) -> Body:
        """As `kubectl create` does it: fields that nobody knows are refused."""
        namespace = body["metadata"].get("namespace", "")
        return await self._call("POST", kind.path(namespace), body=body, query=_strictly(dry_run))

    async def patch(
        self, kind: Kind, name: str, change: Body, namespace: str = "", *, subresource: str = "", dry_run: bool = False
    ) -> Body:
        """A JSON merge patch."""
        path = kind.path(namespace, name) + (f"/{subresource}" if subresource else "")
        return await self._call("PATCH", path, body=change, query=_strictly(dry_run), headers=_MERGE_PATCH)

    async def post(self, path: str, body: Body) -> Body:
        """Anything else that is posted, such as a token request."""
        return await self._call("POST", path, body=body)

    async def delete(self, kind: Kind, name: str, namespace: str = "") -> None:
        """Ask for the deletion of one object; nothing if there is none."""
        try:
            await self._call("DELETE", kind.path(namespace, name))
        except Refused as refused:
            if refused.status != httpx.codes.NOT_FOUND:
                raise

    async def delete_all(self, kind: Kind, namespace: str) -> None:
        """Ask for the deletion of everything of a kind in a namespace."""
        await self._call("DELETE", kind.path(namespace))

    async def _call(
        self,
        method: str,
        path: str,
        *,
        body: Body | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Body:
        reply = await self._client.request(method, path, json=body, params=query, headers=headers)
        if not reply.is_success:
            raise Refused(reply.status_code, _said(reply))
        answer: Body = reply.json()
        return answer


def _said(reply: httpx.Response) -> str:
    """Its own sentence; where a whole kind is not served, it is no JSON."""
    try:
        return str(reply.json().get("message", ""))
    except json.JSONDecodeError:
        return reply.text


def _strictly(dry_run: bool) -> dict[str, str]:
    return {"fieldValidation": "Strict"} | ({"dryRun": "All"} if dry_run else {})
