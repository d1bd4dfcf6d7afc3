"""Scripts that a machine's own shell reads from an ssh session, and the lines that it answers with. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from novita_operator.machines import errors
from novita_operator.machines.command import Command, Ran

_TEXT = "utf-8"
# Plain words: whatever the login shell is, it does not change them.
_SHELL = "exec /bin/sh -s --"


@dataclass(frozen=True, slots=True)
class Answer:
    """`facts`: the lines, each a word and a value. `rest`: what follows them after an empty line."""

    facts: Mapping[str, str]
    rest: bytes


def command(script: str, *words: str, seconds: float, most_bytes: int = 64 * 1024) -> Command:
    """Runs `main` of the script with these words, which no shell changes. Read to its end before anything is done."""
    # Nothing that the script starts may read the rest of it.
    sent = f'{script}\nmain "$@" </dev/null\n'
    return Command(" ".join((_SHELL, *words)), sent.encode(_TEXT, "surrogateescape"), seconds, most_bytes)


def read(ran: Ran, mark: bytes) -> Answer:
    """`mark`: the line that the script begins with. Raises NoShell where none of ours has answered: none ever will."""
    head, _, rest = ran.output.partition(b"\n\n")
    # A login may print a greeting first.
    before, found, told = head.partition(mark + b"\n")
    if not found and head.endswith(mark):
        before, found, told = head.removesuffix(mark), mark, b""
    if not found or (before and not before.endswith(b"\n")):
        raise errors.NoShell("runs no shell for a command over ssh")
    lines = told.decode(_TEXT, "replace").splitlines()
    return Answer(dict(line.split(" ", 1) for line in lines if " " in line), rest)
