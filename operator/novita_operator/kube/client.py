"""The few calls that we need, by intent. Every write of ours goes through here, with a precondition."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from kubernetes.aio import client as api_client
from kubernetes.aio import config as api_config

from novita_operator.api import meta
from novita_operator.api.kinds import Kind
from novita_operator.egress import certificates
from novita_operator.kube import bodies, errors, merging, pages
from novita_operator.kube.bodies import Content, MetadataChanges
from novita_operator.kube.cache import Key, key_of

Body = dict[str, Any]
Bodies = list[Body]
_TIMEOUT_SECONDS = 30  # an API server that needs longer is down for our purposes
# More at once make a busy API server no faster, and each TLS connection holds a third of a MiB.
_CONNECTIONS = 16
_TOKEN = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
_JSON = "application/json"
_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_MERGE_PATCH = "application/merge-patch+json"
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"


async def connect(kubeconfig: Path | None = None) -> KubeClient:
    """A client for the cluster of `$KUBECONFIG`, `~/.kube/config`, or the pod's ServiceAccount, in this order."""
    configuration = api_client.Configuration()
    if kubeconfig is None and _TOKEN.exists():  # noqa: ASYNC240 - once, at the start
        api_config.load_incluster_config(client_configuration=configuration)
    else:
        await api_config.load_kube_config(
            config_file=str(kubeconfig) if kubeconfig else None, client_configuration=configuration
        )
    configuration.proxy = configuration.proxy or _proxy_of(configuration.host)
    configuration.connection_pool_maxsize = _CONNECTIONS
    # What the environment says is read once, above: aiohttp would read it, and ~/.netrc, anew for each call.
    configuration.client_session_kwargs = {"trust_env": False}
    return KubeClient(api_client.ApiClient(configuration))


def _proxy_of(url: str) -> str | None:
    """The proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY ask for on the way to this URL."""
    parts = urlsplit(url)
    return None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)


class KubeClient:
    """Calls to one API server. Raises the tree of `kube.errors`, nothing else."""

    def __init__(self, api: api_client.ApiClient, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._monotonic = monotonic

    async def aclose(self) -> None:
        await self._api.close()

    async def get(self, kind: Kind, namespace: str, name: str) -> Body:
        """The server's own copy of one object of ours (a quorum read). Raises NotFound."""
        return await self._call("GET", kind.path + "/{name}", namespace=namespace, name=name)

    def each(self, kind: Kind, namespaces: Sequence[str] = ()) -> AsyncIterator[Body]:
        """Every object of a kind, in these namespaces or in all, read from etcd and not from a cache.

        Of however many and however large ones there are, two pages of bounded size are in memory at most.
        """
        return self._each(kind, namespaces, _JSON)

    async def versions(self, kind: Kind, namespaces: Sequence[str] = ()) -> dict[Key, str]:
        """The resourceVersion of every object of a kind; only metadata crosses the wire."""
        every = self._each(kind, namespaces, _METADATA_ONLY)
        return {key_of(kind.plural, body): str(body["metadata"]["resourceVersion"]) async for body in every}

    async def _each(self, kind: Kind, namespaces: Sequence[str], accept: str) -> AsyncIterator[Body]:
        for namespace in namespaces if kind.namespaced and namespaces else ("",):
            path = kind.path if namespace else kind.path_of_all
            async for body in self._items(path, namespace=namespace, accept=accept):
                yield body

    async def served(self) -> frozenset[str]:
        """The plural names of the kinds of our group and version that are served; anybody may ask."""
        try:
            found = await self._call("GET", f"/apis/{meta.GROUP}/{meta.VERSION}")
        except errors.NotServed:
            return frozenset()
        return frozenset(each["name"] for each in found.get("resources") or ())

    async def namespaces_with(self, selector: str) -> frozenset[str]:
        """The names of the namespaces that a label selector selects; an empty one selects none."""
        return await self._namespaces({"labelSelector": selector}) if selector else frozenset()

    async def all_namespaces(self) -> frozenset[str]:
        """The names of all namespaces."""
        return await self._namespaces({})

    async def _namespaces(self, selected: Mapping[str, str]) -> frozenset[str]:
        found = self._items("/api/v1/namespaces", selected)
        return frozenset([body["metadata"]["name"] async for body in found])

    async def list_labelled(self, kind: Kind, namespace: str, labels: Mapping[str, str]) -> Bodies:
        """The objects of a kind in one namespace that have all these labels, read from etcd."""
        return [body async for body in self._items(kind.path, _labelled(labels), namespace)]

    async def _items(
        self, path: str, selected: Mapping[str, str] | None = None, namespace: str = "", accept: str = _JSON
    ) -> AsyncIterator[Body]:
        query, limit = dict(selected or {}), pages.FIRST_OBJECTS
        while True:
            asked, most, began = {"limit": str(limit), **query}, pages.most_bytes(limit), self._monotonic()
            try:
                page = await self._call("GET", path, query=asked, accept=accept, most=most, namespace=namespace)
            except pages.TooLarge:
                limit = pages.fewer(limit)
                continue
            took = self._monotonic() - began
            for body in page.get("items") or []:  # null where a list of metadata only is empty
                yield body
            token = page.get("metadata", {}).get("continue", "")
            if not token:
                return
            query, limit = query | {"continue": token}, pages.following(limit, took)

    async def create(self, kind: Kind, body: Body) -> Body:
        """Create an object of ours. Raises Conflict where the name is taken."""
        return await self._call("POST", kind.path, body=body, namespace=body["metadata"].get("namespace", ""))

    async def delete(
        self, kind: Kind, namespace: str, name: str, *, uid: str, version: str | None = None
    ) -> Body | None:
        """Ask for the deletion of this very object, and in the background of what it owns.

        Returns what is left of it: an object with a finalizer stays. `version`: only if nobody wrote it since.
        Raises NotFound, and Conflict where the name belongs to another object by now.
        """
        must = {"uid": uid} | ({"resourceVersion": version} if version is not None else {})
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": must,
            "propagationPolicy": "Background",
        }
        left = await self._call("DELETE", kind.path + "/{name}", namespace=namespace, name=name, body=options)
        return None if left.get("kind") == "Status" else left

    async def patch_metadata(self, kind: Kind, at: meta.Meta, **changes: Unpack[MetadataChanges]) -> Body:
        """Write these parts of the metadata, if nobody wrote the object since `at` was read. Raises Conflict."""
        body = {"metadata": {"resourceVersion": at.resource_version, "uid": at.uid, **bodies.wire_names(changes)}}
        path = kind.path + "/{name}"
        return await self._call("PATCH", path, namespace=at.namespace, name=at.name, body=body)

    async def patch_status(self, kind: Kind, at: meta.Meta, old: Body, new: Body) -> Body:
        """Turn the status `old` into `new`, if nobody wrote the object since `at` was read. Raises Conflict."""
        body = {
            "metadata": {"resourceVersion": at.resource_version, "uid": at.uid},
            "status": merging.difference(old, new),
        }
        path = kind.path + "/{name}/status"
        return await self._call("PATCH", path, namespace=at.namespace, name=at.name, body=body)

    async def read_secret(self, namespace: str, name: str) -> Content:
        """What is in a Secret. Raises NotFound."""
        path = "/api/v1/namespaces/{namespace}/secrets/{name}"
        return bodies.content_of_secret(await self._call("GET", path, namespace=namespace, name=name))

    async def read_config_map(self, namespace: str, name: str) -> Content:
        """What is in a ConfigMap. Raises NotFound."""
        path = "/api/v1/namespaces/{namespace}/configmaps/{name}"
        body = await self._call("GET", path, namespace=namespace, name=name)
        return Content(body.get("data") or {}, frozenset(body.get("binaryData") or ()))

    async def labelled(self, path: str, namespace: str, labels: Mapping[str, str]) -> Bodies:
        """The objects of Kubernetes' own at this path that have all these labels."""
        return [body async for body in self._items(path, _labelled(labels), namespace)]

    async def create_event(self, event: Body) -> None:
        """Post an Event of the core API, which `kubectl describe` shows."""
        namespace = event["metadata"]["namespace"]
        await self._call("POST", "/api/v1/namespaces/{namespace}/events", namespace=namespace, body=event)

    async def get_namespace(self, name: str) -> Body:
        """A Namespace: the UID of `kube-system` names the cluster, labels decide on admission."""
        return await self._call("GET", "/api/v1/namespaces/{name}", name=name)

    async def get_lease(self, namespace: str, name: str) -> Body:
        """A Lease. Raises NotFound."""
        return await self._call("GET", _LEASES + "/{name}", namespace=namespace, name=name)

    async def create_lease(self, body: Body) -> Body:
        """Raises Conflict where somebody was faster."""
        return await self._call("POST", _LEASES, body=body, namespace=body["metadata"]["namespace"])

    async def replace_lease(self, body: Body) -> Body:
        """Write it, if nobody wrote it since it was read. Raises Conflict."""
        at = body["metadata"]
        return await self._call("PUT", _LEASES + "/{name}", body=body, namespace=at["namespace"], name=at["name"])

    async def request(
        self, method: str, path: str, *, body: Body | None = None, query: Mapping[str, str] | None = None, **where: str
    ) -> Body:
        """A call that only one place makes, about objects of Kubernetes' own; see `installed` and `belongings`."""
        return await self._call(method, path, body=body, query=query, most=None, **where)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        body: Body | None = None,
        query: Mapping[str, str] | None = None,
        accept: str = _JSON,
        most: int | None = None,
        **where: str,
    ) -> Body:
        """Raises pages.TooLarge where the answer has more than `most` bytes."""
        headers = {"Accept": accept, "Content-Type": _JSON}
        if method == "PATCH":
            headers["Content-Type"] = _MERGE_PATCH
            query = {"fieldManager": meta.FIELD_MANAGER, **(query or {})}
        try:
            request = await self._api.param_serialize(
                method, path, where, list((query or {}).items()), headers, body, auth_settings=["BearerToken"]
            )
            response = await self._api.call_api(*request, _request_timeout=_TIMEOUT_SECONDS)
            content = await response.read() if most is None else await pages.read(response.response, most)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            why = certificates.refusal(error) or type(error).__name__
            raise errors.Unreachable(f"the API server could not be reached: {why}") from error
        if response.status >= 400:  # noqa: PLR2004 - HTTP: client and server errors
            raise errors.from_response(response.status, content, response.headers.get("Retry-After"))
        return _parsed(content)


def _labelled(labels: Mapping[str, str]) -> dict[str, str]:
    return {"labelSelector": bodies.selector(labels)}


def _parsed(content: bytes) -> Body:
    try:
        body = json.loads(content)
    except ValueError as error:
        raise errors.Unreachable("the API server's answer was cut short") from error
    return body if isinstance(body, dict) else {}
