"""What a machine may answer when keys are written, and what it means. No machine is needed."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from pydantic import SecretStr

from novita_operator.machines import errors
from novita_operator.machines.command import Command, Ran
from novita_operator.machines.key_file import KeyFile
from novita_operator.machines.login import Login, Place
from novita_operator.machines.public_keys import Keys

_LOGIN = Login(Place("proxy.example", 32787), "root", SecretStr("canary-password"), "SHA256:x")


@dataclass
class Answering:
    output: bytes
    sent: list[Command] = field(default_factory=list)

    async def run(self, login: Login, command: Command) -> Ran:
        assert login == _LOGIN
        self.sent.append(command)
        return Ran(0, None, self.output)


async def test_keys_go_through_the_input_and_not_through_the_command_line() -> None:
    machine = Answering(b"Welcome!\nauthorized-keys 1\nstate written\n")

    await KeyFile(machine).write(_LOGIN, Keys(("ssh-ed25519 AAAA it's $HOME", "ssh-rsa BBBB")))

    (command,) = machine.sent
    assert command.text == "exec /bin/sh -s -- 2"
    assert command.stdin.endswith(
        b"\nkeys='ssh-ed25519 AAAA it'\"'\"'s $HOME\nssh-rsa BBBB'\n\nmain \"$@\" </dev/null\n"
    )


@pytest.mark.parametrize(
    ("output", "error"),
    [
        (b"authorized-keys 1\nstate refused\n", errors.NotWritten),
        (b"authorized-keys 1\nstate what\n", errors.NoShell),
        (b"authorized-keys 1", errors.NoShell),
        (b"This service allows sftp connections only.\n", errors.NoShell),
        (b"", errors.NoShell),
    ],
)
async def test_every_other_answer_is_an_error(output: bytes, error: type[errors.MachineError]) -> None:
    with pytest.raises(error):
        await KeyFile(Answering(output)).write(_LOGIN, Keys(("ssh-ed25519 AAAA",)))
