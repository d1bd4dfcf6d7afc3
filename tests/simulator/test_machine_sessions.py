"""Sessions on a real machine, by the system's own ssh: what is typed arrives, what comes out comes back."""

from __future__ import annotations

import asyncio
import hashlib
import os

import asyncssh
import pytest
from tests.simulator import landlord
from tests.simulator.guest import Guest
from tests.simulator.landlord import Landlord

_COMMANDS = {
    "quotes": ("""printf '%s|' "a 'b'" 'c "d"'""", """a 'b'|c "d"|"""),
    "dollars": ("x=5; printf '%s' \"$x\" '$x' \\$x", "5$x$x"),
    "newlines": ("echo one\necho two", "one\ntwo\n"),
    "unicode": ("printf '%s' 'grüße 日本 🚀'", "grüße 日本 🚀"),
    "no newline": ("printf end", "end"),
}


@pytest.mark.parametrize("name", _COMMANDS)
async def test_a_command_arrives_as_it_was_written(home: Landlord, name: str) -> None:
    command, output = _COMMANDS[name]
    _, guest = await home.running()

    said = await guest.ssh(command)

    assert (said.code, said.text, said.err) == (0, output, "")


async def test_exit_codes_streams_and_input_are_those_of_the_program(home: Landlord) -> None:
    _, guest = await home.running()
    data = os.urandom(3_000_000)

    codes = [(await guest.ssh(f"exit {code}")).code for code in (0, 3, 255)]
    both = await guest.ssh("echo out; echo err >&2; exit 7")
    echoed = await guest.ssh("cat", stdin=data)
    missing = await guest.ssh("no-such-program")
    shell = await guest.ssh(stdin=b"echo from a script\nexit 5\n")

    assert codes == [0, 3, 255]
    assert (both.code, both.text, both.err) == (7, "out\n", "err\n")
    assert (echoed.code, hashlib.sha256(echoed.out).digest()) == (0, hashlib.sha256(data).digest())
    assert (missing.code, "not found" in missing.err) == (127, True)
    assert (shell.code, shell.text) == (5, "from a script\n")


async def test_a_program_that_a_signal_ends_is_told_as_such(home: Landlord) -> None:
    _, guest = await home.running()

    async with _connected(guest) as connection:
        killed = await connection.run("kill -9 $$")
        process = await connection.create_process("echo ready; exec sleep 300")
        assert await process.stdout.readline() == "ready\n"
        process.send_signal("TERM")
        ended = await process.wait()

    assert (killed.exit_signal or ("",))[0] == "KILL"
    assert (ended.exit_signal or ("",))[0] == "TERM"
    assert (await guest.ssh("kill -9 $$")).code == 255


async def test_a_signal_does_not_wait_behind_input_that_nobody_reads(home: Landlord) -> None:
    _, guest = await home.running()

    async with _connected(guest) as connection:
        process = await connection.create_process("echo ready; exec sleep 300", encoding=None)
        assert await process.stdout.readline() == b"ready\n"
        process.stdin.write(b"x" * 1_000_000)
        process.send_signal("TERM")
        ended = await process.wait()

    assert (ended.exit_signal or ("",))[0] == "TERM"


async def test_the_environment_is_the_instances_and_nothing_else(
    home: Landlord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY_OF_THE_SIMULATOR", "sk_canary")
    instance_id, guest = await home.running(envs=[{"key": "MODEL", "value": "llama 3 $HOME\n'x'"}])

    said = await guest.ssh("env -0")

    found = dict(each.split("=", 1) for each in said.text.split("\0") if each)
    assert found["MODEL"] == "llama 3 $HOME\n'x'"
    assert found["HOME"] == str(home.home(instance_id))
    expected = {"MODEL", "HOME", "PATH", "LANG", "TMPDIR", "USER", "LOGNAME", "SHELL"}
    assert found.keys() - expected <= {"PWD", "SHLVL", "_", "OLDPWD"}  # a shell's own


async def test_nobody_is_root_and_files_are_the_machines_own(home: Landlord) -> None:
    instance_id, guest = await home.running()

    said = await guest.ssh("id -u; touch mine; pwd; ulimit -c")

    uid, place, cores = said.text.split()
    assert uid != "0"
    assert place == str(home.home(instance_id))
    assert (home.home(instance_id) / "mine").stat().st_uid == int(uid)
    assert home.disk(instance_id).stat().st_mode & 0o077 == 0
    assert cores == "0"


async def test_a_terminal_is_one_and_has_the_size_of_the_clients_window(home: Landlord) -> None:
    _, guest = await home.running()

    plain = await guest.ssh("tty")
    async with _connected(guest) as connection:
        shown = await connection.run("tty >/dev/null && stty size", term_type="xterm", term_size=(91, 17))
        process = await connection.create_process(
            "trap 'stty size' WINCH; echo ready; while true; do sleep 0.1; done", term_type="xterm", term_size=(80, 24)
        )
        assert await process.stdout.readline() == "ready\r\n"
        process.change_terminal_size(100, 40)
        resized = await process.stdout.readline()

    assert plain.text == "not a tty\n"
    assert str(shown.stdout) == "17 91\r\n"
    assert resized == "40 100\r\n"
    assert (await guest.ssh("tty", options=["-tt"])).text.startswith("/dev/")


async def test_what_runs_on_a_terminal_ends_with_the_connection(home: Landlord) -> None:
    instance_id, guest = await home.running()

    async with guest.going_on("sleep 300", options=["-tt"]):
        await landlord.until(lambda: home.programs(instance_id))

    await landlord.until(lambda: not home.programs(instance_id))


async def test_what_was_detached_outlives_its_session(home: Landlord) -> None:
    instance_id, guest = await home.running()

    detached = await guest.ssh("setsid sleep 300 >/dev/null 2>&1 </dev/null & echo $!")
    async with guest.going_on("touch here; exec sleep 300"):
        await landlord.until((home.home(instance_id) / "here").exists)
    assert len(home.programs(instance_id)) == 2  # sshd, too, ends no program whose connection broke
    assert int(detached.text) in home.programs(instance_id)


async def test_only_root_gets_in_and_only_with_the_password(home: Landlord) -> None:
    instance_id, guest = await home.running()
    (home.files / "other").mkdir()
    detail = await home.tenant.detail(instance_id)
    detail["connectComponentSSH"]["password"] = "another"
    wrong = Guest.of(detail, home.files / "other")

    refused = [await wrong.ssh("true"), await (await home.guest(instance_id, user="ubuntu")).ssh("true")]

    assert [said.code for said in refused] == [255, 255]
    assert ["Permission denied" in said.err for said in refused] == [True, True]
    assert (await guest.ssh("true")).code == 0


async def test_a_key_in_authorized_keys_is_good_for_a_login(home: Landlord) -> None:
    _, guest = await home.running()
    key = asyncssh.generate_private_key("ssh-ed25519")
    await guest.ssh("mkdir -p .ssh && cat > .ssh/authorized_keys", stdin=key.export_public_key())

    async with asyncssh.connect(
        guest.host, int(guest.port), username="root", client_keys=[key], known_hosts=None, config=None
    ) as connection:
        said = await connection.run("echo in")

    assert said.stdout == "in\n"


async def test_ports_are_forwarded_both_ways(home: Landlord) -> None:
    _, guest = await home.running()
    server = await asyncio.start_server(_answers_hello, "127.0.0.1", 0)
    inner = server.sockets[0].getsockname()[1]
    here, there = landlord.free_port(), landlord.free_port()

    ways = ["-L", f"{here}:127.0.0.1:{inner}", "-R", f"{there}:127.0.0.1:{inner}", "-o", "ExitOnForwardFailure=yes"]
    async with server, guest.going_on("echo up; sleep 300", options=ways) as process:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"up\n"
        heard = [await _hears(port) for port in (here, there)]

    assert heard == [b"hello\n", b"hello\n"]


async def _answers_hello(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"hello\n")
    writer.close()


async def _hears(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = await reader.read()
    writer.close()
    return heard


def _connected(guest: Guest) -> asyncssh.misc._ACMWrapper[asyncssh.SSHClientConnection]:
    """A client that can send signals and sizes of windows, which the system's cannot be told to."""
    return asyncssh.connect(
        guest.host,
        int(guest.port),
        username="root",
        password=guest.password,
        known_hosts=None,
        config=None,
        client_keys=None,
    )
