"""Real receivers on this machine, and a name server that says what a test wants."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Got:
    """One request as it arrived."""

    path: str
    headers: Mapping[str, str]
    raw: bytes

    @property
    def payload(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.raw)
        return found


@dataclass
class Place:
    """An HTTP receiver that answers as it is told to. It can be closed and opened again on its port."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    port: int = 0
    got: list[Got] = field(default_factory=list)
    answer: Callable[[Got], int] | None = None
    _free: asyncio.Event = field(default_factory=asyncio.Event)
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/hook"

    async def __aenter__(self) -> Self:
        self._free.set()
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Listen, on the port of before if there was one."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Refuse connections."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def hold(self) -> None:
        """Answer nobody until `go_on`."""
        self._free.clear()

    def go_on(self) -> None:
        self._free.set()

    def events(self, name: str | None = None) -> list[str]:
        """What was told, in order; about one object, or all."""
        return [got.payload["event"] for got in self.got if name is None or got.payload["object"]["name"] == name]

    async def _take(self, request: web.Request) -> web.Response:
        got = Got(request.path_qs, {key.lower(): value for key, value in request.headers.items()}, await request.read())
        self.got.append(got)
        await self._free.wait()
        status = self.status if self.answer is None else self.answer(got)
        return web.Response(status=status, headers=self.headers, body=self.body)


@dataclass
class Names:
    """A name server: addresses by name; another answer each time where several are given."""

    known: Mapping[str, Sequence[str]]
    asked: list[str] = field(default_factory=list)

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        if host not in self.known:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return self.known[host]


def seed_accepts(secret: str, got: Got) -> bool:
    """The check of the gateway's example receiver, line for line."""
    expected = hmac.new(secret.encode(), got.raw, hashlib.sha256).hexdigest()
    return got.headers.get("x-signature") == f"sha256={expected}"
