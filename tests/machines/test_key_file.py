"""The operator's block in ~/.ssh/authorized_keys: on real simulated machines, and with OpenSSH's own server."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.machines.conftest import rented
from tests.simulator import landlord
from tests.support import sshd
from tests.support.identity import Identity

from novita_operator.machines import errors
from novita_operator.machines.host_keys import HostKey
from novita_operator.machines.key_file import KeyFile
from novita_operator.machines.login import Login, Place
from novita_operator.machines.pool import Pool
from novita_operator.machines.public_keys import Keys

_OWN = (
    "# mine\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me\n\n  $HOME `id` \\n\n"
)
_A, _B, _C = (f'ssh-ed25519 KEY{name} it\'s "{name}" $HOME `id`' for name in "ABC")
_BEGIN, _END = "# BEGIN novita-operator", "# END novita-operator"


@dataclass(frozen=True)
class Machine:
    """`write` is what is tested; `file` what becomes of it."""

    login: Login
    home: Path
    keys: KeyFile

    @property
    def file(self) -> Path:
        return self.home / ".ssh" / "authorized_keys"

    async def write(self, *lines: str) -> None:
        await self.keys.write(self.login, Keys(lines))

    def had(self, text: str) -> None:
        """Of whoever logs in."""
        self.file.parent.mkdir(mode=0o755, exist_ok=True)
        self.file.write_text(text)
        at = self.home.stat()
        for path in (self.file.parent, self.file):
            os.chown(path, at.st_uid, at.st_gid)

    async def lets_in(self, identity: Identity) -> bool:
        return await identity.gets_in(self.login.place.host, self.login.place.port)


@pytest.fixture(params=["simulated", "openssh"])
async def machine(request: pytest.FixtureRequest, pool: Pool, tmp_path: Path) -> AsyncIterator[Machine]:
    if request.param == "simulated":
        async with landlord.moved_in(tmp_path) as home:
            made = await rented(home)
            yield Machine(made.login, made.folder, KeyFile(pool))
            await pool.aclose()
        return
    async with sshd.serving(tmp_path) as server:
        shown = HostKey.parse(server.host_key).fingerprint
        login = Login(Place("127.0.0.1", server.port), "root", SecretStr(sshd.PASSWORD), shown)
        yield Machine(login, server.home, KeyFile(pool))


async def test_a_key_lets_in_as_long_as_it_is_in_the_block(machine: Machine, tmp_path: Path) -> None:
    jane, joe = await Identity.make(tmp_path), await Identity.make(tmp_path, "joe", "ecdsa")

    before = await machine.lets_in(jane)
    await machine.write(jane.public, joe.public)
    both = [await machine.lets_in(each) for each in (jane, joe)]
    await machine.write(joe.public)
    one = [await machine.lets_in(each) for each in (jane, joe)]

    assert (before, both, one) == (False, [True, True], [False, True])
    assert machine.file.stat().st_mode & 0o777 == 0o600
    assert machine.file.parent.stat().st_mode & 0o777 == 0o700


async def test_lines_of_ones_own_stay_and_nothing_is_left_of_ours(machine: Machine) -> None:
    machine.had(_OWN)

    await machine.write(_A, _B)
    both = machine.file.read_text()
    await machine.write(_C)
    other = machine.file.read_text()
    await machine.write()

    assert both.startswith(f"{_OWN}{_BEGIN} 2: ")
    assert both.endswith(f"\n{_A}\n{_B}\n{_END}\n")
    assert other.splitlines()[-2:] == [_C, _END]
    assert machine.file.read_text() == _OWN
    assert [path.name for path in machine.file.parent.iterdir()] == ["authorized_keys"]


async def test_what_is_as_it_should_be_is_not_written_again(machine: Machine) -> None:
    await machine.write(_A)
    before = machine.file.stat()

    await machine.write(_A)

    assert (machine.file.stat().st_ino, machine.file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


async def test_without_keys_and_without_a_file_none_is_made(machine: Machine) -> None:
    await machine.write()

    assert not machine.file.exists()


@pytest.mark.parametrize(
    ("spoilt", "kept"),
    [
        (lambda block: block.replace(f"{_END}\n", "") + "mine too\n", "mine too\n"),
        (lambda block: block.replace(_A, f"put in between\n{_A}") + "mine too\n", "mine too\n"),
        (lambda block: block + block + "mine too\n", "mine too\n"),
        (lambda block: block.replace(f"{_B}\n", "") + "mine too\n", "mine too\n"),
        (lambda block: block.replace(f"{_BEGIN} 2", f"{_BEGIN} 99999999999999999999"), ""),
        (lambda block: block.rstrip("\n") + "\nmine too", "mine too\n"),
    ],
    ids=["no last line", "a line within", "twice", "a key removed", "a number that is none", "no newline at the end"],
)
async def test_a_block_that_somebody_has_spoilt_is_replaced_and_takes_nothing_else_with_it(
    machine: Machine, spoilt: object, kept: str
) -> None:
    assert callable(spoilt)
    machine.had(_OWN)
    await machine.write(_A, _B)
    machine.had(_OWN + spoilt(machine.file.read_text().removeprefix(_OWN)))

    await machine.write()

    assert machine.file.read_text() == _OWN + kept


async def test_a_file_that_is_elsewhere_stays_there(machine: Machine) -> None:
    machine.had(_OWN)
    elsewhere = machine.home / "keys"
    machine.file.rename(elsewhere)
    machine.file.symlink_to(elsewhere)

    await machine.write(_A)

    assert machine.file.is_symlink()
    assert _A in elsewhere.read_text()


async def test_a_file_that_cannot_be_written_is_told_and_left_as_it_is(machine: Machine) -> None:
    machine.file.mkdir(parents=True)

    with pytest.raises(errors.NotWritten, match=r"does not let ~/\.ssh/authorized_keys be written"):
        await machine.write(_A)

    assert list(machine.file.iterdir()) == []
