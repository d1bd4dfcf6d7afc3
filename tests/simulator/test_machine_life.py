"""A machine from its instance's first start to its deletion: programs, disk, host key, addresses."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from tests.simulator import landlord
from tests.simulator.landlord import Landlord
from tests.simulator.tenant import LONG

_STAYS = "sleep 300"
# Daemons as people write them: in a session of their own, and without the environment that they were started with.
_HIDING = "setsid sleep 301 & env -i setsid sleep 302 & (setsid sh -c 'sleep 303 & sleep 304' &) ; echo up"


async def test_the_containers_program_runs_with_its_env_and_its_end_ends_the_instance(home: Landlord) -> None:
    instance_id, guest = await home.running(
        command="sh -c 'mkfifo fifo; echo \"$GREETING\" > said; cat fifo >/dev/null; echo bye; exit 3'",
        envs=[{"key": "GREETING", "value": "grüße 'x' $y"}],
    )
    said = home.home(instance_id) / "said"
    await landlord.until(lambda: said.exists() and said.read_text())
    before = await home.tenant.status(instance_id)
    await guest.ssh("echo > fifo")
    await landlord.until(lambda: _is(home, instance_id, "exited"))

    assert said.read_text() == "grüße 'x' $y\n"
    assert before == "running"
    assert home.log(instance_id) == "bye\n"
    (record,) = (await home.tenant.read("ledger"))["instances"]
    assert not record["billing"]
    assert await landlord.can_connect(guest.host, int(guest.port)) is False


@pytest.mark.parametrize(
    "order",
    [{"command": "true"}, {"entrypoint": "/bin/sh -c", "command": "'exit 0'"}, {"command": "sh -c 'x\0y'"}],
    ids=["a program", "a shell", "one that cannot start"],
)
async def test_a_program_that_ends_at_once_ends_the_instance(home: Landlord, order: dict[str, str]) -> None:
    instance_id = await home.tenant.create(**order)
    await home.tenant.wait(LONG)

    await landlord.until(lambda: _is(home, instance_id, "exited"))

    events = [entry["event"] for entry in (await home.tenant.read("ledger"))["entries"]]
    assert events[-2:] == ["containerEnded", "billingEnded"]


async def test_a_program_that_only_the_image_has_is_left_out_and_said_so(home: Landlord) -> None:
    instance_id, guest = await home.running(command="/start.sh --port 8888")

    assert (await guest.ssh("echo up")).text == "up\n"
    assert "'/start.sh' is not on this computer" in home.log(instance_id)
    assert await home.tenant.status(instance_id) == "running"


async def test_stop_ends_every_process_and_keeps_disk_and_host_key(home: Landlord) -> None:
    instance_id, guest = await home.running(command=_STAYS)
    await guest.ssh("echo kept > file")
    assert (await guest.ssh(f"{{ {_HIDING}; }} >/dev/null 2>&1 </dev/null")).code == 0
    await landlord.until(lambda: len(home.programs(instance_id)) >= 5)

    await home.act("stop", instance_id)
    await landlord.until(lambda: not home.programs(instance_id))
    stopped = await landlord.can_connect(guest.host, int(guest.port))
    await home.act("start", instance_id)
    again = await home.guest(instance_id)
    (home.files / "known_hosts").write_text(_renamed(home.files / "known_hosts", guest.port, again.port))
    said = await again.ssh("cat file", options=["-o", "StrictHostKeyChecking=yes"])

    assert stopped is False
    assert again.port != guest.port
    assert (said.code, said.text, said.err) == (0, "kept\n", "")


async def test_a_restart_keeps_addresses_and_ends_every_process(home: Landlord) -> None:
    instance_id, guest = await home.running(ports="8080/http", command=_STAYS)
    before = await home.tenant.detail(instance_id)
    await guest.ssh("echo kept > file; setsid sleep 305 >/dev/null 2>&1 </dev/null & echo $! > pid")
    (before_it,) = [pid for pid in home.programs(instance_id) if str(pid) == _read(home.home(instance_id) / "pid")]

    await home.act("restart", instance_id)
    after = await home.tenant.detail(instance_id)
    await landlord.until(lambda: landlord.can_connect(guest.host, int(guest.port)))
    said = await guest.ssh("cat file", options=["-o", "StrictHostKeyChecking=yes"])

    for block in ("connectComponentSSH", "portMappings"):
        assert after[block] == before[block]
    assert (said.code, said.text) == (0, "kept\n")
    assert before_it not in home.programs(instance_id)


@pytest.mark.parametrize(
    ("action", "body", "kept"),
    [
        ("upgrade", {"imageUrl": "ubuntu:24.04"}, False),
        ("upgrade", {"imageUrl": "ubuntu:24.04", "save": True}, True),
        ("migrate", {}, False),
    ],
    ids=["upgrade", "upgrade that saves", "migrate"],
)
async def test_another_container_has_another_disk_and_another_host_key(
    home: Landlord, action: str, body: dict[str, object], kept: bool
) -> None:
    instance_id, guest = await home.running()
    await guest.ssh("echo old > file")
    known = (home.files / "known_hosts").read_text()

    await home.act(action, instance_id, **body)
    again = await home.guest(instance_id)
    (home.files / "known_hosts").unlink()
    said = await again.ssh("cat file")

    assert (said.text == "old\n") is kept
    assert (_key(home.files / "known_hosts") == known.split()[-1]) is kept


async def test_delete_ends_every_process_and_removes_everything(home: Landlord) -> None:
    instance_id, guest = await home.running(command=_STAYS)
    assert (await guest.ssh(f"{{ {_HIDING}; }} >/dev/null 2>&1 </dev/null")).code == 0
    pids = await landlord.until(lambda: home.programs(instance_id))

    await home.act("delete", instance_id)
    await landlord.until(lambda: not home.disk(instance_id).parent.exists())

    assert len(pids) >= 1
    assert home.programs(instance_id) == []
    assert not await landlord.can_connect(guest.host, int(guest.port))


@pytest.mark.parametrize(
    ("state", "disk_stays"),
    [({"status": "exited"}, True), ({"status": "freezing"}, True), ({"gone": True}, False), ({"reclaim": True}, True)],
    ids=["a crash", "arrears", "it vanishes", "a reclaimed spot"],
)
async def test_whatever_else_ends_an_instance_ends_its_processes(
    home: Landlord, state: dict[str, object], disk_stays: bool
) -> None:
    instance_id, guest = await home.running(command=_STAYS, billingMode="spot")
    await landlord.until(lambda: home.programs(instance_id))

    await home.tenant.force(instance_id, **state)
    await home.tenant.wait(2 * 3600)  # the notice that a spot instance is given
    await landlord.until(lambda: not home.programs(instance_id))
    if not disk_stays:
        await landlord.until(lambda: not home.disk(instance_id).exists())

    assert home.disk(instance_id).exists() is disk_stays
    assert not await landlord.can_connect(guest.host, int(guest.port))


async def test_declared_ports_lead_to_whatever_listens_on_them(home: Landlord) -> None:
    web, raw = landlord.free_port(), landlord.free_port()
    instance_id, _ = await home.running(ports=f"{web}/http, {raw}/tcp")
    addresses = {each["port"]: each["endpoint"] for each in (await home.tenant.detail(instance_id))["portMappings"]}
    async with httpx.AsyncClient(trust_env=False) as client:
        before = await client.get(addresses[web])
        async with await asyncio.start_server(_serves_hello, "127.0.0.1", web):
            after = await client.get(addresses[web])
    server = await asyncio.start_server(_echoes, "127.0.0.1", raw)
    async with server:
        host, _, port = addresses[raw].rpartition(":")
        echoed = await _echo(host, int(port), b"x" * 1_000_000)

    assert (before.status_code, after.status_code, after.text) == (502, 200, "hello\n")
    assert echoed == b"x" * 1_000_000


async def test_ports_that_are_edited_lead_on_while_it_runs(home: Landlord) -> None:
    first, second = landlord.free_port(), landlord.free_port()
    instance_id, _ = await home.running(ports=f"{first}/tcp")
    (before,) = (await home.tenant.detail(instance_id))["portMappings"]

    await home.act("edit", instance_id, ports=[{"port": first, "type": "tcp"}, {"port": second, "type": "tcp"}])
    kept, added = (await home.tenant.detail(instance_id))["portMappings"]
    server = await asyncio.start_server(_echoes, "127.0.0.1", second)
    async with server:
        host, _, port = added["endpoint"].rpartition(":")
        echoed = await _echo(host, int(port), b"hello")

    assert kept == before
    assert echoed == b"hello"


async def test_jupyter_has_a_real_address_and_what_is_not_there_has_none(home: Landlord) -> None:
    instance_id, _ = await home.running(tools=[{"name": "Jupyter", "port": "8888", "type": "http"}])

    detail = await home.tenant.detail(instance_id)

    assert detail["connectComponentJupyter"]["address"].startswith("http://127.0.0.1:")
    assert not detail["connectComponentWebTerminal"]["isRunning"]
    assert detail["connectComponentWebTerminal"]["address"] == ""
    assert detail["connectComponentLog"]["instanceLogAddress"] == ""


async def _is(home: Landlord, instance_id: str, word: str) -> bool:
    return await home.tenant.status(instance_id) == word


def _read(path: Path) -> str:
    return path.read_text().strip()


def _key(known_hosts: Path) -> str:
    return known_hosts.read_text().split()[-1]


def _renamed(known_hosts: Path, before: str, now: str) -> str:
    """The same key under the address that the machine has now."""
    return known_hosts.read_text().replace(f":{before} ", f":{now} ")


async def _serves_hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n")
    await writer.drain()
    writer.close()


async def _echoes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def _echo(host: str, port: int, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)

    async def send() -> None:
        writer.write(data)
        await writer.drain()
        writer.write_eof()

    received, _ = await asyncio.gather(reader.read(-1), send())
    writer.close()
    return received
