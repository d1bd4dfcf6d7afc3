"""Logging in to a rented machine, as a person would by ssh."""

from __future__ import annotations

import asyncio
import re

import asyncssh

from demo.errors import DemoFailed

_SECONDS = 20.0  # from Ready on: a machine's door opens within one
_PAUSE = 0.1  # seconds between two knocks


def output_of(program: str, ssh: str, password: str) -> str:
    """What a program on the machine prints. `ssh` is the command of `status.connection`. Raises DemoFailed."""
    found = re.fullmatch(r"ssh -p (\d+) (\w+)@(\S+)", ssh)
    if found is None:
        raise DemoFailed(f"this is no ssh command: {ssh}")
    port, user, host = found.groups()
    options = asyncssh.SSHClientConnectionOptions(username=user, password=password, known_hosts=None, client_keys=None)
    try:
        return asyncio.run(_output(program, host, int(port), options))
    except (OSError, asyncssh.Error, TimeoutError) as error:
        raise DemoFailed(f"{ssh} {program}: {error or 'nobody answers'}") from error


async def _output(program: str, host: str, port: int, options: asyncssh.SSHClientConnectionOptions) -> str:
    async with asyncio.timeout(_SECONDS), await _connected(host, port, options) as connection:
        done = await connection.run(program, check=True)
    return str(done.stdout)


async def _connected(
    host: str, port: int, options: asyncssh.SSHClientConnectionOptions
) -> asyncssh.SSHClientConnection:
    while True:
        try:
            return await asyncssh.connect(host, port, options=options, config=None)
        except ConnectionRefusedError:  # the machine boots
            await asyncio.sleep(_PAUSE)
