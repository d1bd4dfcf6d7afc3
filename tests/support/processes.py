"""Processes that a test starts: stopped by their pid, their output in a file, their end awaited."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import waiting

from local_cluster import processes as by_pid

REPOSITORY = Path(__file__).resolve().parents[2]
# What every program gets: the code of this checkout, whichever one is installed, and nothing that changes behaviour.
BARE_ENVIRONMENT: Mapping[str, str] = {
    "PATH": os.environ["PATH"],
    "PYTHONPATH": str(REPOSITORY / "operator"),
    "PYTHONUNBUFFERED": "1",
}
_TAIL_LINES = 40


def hear_interrupts() -> None:
    """A shell that runs the tests in the background makes them, and whatever they start, deaf to SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass
class Program:
    """A running program that writes a log."""

    log: Path

    @property
    def running(self) -> bool:
        raise NotImplementedError

    async def tail(self, lines: int = _TAIL_LINES) -> str:
        """The end of its output."""
        return f"--- {self.log.name}\n" + "\n".join(self.output().splitlines()[-lines:])

    def output(self) -> str:
        return self.log.read_text(errors="replace")


@dataclass
class SharedProgram(Program):
    """A program that belongs to all workers of the run; nobody but the end of the run stops it."""

    started: by_pid.Started

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> SharedProgram:
        """The program that another worker has described by `facts`."""
        return cls(Path(facts["log"]), by_pid.Started(facts["pid"], facts["ticks"]))

    def facts(self) -> dict[str, Any]:
        return {"log": str(self.log), "pid": self.started.pid, "ticks": self.started.ticks}

    @property
    def running(self) -> bool:
        return self.started.alive


@dataclass
class Child(Program):
    """A program that we have started and that we stop."""

    process: subprocess.Popen[bytes]

    @classmethod
    def start(
        cls, command: Sequence[str], log: Path, environment: Mapping[str, str], *, handles: Sequence[int] = ()
    ) -> Child:
        """Start it with this environment and no other; it inherits these file descriptors, and nothing else."""
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**BARE_ENVIRONMENT, **environment},
                cwd=log.parent,
                start_new_session=True,
                pass_fds=tuple(handles),
                preexec_fn=hear_interrupts,  # noqa: PLW1509 - no threads of ours hold a lock that the child needs
            )
        # Should we be killed, the end of the run finds it by this file.
        by_pid.save(log.with_name(f"{log.stem}-{process.pid}.pids.json"), {log.stem: by_pid.known(process.pid)})
        return cls(log, process)

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.running:
            self.process.send_signal(number)

    async def ended(self, seconds: float = waiting.DEADLINE_SECONDS) -> int:
        """Its exit code, once it has ended; a signal's number is negative."""

        async def code() -> tuple[int] | None:
            found = self.process.poll()
            return None if found is None else (found,)

        (exit_code,) = await waiting.until(code, f"process {self.process.pid} ends", seconds=seconds, explain=self.tail)
        return exit_code

    async def kill(self) -> None:
        """SIGKILL: it cannot tidy up anything."""
        self.send(signal.SIGKILL)
        await self.ended()

    def give_away(self) -> SharedProgram:
        """Make it everybody's: from now on only the end of the run stops it."""
        self.process.returncode = 0  # the object is dropped, and must not complain that the process runs on
        return SharedProgram(self.log, by_pid.known(self.process.pid))


def children(pid: int) -> list[int]:
    """What a process has started, and what still runs of it."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def read_when_written(path: Path, program: Program) -> str:
    """The content of a file that the process writes when it is ready. Raises AssertionError if it ends before."""

    def read() -> str | None:
        return path.read_text() if path.exists() else None

    async def content() -> str | None:
        assert program.running, await program.tail()
        return await asyncio.to_thread(read)

    return await waiting.until(content, f"{path.name} is written", explain=program.tail)
