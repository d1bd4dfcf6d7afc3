"""The operator's block in a machine's `~/.ssh/authorized_keys`: written as a whole, and nothing beside it touched."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from functools import cache
from importlib import resources

from novita_operator.machines import errors, scripts
from novita_operator.machines.command import Runs
from novita_operator.machines.login import Login
from novita_operator.machines.public_keys import Keys

_MARK = b"authorized-keys 1"
_SECONDS = 30.0  # it takes milliseconds, and a machine at work may be slow


@dataclass(frozen=True, slots=True)
class KeyFile:
    """One call, which can be repeated however it ends."""

    machines: Runs

    async def write(self, login: Login, keys: Keys) -> None:
        """From now on these keys let in, and no others of ours. Raises MachineError."""
        sent = f"{_script()}\nkeys={shlex.quote(chr(10).join(keys.lines))}\n"
        command = scripts.command(sent, str(len(keys.lines)), seconds=_SECONDS)
        answer = scripts.read(await self.machines.run(login, command), _MARK)
        match answer.facts.get("state"):
            case "same" | "written":
                return
            case "refused":
                raise errors.NotWritten("does not let ~/.ssh/authorized_keys be written: it is full, or read-only")
            case _:
                raise errors.NoShell("answers a command with what nobody understands")


@cache
def _script() -> str:
    return (resources.files("novita_operator.machines") / "authorized_keys.sh").read_text("utf-8")
