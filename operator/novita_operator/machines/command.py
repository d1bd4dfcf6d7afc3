"""One command for a machine, and how it ended. Values only, so that whoever sends it chooses the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from novita_operator.machines.login import Login


@dataclass(frozen=True, slots=True)
class Command:
    """`text` goes to the login shell of the machine's user. `most_bytes` of its output are read, and no more."""

    text: str
    stdin: bytes = b""
    seconds: float = 60.0
    most_bytes: int = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended. `code` is None where a signal ended it, or where its output was longer than asked for."""

    code: int | None
    signal: str | None
    output: bytes
    cut: bool = False


class Runs(Protocol):
    """Runs commands on machines: `machines.pool.Pool`."""

    async def run(self, login: Login, command: Command) -> Ran:
        """Raises MachineError."""
        ...
