"""Raw servers, for what no HTTP library can be made to send."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

_REQUEST_END = re.compile(rb"\r\n\r\n")
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@dataclass
class Seen:
    """What arrived: connections, bytes, and whole requests."""

    url: str = ""
    connections: int = 0
    received: bytes = b""

    def requests(self, method: str) -> int:
        """How many requests of this method began."""
        return len(re.findall(rf"{method} /\S* HTTP/1.1".encode(), self.received))


@dataclass(frozen=True)
class Connection:
    """One connection, as the script of a server sees it."""

    seen: Seen
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def read_line(self) -> None:
        self.seen.received += await self.reader.readline()

    async def read_request(self) -> bool:
        """A whole request with its body; False where the client has closed."""
        head = b""
        while not _REQUEST_END.search(head):
            line = await self.reader.readline()
            if not line:
                return False
            head += line
        length = _LENGTH.search(head)
        body = await self.reader.readexactly(int(length[1])) if length else b""
        self.seen.received += head + body
        return True

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Close so that the client sees a reset and no end."""
        self.writer.transport.abort()


Script = Callable[[Connection], Awaitable[None]]


@contextlib.asynccontextmanager
async def serving(script: Script) -> AsyncIterator[Seen]:
    """A server on a free port that plays the script on each connection, and then hangs up."""
    seen = Seen()
    playing: set[asyncio.Task[None]] = set()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.connections += 1
        task = asyncio.current_task()
        if task is not None:
            playing.add(task)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await script(Connection(seen, reader, writer))
        writer.close()
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await writer.wait_closed()

    server = await asyncio.start_server(play, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    seen.url = f"http://{host}:{port}"
    try:
        yield seen
    finally:
        server.close()
        for task in playing:
            task.cancel()
        await asyncio.gather(*playing, return_exceptions=True)
        await server.wait_closed()


def an_answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """A whole HTTP answer."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


def answering(*answers: bytes) -> Script:
    """One answer per request, on one connection or on several; the last one again and again."""
    left = list(answers)

    async def script(connection: Connection) -> None:
        while await connection.read_request():
            await connection.send(left.pop(0) if len(left) > 1 else left[0])

    return script
