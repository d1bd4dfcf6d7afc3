"""A reverse proxy in front of the API server that breaks what passes: statuses, silence, lost and old news."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from aiohttp import ClientSession, ClientTimeout, TCPConnector, web

_HOP_BY_HOP = frozenset({"connection", "content-length", "transfer-encoding", "content-encoding", "host", "keep-alive"})
_REASONS = {409: "Conflict", 410: "Expired", 429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable"}
_KINDS = {"gpuinstances": "object", "secrets": "secret", "events": "event", "novitaaccounts": "account"}


@dataclass(frozen=True)
class Asked:
    """A request, as far as faults look at it.

    `what`: object, secret, event, account or other; `how`: read, list, watch, metadata, status or write.
    """

    what: str
    how: str

    @classmethod
    def of(cls, request: web.Request) -> Asked:
        parts = request.path.strip("/").split("/")
        plural = next((part for part in parts if part in _KINDS), "")
        return cls(_KINDS.get(plural, "other"), _how(request, parts, plural))


def _how(request: web.Request, parts: list[str], plural: str) -> str:
    if request.method == "GET":
        if request.query.get("watch") == "true":
            return "watch"
        return "list" if parts[-1] == plural else "read"
    if request.method == "PATCH" and plural == "gpuinstances":
        return "status" if parts[-1] == "status" else "metadata"
    return "write"


@dataclass
class Trouble:
    """One fault. `times`: how often; `every`: each n-th request that matches, so that repeats get through in the end.

    `kind`: `status` (answer `code`, carry nothing out), `lost` (carry out, then drop the connection), `refused` (drop
    it at once), `gone` (a watch that ends with 410), `deaf` (a watch that leaves out events), `old` (a list is answered
    with the first one that was ever seen).
    """

    kind: str
    what: str = "object"
    how: str = "metadata"
    times: int = 6
    every: int = 2
    code: int = 500
    retry_after: int | None = None
    skip: int = 0
    seen: int = 0
    fired: int = 0

    def hits(self, asked: Asked) -> bool:
        """Whether it hits this request; counts it."""
        if self.what not in ("any", asked.what) or self.how not in ("any", asked.how):
            return False
        return self.turn()

    def turn(self) -> bool:
        """One more occasion."""
        self.seen += 1
        due = self.seen > self.skip and (self.seen - self.skip) % self.every == 0 and self.fired < self.times
        self.fired += due
        return due


@dataclass
class ApiProxy:
    """Between one operator and the API server. `down` refuses everything; `frozen` watches are open and silent.

    `account`: the only NovitaAccount that there is for this operator, "" for all: accounts belong to the whole cluster,
    and operators of other worlds would write what they think of it into its status.

    `expired`: how often the API server itself has said 410.
    """

    url: str
    certificate: Path
    troubles: list[Trouble] = field(default_factory=list)
    account: str = ""
    down: bool = False
    frozen: bool = False
    silenced: int = 0
    refused: int = 0
    expired: int = 0
    _session: ClientSession | None = None
    _watches: set[web.StreamResponse] = field(default_factory=set)
    _transports: set[Any] = field(default_factory=set)
    _first_lists: dict[str, tuple[bytes, Mapping[str, str]]] = field(default_factory=dict)
    _thawed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def fired(self) -> int:
        """Requests and events that were broken."""
        return sum(trouble.fired for trouble in self.troubles) + self.silenced + self.refused

    def freeze(self) -> None:
        """From now on watches are silent."""
        self.frozen = True
        self._thawed.clear()

    def thaw(self) -> None:
        self.frozen = False
        self._thawed.set()

    def cut(self) -> int:
        """Drop every connection on which something is under way; how many those were."""
        cut = list(self._transports)
        for transport in cut:
            transport.abort()
        return len(cut)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request on its way through."""
        asked = Asked.of(request)
        if self.down:
            self.refused += 1
            return _dropped(request)
        trouble = next((each for each in self.troubles if each.kind != "deaf" and each.hits(asked)), None)
        match trouble and trouble.kind:
            case "status":
                assert trouble is not None
                return _status(trouble)
            case "refused":
                return _dropped(request)
            case "gone":
                return _expired()
            case "old" if request.path in self._first_lists:
                body, headers = self._first_lists[request.path]
                return web.Response(body=body, headers=headers)
        return await self._forward(request, asked, lost=trouble is not None and trouble.kind == "lost")

    async def _forward(self, request: web.Request, asked: Asked, *, lost: bool) -> web.StreamResponse:
        assert self._session is not None
        transport = request.transport
        self._transports.add(transport)
        try:
            headers = {key: value for key, value in request.headers.items() if key.lower() not in _HOP_BY_HOP}
            headers["Accept-Encoding"] = "identity"
            async with self._session.request(
                request.method,
                f"{self.url}{self._path(request, asked)}",
                headers=headers,
                data=await request.read() or None,
            ) as reply:
                kept = {key: value for key, value in reply.headers.items() if key.lower() not in _HOP_BY_HOP}
                if asked.how == "watch" and reply.status == 200:
                    return await self._stream(request, reply.content.__aiter__(), kept, asked)
                body = await reply.read()
                self.expired += reply.status == 410
                if asked.how == "list":
                    self._first_lists.setdefault(request.path, (body, kept))
                return _dropped(request) if lost else web.Response(status=reply.status, body=body, headers=kept)
        finally:
            self._transports.discard(transport)

    def _path(self, request: web.Request, asked: Asked) -> str:
        if not self.account or asked.what != "account" or asked.how not in ("list", "watch"):
            return request.path_qs
        return str(request.rel_url.update_query(fieldSelector=f"metadata.name={self.account}"))

    async def _stream(
        self, request: web.Request, lines: AsyncIterator[bytes], headers: Mapping[str, str], asked: Asked
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        deaf = [each for each in self.troubles if each.kind == "deaf" and each.what == asked.what]
        async for line in lines:
            if self.frozen:
                self.silenced += 1
                await self._thawed.wait()
            self.expired += b'"code":410' in line
            if _is_news(line) and any(trouble.turn() for trouble in deaf):
                continue
            try:
                await response.write(line)
            except ConnectionResetError:
                break  # whoever watched is gone
        return response


def _is_news(line: bytes) -> bool:
    return json.loads(line)["type"] in {"ADDED", "MODIFIED", "DELETED"}


def _dropped(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _status(trouble: Trouble) -> web.Response:
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": f"the fault proxy answers {trouble.code}",
        "reason": _REASONS[trouble.code],
        "code": trouble.code,
    }
    headers = {} if trouble.retry_after is None else {"Retry-After": str(trouble.retry_after)}
    return web.json_response(body, status=trouble.code, headers=headers)


def _expired() -> web.Response:
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired", "code": 410}
    return web.json_response({"type": "ERROR", "object": {**status, "message": "too old resource version"}})


@asynccontextmanager
async def proxied(kubeconfig: Path, written: Path) -> AsyncIterator[ApiProxy]:
    """A proxy for the API server of a kubeconfig; `written` becomes a kubeconfig that points at it."""
    config = yaml.safe_load(await asyncio.to_thread(kubeconfig.read_text))
    cluster = config["clusters"][0]["cluster"]
    proxy = ApiProxy(cluster["server"], Path(cluster["certificate-authority"]))
    context = ssl.create_default_context(cafile=str(proxy.certificate))
    connector = TCPConnector(ssl=context, limit=0)
    async with ClientSession(
        connector=connector, timeout=ClientTimeout(total=None), auto_decompress=False, read_bufsize=2**22
    ) as session:
        proxy._session = session
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", proxy.handle)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        config["clusters"][0]["cluster"] = {"server": f"http://127.0.0.1:{runner.addresses[0][1]}"}
        await asyncio.to_thread(written.write_text, yaml.safe_dump(config))
        try:
            yield proxy
        finally:
            proxy.thaw()
            await runner.cleanup()
