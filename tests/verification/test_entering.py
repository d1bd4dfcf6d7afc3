"""A login costs no more time than was paid for."""

from __future__ import annotations

import asyncio

from pydantic import SecretStr

from novita_operator.clock import SystemClock
from novita_operator.novita.models import Ssh
from novita_operator.verification import entering
from novita_operator.verification.evidence import Door


async def _hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def test_a_server_that_says_nothing_is_left_when_the_time_is_over() -> None:
    silent = await asyncio.start_server(_hold, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]

    async with asyncio.timeout(15):  # one try alone would wait for 20 s
        found = await entering.enter(
            Ssh(f"ssh -p {port} root@127.0.0.1", SecretStr("word")), "verify-x", SystemClock(), 0.5
        )

    silent.close()
    assert (found.door, found.said) == (Door.UNREACHED, "has not answered in the time that is paid for")
