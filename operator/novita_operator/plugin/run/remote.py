"""The program of a run on its machine, over the system's ssh.

It is started exactly once, in a session of its own, and goes on where the connection breaks: the operator's own scripts
do that for jobs, and here.
"""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import IO, Any, BinaryIO, TypeVar

from novita_operator.machines import errors
from novita_operator.machines.command import Command, Ran
from novita_operator.machines.programs import answers, script
from novita_operator.machines.programs.program import MARK, Environment, Program
from novita_operator.machines.programs.state import Ended, Lost, State
from novita_operator.machines.programs.stream import Part, Stream
from novita_operator.machines.scripts import Answer
from novita_operator.plugin import printing
from novita_operator.plugin.cluster import Wrong
from novita_operator.plugin.login import running
from novita_operator.plugin.login.running import Foreground
from novita_operator.plugin.login.session import Broken, Session
from novita_operator.plugin.run import interruptions

T = TypeVar("T")

_PATIENCE_SECONDS = 240.0  # a network that is away for longer takes the heartbeats with it
_AGAIN_SECONDS = 5.0
_SECONDS = 30.0  # counts for others: ssh itself notices a connection that is dead
_CHUNK = 64 * 1024


@dataclass
class Output:
    """Where it goes, and how many bytes have gone there, so that nothing is printed twice."""

    out: BinaryIO
    size: int = 0

    def take_all(self, stream: IO[Any] | None) -> None:
        """Whatever is printed, as soon as it comes. Raises ValueError where no machine of ours answers so."""
        told = Stream()
        while stream is not None and (data := stream.read1(_CHUNK)):  # type: ignore[attr-defined]
            for found in told.feed(data):
                if isinstance(found, Part):
                    self.write(found.data)

    def write(self, data: bytes) -> None:
        """At once."""
        self.out.write(data)
        self.out.flush()
        self.size += len(data)


@dataclass(frozen=True, slots=True)
class Remote:
    """All raise Broken where the machine is not reached any more, Wrong, and Interrupted."""

    session: Session
    name: str
    """Of the program."""
    check: Callable[[], None]
    """Raises where there is no machine any more to get back to."""

    def environment(self) -> Environment:
        """The variables of the container. Raises Wrong where they are not shown."""
        asked = script.command("environ", self.name, f"{MARK}={self.name}", seconds=_SECONDS)
        found = answers.environment(self._answer(asked))
        if found is None:
            raise self._wrong(errors.NoEnvironment("does not show the variables of its container to a login"))
        return found

    def folder(self, environment: Environment, below: str | None) -> str:
        """Where the program runs, as a whole path; `below`: a folder of that name at home, which is made."""
        made = f'cd "$HOME" && mkdir -p -- {shlex.quote(below)} && cd -- {shlex.quote(below)}' if below else None
        text = f"{made or script.place(environment)} && printf 'folder %s\\n' \"$(pwd -P)\""
        ran = self._steadily(lambda: self._ask(Command(shlex.join(["/bin/sh", "-c", text]))))
        found = [
            line for line in ran.output.decode(errors="surrogateescape").splitlines() if line.startswith("folder /")
        ]
        if ran.code or not found:
            raise Wrong(f"there is no folder for the program on {self.session.access.name}.")
        return found[-1].removeprefix("folder ")

    def start(self, words: tuple[str, ...], folder: str | None, environment: Environment) -> None:
        """Start it, unless it was ever started. `folder`: None for the container's own."""
        inside = ("/bin/sh", "-c", 'cd -- "$1" && shift && exec "$@"', "sh", folder, *words) if folder else words
        program = Program(self.name, inside)
        self._answer(script.start(program, environment, seconds=_SECONDS))

    def follow(self, output: Output) -> Ended:
        """Pass on what it prints until it has ended. Raises Wrong where nobody has seen its end."""
        while True:
            self._steadily(lambda: self._followed(output))
            match self._state():
                case Ended() as ended:
                    return ended
                case Lost():
                    raise Wrong(f"{self.session.access.name} was restarted under the program, which is lost.")
                case _:  # a job's, which the operator has not started yet
                    time.sleep(_AGAIN_SECONDS)

    def _state(self) -> State:
        answer = self._answer(script.command("look", self.name, seconds=_SECONDS))
        try:
            return answers.state(answer)
        except errors.MachineError as error:
            raise self._wrong(error) from None

    def _followed(self, output: Output) -> None:
        asked = script.follow(self.name, output.size, on=True)
        with self._started(asked) as ssh:
            ssh.feed(asked.stdin)
            try:
                output.take_all(ssh.process.stdout)
            except ValueError:
                ssh.process.terminate()
                raise self._wrong(errors.NoShell("answers a command with what nobody understands")) from None
            self._check(ssh)

    def _answer(self, asked: Command) -> Answer:
        ran = self._steadily(lambda: self._ask(asked))
        try:
            return answers.read(ran)
        except errors.MachineError as error:
            raise self._wrong(error) from None

    def _ask(self, asked: Command) -> Ran:
        with self._started(asked) as ssh:
            output, _ = ssh.process.communicate(asked.stdin)
            return Ran(self._check(ssh), None, output)

    def _started(self, asked: Command) -> AbstractContextManager[Foreground]:
        line = self.session.ssh("-T", "-o", "ClearAllForwardings=yes", command=[asked.text])
        return self.session.started(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=False)

    def _check(self, ssh: Foreground) -> int:
        """Its exit code. Raises Interrupted, and Broken where it is ssh's own: nothing that is run there has it."""
        code = ssh.exit_code()
        interruptions.check(ssh)
        if code == running.BROKEN_OFF:
            raise Broken(f"the connection to {self.session.access.name} does not come about, or has broken.")
        return code

    def _steadily(self, call: Callable[[], T]) -> T:
        """Whatever it is can be repeated: nothing is started twice, and nothing is printed twice."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                return call()
            except Broken as broken:
                self.check()
                if time.monotonic() > end:
                    raise
                printing.note(f"{broken} It is tried again in {_AGAIN_SECONDS:.0f} s.")
            time.sleep(_AGAIN_SECONDS)

    def _wrong(self, error: errors.MachineError) -> Wrong:
        return Wrong(f"{self.session.access.name} {error}.")
