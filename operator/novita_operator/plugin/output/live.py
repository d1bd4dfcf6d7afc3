"""The output of a program as it prints it: one login, for as long as it lasts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import typer

from novita_operator.machines.command import Command
from novita_operator.machines.programs.stream import From, Look, Part, Stream
from novita_operator.plugin.cluster import Wrong
from novita_operator.plugin.login.running import Foreground
from novita_operator.plugin.login.session import Session
from novita_operator.plugin.output.seen import Seen

_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Heard:
    """`seen`: how far it was shown. `look`: the last one at the program; None where the machine told nothing.

    `complaint`: what ssh says where the connection broke or never came about; None where it did its part.
    """

    seen: Seen
    look: Look | None
    complaint: str | None


def hear(there: Session, asked: Command, seen: Seen, show: Callable[[bytes], None]) -> Heard:
    """Show what comes. Raises Exit where a person interrupts it, Wrong where nobody understands it, and OSError."""
    script, said = there.folder / "script", there.folder / "said"
    script.write_bytes(asked.stdin)
    line = there.ssh("-T", "-o", "ClearAllForwardings=yes", command=[asked.text])
    with script.open("rb") as given, said.open("wb") as complaints:
        streams = {"stdin": given, "stdout": subprocess.PIPE, "stderr": complaints}
        with there.started(line, **streams) as ssh:
            try:
                heard = _heard(ssh, seen, show)
            except ValueError:
                ssh.process.terminate()
                raise Wrong(f"{there.access.name} answers with what nobody understands.") from None
            code = ssh.exit_code()
    if ssh.interrupted:
        raise typer.Exit(code)
    return Heard(heard.seen, heard.look, None if code == 0 else _last_line(said) or f"ssh ended with {code}.")


def _heard(ssh: Foreground, seen: Seen, show: Callable[[bytes], None]) -> Heard:
    look, stream = None, Stream()
    while data := _read(ssh):
        for found in stream.feed(data):
            match found:
                case Part(part):
                    show(part)
                    seen = seen.and_then(part)
                case From(at):
                    seen = Seen(at, seen.end)
                case Look():
                    look = found
    return Heard(seen, look, None)


def _read(ssh: Foreground) -> bytes:
    return os.read(ssh.process.stdout.fileno(), _CHUNK) if ssh.process.stdout is not None else b""


def _last_line(file: Path) -> str:
    lines = file.read_text("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
