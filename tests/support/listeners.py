"""Real listeners on this machine, for the ports of simulated instances to lead to."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from aiohttp import web

_HOST = "127.0.0.1"


class TcpListener:
    """Accepts connections and says nothing, while it is open. The port stays the same."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self._server: asyncio.Server | None = None

    @property
    def endpoint(self) -> str:
        return f"{_HOST}:{self.port}"

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Listen, on the port of before if there was one."""
        self._server = await asyncio.start_server(self._accepted, _HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Refuse connections from now on."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def _accepted(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.close()


class HttpListener:
    """Answers every request with `status`. It can be made to hold requests back."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.location = ""
        self.requests: list[web.Request] = []
        self.answered = 0
        self.port = 0
        self._answers_left = 1_000_000  # more than any test asks for
        self._free = asyncio.Event()
        self._runner: web.AppRunner | None = None

    @property
    def endpoint(self) -> str:
        return f"http://{_HOST}:{self.port}"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, handle_signals=False)
        await self._runner.setup()
        site = web.TCPSite(self._runner, _HOST, 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._free.set()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def held(self) -> int:
        """Requests that wait for their answer."""
        return len(self.requests) - self.answered

    def hold_after(self, answers: int) -> None:
        """Give so many more answers, and no further one until `go_on`."""
        self._answers_left = answers

    def go_on(self) -> None:
        self._free.set()

    async def _answer(self, request: web.Request) -> web.Response:
        self.requests.append(request)
        self._answers_left -= 1
        if self._answers_left < 0:
            await self._free.wait()
        self.answered += 1
        headers = {"Location": self.location} if self.location else {}
        return web.Response(status=self.status, headers=headers)
