"""A port of the machine that leads inside: `python -m local_cluster.nodes.forwarding HANDLE PORT`.

HANDLE is a listening socket that was opened outside. A socket stays in the network namespace where it was opened, so
that connections from the machine arrive here, and are connected to 127.0.0.1:PORT of the inner network.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys

_CHUNK = 1 << 16


def listen(port: int) -> socket.socket:
    """Open the outer end. Raises OSError where the port is taken."""
    outer = socket.socket()
    outer.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    outer.bind(("127.0.0.1", port))
    outer.listen()
    return outer


async def _serve(outer: socket.socket, port: int) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):  # whoever is not there yet, or gone: the other side sees its end
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
            inner_writer.close()
        writer.close()

    async with await asyncio.start_server(connected, sock=outer) as server:
        await server.serve_forever()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until the end of what is read; the end is passed on."""
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


if __name__ == "__main__":
    asyncio.run(_serve(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])))
