"""Programs on a machine with OpenSSH's own server: an independent witness of what the simulator's server shows."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.machines.conftest import dialer
from tests.simulator import landlord
from tests.support import sshd

from novita_operator.machines import errors
from novita_operator.machines.host_keys import HostKey
from novita_operator.machines.login import Login, Place
from novita_operator.machines.pool import Pool
from novita_operator.machines.programs.program import Program
from novita_operator.machines.programs.programs import Programs
from novita_operator.machines.programs.state import Ended, Running

NAME = "uid-1"
_AWKWARD = 'it\'s "all" $HOME `id` \\n\nsecond line: grüße 🚀 '
_COUNTED = "echo started >> ran; while ! [ -e go ]; do sleep 0.1; done; exit 5"


@dataclass(frozen=True)
class Server:
    """How to log in to it. `folder`: the home of the user that does."""

    login: Login
    folder: Path


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with sshd.serving(tmp_path, GPU_JOB_ID=NAME, TOKEN=_AWKWARD) as made:
        shown = HostKey.parse(made.host_key).fingerprint
        yield Server(Login(Place("127.0.0.1", made.port), "root", SecretStr(sshd.PASSWORD), shown), made.home)


@pytest.mark.parametrize(("text", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 137), ("sleep 0.05", 0)])
async def test_the_exit_code_is_that_of_the_program(server: Server, pool: Pool, text: str, code: int) -> None:
    programs = Programs(pool)

    await programs.start(server.login, Program(NAME, ("sh", "-c", text)))
    found = await programs.wait(server.login, NAME, 60)

    assert isinstance(found, Ended)
    assert found.code == code


async def test_words_environment_and_output_are_as_they_were_written(server: Server, pool: Pool) -> None:
    programs = Programs(pool)
    text = 'printf "%s" "$1" > word; printf "%s" "$TOKEN" > token; pwd; printf "\\000\\377no newline"'

    await programs.start(server.login, Program(NAME, ("sh", "-c", text, "sh", _AWKWARD)))
    await programs.wait(server.login, NAME, 60)
    output = await programs.output(server.login, NAME, 1024 * 1024)

    assert (server.folder / "word").read_text() == (server.folder / "token").read_text() == _AWKWARD
    assert output.end == f"{server.folder}\n".encode() + b"\0\xffno newline"


async def test_a_program_outlives_its_connection_and_is_started_once(server: Server, pool: Pool) -> None:
    first, asked = Pool(dialer()), Program(NAME, ("sh", "-c", _COUNTED))
    await Programs(first).start(server.login, asked)
    await landlord.until((server.folder / "ran").exists)
    await first.aclose()

    found = await Programs(pool).start(server.login, asked)
    (server.folder / "go").touch()
    ended = await Programs(pool).wait(server.login, NAME, 60)

    assert isinstance(found, Running)
    assert isinstance(ended, Ended)
    assert (ended.code, (server.folder / "ran").read_text()) == (5, "started\n")


async def test_a_program_gets_time_to_end_by_itself(server: Server, pool: Pool) -> None:
    text = "trap 'echo bye > said; exit 4' TERM; touch up; while true; do sleep 0.1; done"
    await Programs(pool).start(server.login, Program(NAME, ("sh", "-c", text)))
    await landlord.until((server.folder / "up").exists)

    found = await Programs(pool).end(server.login, NAME, 30)

    assert isinstance(found, Ended)
    assert (found.code, (server.folder / "said").read_text()) == (4, "bye\n")


async def test_neither_another_host_key_nor_a_wrong_password_gets_in(server: Server, pool: Pool) -> None:
    other = replace(server.login, fingerprint="SHA256:another")
    wrong = replace(server.login, password=SecretStr("not-the-password"))

    with pytest.raises(errors.HostKeyChanged, match=re.escape(server.login.fingerprint)):
        await Programs(pool).look(other, NAME)
    with pytest.raises(errors.LoginRefused):
        await Programs(pool).look(wrong, NAME)
