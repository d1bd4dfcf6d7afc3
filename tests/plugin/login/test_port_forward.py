"""`port-forward`: a port here is a port there."""

from __future__ import annotations

import asyncio
import os
import re
import signal

from tests.plugin.login.conftest import ONLY_WITNESS, Machine
from tests.simulator import landlord
from tests.support import processes


async def test_ports_here_lead_to_ports_there_until_ctrl_c(machine: Machine) -> None:
    async with await asyncio.start_server(_answers_hello, "127.0.0.1", 0) as server:
        there = server.sockets[0].getsockname()[1]
        here = landlord.free_port()
        running = await machine.plugin.start(
            "port-forward", "-n", machine.workspace.namespace, "gpu", f"{here}:{there}", f":{there}"
        )
        assert running.stdout is not None
        said = [(await running.stdout.readline()).decode() for _ in range(2)]
        ports = [int(re.fullmatch(rf"Forwarding from 127\.0\.0\.1:(\d+) -> {there}\n", line)[1]) for line in said]  # type: ignore[index]
        heard = [await _hears(port) for port in ports]
        running.send_signal(signal.SIGINT)
        _, err = await running.communicate()

    assert ports[0] == here
    assert heard == [b"hello\n", b"hello\n"]
    assert (running.returncode, err) == (130, b"")
    assert not await landlord.can_connect("127.0.0.1", here)


@ONLY_WITNESS
async def test_a_port_that_is_taken_here_is_said(machine: Machine) -> None:
    async with await asyncio.start_server(_answers_hello, "127.0.0.1", 0) as server:
        taken = server.sockets[0].getsockname()[1]
        refused = await machine.plugin.run("port-forward", "gpu", str(taken))

    assert (refused.code, refused.out) == (1, "")
    assert "Address already in use" in refused.err


@ONLY_WITNESS
async def test_a_connection_that_breaks_is_an_error(machine: Machine) -> None:
    here = landlord.free_port()
    running = await machine.plugin.start("port-forward", "-n", machine.workspace.namespace, "gpu", f"{here}:1")
    assert running.stdout is not None
    assert await running.stdout.readline()

    (ssh,) = processes.children(running.pid)
    os.kill(ssh, signal.SIGKILL)
    _, err = await running.communicate()

    assert running.returncode == 1
    assert b"the connection to gpu has broken" in err


async def _answers_hello(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"hello\n")
    await writer.drain()
    writer.close()


async def _hears(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = await reader.read(-1)
    writer.close()
    return heard
