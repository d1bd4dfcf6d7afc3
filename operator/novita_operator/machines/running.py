"""One command over an open connection: its input, a bounded part of its output, and how it ended."""

from __future__ import annotations

import asyncio

import asyncssh

from novita_operator.machines import errors
from novita_operator.machines.command import Command, Ran

_CHUNK = 64 * 1024


async def run(connection: asyncssh.SSHClientConnection, command: Command) -> Ran:
    """Raises Unreachable where it was surely not begun, Interrupted where nobody knows how it went on."""
    try:
        async with asyncio.timeout(command.seconds):
            process = await _begun(connection, command)
            try:
                return await _followed(process, command)
            finally:
                process.close()
    except TimeoutError:
        raise errors.Interrupted(f"does not end a command within {command.seconds:g} s") from None
    except (asyncssh.Error, OSError) as error:
        raise errors.Interrupted(f"has broken the connection ({type(error).__name__})") from None


async def _begun(connection: asyncssh.SSHClientConnection, command: Command) -> asyncssh.SSHClientProcess[bytes]:
    try:
        return await connection.create_process(
            command.text,
            encoding=None,
            stderr=asyncssh.DEVNULL,  # what nobody reads must not hold the command up
        )
    except asyncssh.ChannelOpenError:
        raise errors.Unreachable("opens no session for a command") from None


async def _followed(process: asyncssh.SSHClientProcess[bytes], command: Command) -> Ran:
    feeding = asyncio.create_task(_feed(process, command.stdin))
    try:
        output, cut = await _read(process.stdout, command.most_bytes)
        if cut:
            return Ran(None, None, output, cut=True)
        await process.wait_closed()
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
    if process.exit_status is None and process.exit_signal is None:
        raise errors.Interrupted("has broken the connection")
    signal = process.exit_signal[0] if process.exit_signal is not None else None
    return Ran(None if signal is not None else process.exit_status, signal, output)


async def _feed(process: asyncssh.SSHClientProcess[bytes], data: bytes) -> None:
    for at in range(0, len(data), _CHUNK):
        process.stdin.write(data[at : at + _CHUNK])
        await process.stdin.drain()
    process.stdin.write_eof()


async def _read(reader: asyncssh.SSHReader[bytes], most: int) -> tuple[bytes, bool]:
    parts: list[bytes] = []
    left = most
    while part := await reader.read(min(_CHUNK, left + 1)):
        if len(part) > left:
            return b"".join([*parts, part[:left]]), True
        parts.append(part)
        left -= len(part)
    return b"".join(parts), False
