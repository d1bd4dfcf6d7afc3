"""An API server in memory, behind the Kubernetes library's own client: versions, preconditions and merge patches."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from novita_operator.kube.client import KubeClient

Body = dict[str, Any]


@dataclass
class Answer:
    """What the library hands back of a response."""

    status: int
    body: Body
    headers: Mapping[str, str] = field(default_factory=dict)

    async def read(self) -> bytes:
        return json.dumps(self.body).encode()

    @property
    def response(self) -> Answer:
        """Itself: also the response of the HTTP client, whose content is read in pieces."""
        return self

    @property
    def content(self) -> Answer:
        return self

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        whole = await self.read()
        for start in range(0, len(whole), size):
            yield whole[start : start + size]

    def close(self) -> None:
        """Nothing is open."""

    def release(self) -> None:
        """Nothing is held."""


def merged(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


class ApiServer:
    """Objects by path. Stands in for `kubernetes.aio.client.ApiClient`, and remembers what was written."""

    def __init__(self, *bodies: Body) -> None:
        self.objects = {f"{body['metadata']['namespace']}/{body['metadata']['name']}": body for body in bodies}
        self.events: list[Body] = []
        self.writes: list[Body] = []

    @property
    def client(self) -> KubeClient:
        return KubeClient(cast("Any", self))

    async def param_serialize(
        self, method: str, path: str, where: Mapping[str, str], _query: Any, _headers: Any, body: Body | None, **_: Any
    ) -> tuple[str, str, Mapping[str, str], Body | None]:
        return method, path, where, body

    async def call_api(self, method: str, path: str, where: Mapping[str, str], body: Body | None, **_: Any) -> Answer:
        key = f"{where.get('namespace', '')}/{where.get('name', '')}"
        if path.endswith("/events"):
            self.events.append(body or {})
            return Answer(201, body or {})
        if key not in self.objects:
            return Answer(404, {"kind": "Status", "message": f"{key} not found"})
        if method == "PATCH":
            return self._patch(key, body or {}, only_status=path.endswith("/status"))
        return Answer(200, copy.deepcopy(self.objects[key]))

    def _patch(self, key: str, patch: Body, *, only_status: bool) -> Answer:
        held = self.objects[key]
        if patch["metadata"]["resourceVersion"] != held["metadata"]["resourceVersion"]:
            return Answer(409, {"kind": "Status", "message": "the object has been modified"})
        self.writes.append(patch)
        changed = {"status": merged(held.get("status"), patch["status"])} if only_status else merged(held, patch)
        self.touch(key, **({**held, **changed}))
        return Answer(200, copy.deepcopy(self.objects[key]))

    def touch(self, key: str, **parts: Any) -> Body:
        """Somebody writes the object: it has a new version."""
        held = self.objects[key]
        version = str(int(held["metadata"]["resourceVersion"]) + 1)
        new = {**held, **parts}
        new["metadata"] = {**new["metadata"], "resourceVersion": version}
        self.objects[key] = new
        return new
