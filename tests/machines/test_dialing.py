"""Opening a connection to a simulated machine: its host key first, and an error named after what is to be done."""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
from pydantic import SecretStr
from tests.machines.conftest import SHORT, Rented, dialer
from tests.simulator import landlord

from novita_operator.egress.guard import Guard
from novita_operator.egress.names import Names, PublicNames
from novita_operator.machines import errors
from novita_operator.machines.command import Command
from novita_operator.machines.dialing import Dialer
from novita_operator.machines.login import Place
from novita_operator.machines.pool import Pool


async def test_the_host_key_is_the_one_that_openssh_sees_and_nobody_logs_in(machine: Rented) -> None:
    place = machine.login.place

    key = await dialer().host_key(place)

    seen = await asyncio.to_thread(
        subprocess.run, ["ssh-keyscan", "-p", str(place.port), place.host], capture_output=True, check=True, text=True
    )
    assert key.line in seen.stdout
    printed = await asyncio.to_thread(
        subprocess.run, ["ssh-keygen", "-lf", "-"], input=key.line, capture_output=True, check=True, text=True
    )
    assert printed.stdout.split()[1] == key.fingerprint


async def test_the_password_is_not_sent_to_another_host_key(machine: Rented, pool: Pool) -> None:
    await machine.home.tenant.fault("ssh-wrong-password")  # it would be counted
    wrong = replace(machine.login, fingerprint="SHA256:AAAA")

    with pytest.raises(errors.HostKeyChanged) as refused:
        await pool.run(wrong, Command("touch here"))

    assert refused.value.shown == machine.login.fingerprint
    assert (await machine.home.tenant.read("faults"))["fired"] == 0
    assert not (machine.folder / "here").exists()


async def test_a_refused_password_is_told_apart_from_a_machine_that_is_away(machine: Rented) -> None:
    with pytest.raises(errors.LoginRefused):
        await dialer().connect(replace(machine.login, password=SecretStr("another one")))

    await machine.home.tenant.fault("ssh-refused")
    with pytest.raises(errors.Unreachable, match=r"(refuses|closes) the connection"):
        await dialer().connect(machine.login)


@pytest.mark.parametrize("after", [0, 300, 1500])
async def test_a_machine_that_falls_silent_is_given_up_in_time(machine: Rented, after: int) -> None:
    fault = {"bytes": after} if after else {}
    await machine.home.tenant.fault("ssh-silent", **fault)

    with pytest.raises(errors.Unreachable, match="does not answer within 1 s"):
        await dialer(SHORT).connect(machine.login)


async def test_what_speaks_no_ssh_is_unreachable() -> None:
    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 canary\r\n\r\n" * 2000)
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        place = Place("127.0.0.1", server.sockets[0].getsockname()[1])
        with pytest.raises(errors.Unreachable) as refused:
            await dialer(SHORT).host_key(place)

    assert "canary" not in str(refused.value)


async def test_an_address_that_may_not_be_reached_is_not(machine: Rented) -> None:
    strict = Dialer(PublicNames(Names(monotonic=time.monotonic), Guard()))

    with pytest.raises(errors.Unreachable, match="no public address; ALLOW_PRIVATE_ENDPOINTS"):
        await strict.host_key(machine.login.place)


async def test_the_next_address_of_a_name_is_tried(machine: Rented) -> None:
    async def two(_: str) -> Sequence[str]:
        return ["127.0.0.1", "127.0.0.2"]

    with socket.socket() as taken:  # the machine listens on the first alone
        taken.bind(("127.0.0.2", machine.login.place.port))
        names = Names(monotonic=time.monotonic, lookup=two)
        names_reversed = _Reversed(names)
        key = await Dialer(names_reversed).host_key(Place("two.example", machine.login.place.port))

    assert key.fingerprint == machine.login.fingerprint


async def test_neither_passwords_nor_commands_nor_output_are_logged(
    machine: Rented, pool: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    await pool.run(machine.login, Command("echo canary-command", stdin=b"canary-input"))
    with pytest.raises(errors.LoginRefused) as refused:
        await dialer().connect(replace(machine.login, password=SecretStr("canary-password")))
    await machine.home.tenant.fault("ssh-cut", bytes=4000, times=1)
    with pytest.raises((errors.Interrupted, errors.Unreachable)):
        await Pool(dialer()).run(machine.login, Command("echo canary-cut; head -c 1000000 /dev/zero"))

    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("aiohttp")]
    assert not [text for text in ours if "canary" in text or machine.guest.password in text]
    assert "canary" not in repr(refused.value)
    assert refused.value.__cause__ is None


async def test_a_host_key_that_changes_is_seen_by_the_next_connection(machine: Rented) -> None:
    await machine.home.tenant.fault("ssh-host-key-changed", times=1)

    with pytest.raises(errors.HostKeyChanged) as refused:
        await dialer().connect(machine.login)
    opened = await dialer().connect(machine.login)
    opened.abort()

    assert refused.value.shown.startswith("SHA256:")
    assert refused.value.shown != machine.login.fingerprint
    await landlord.until(opened.is_closed)


class _Reversed:
    def __init__(self, names: Names) -> None:
        self._names = names

    async def find(self, host: str, tenant: str | None = None) -> tuple[str, ...]:
        return tuple(reversed(await self._names.find(host, tenant)))
