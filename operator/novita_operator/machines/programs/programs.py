"""The calls: start, look, wait, end, output. Whatever breaks, each can be repeated."""

from __future__ import annotations

from dataclasses import dataclass

from novita_operator.machines import errors
from novita_operator.machines.command import Command, Runs
from novita_operator.machines.login import Login
from novita_operator.machines.programs import answers, script
from novita_operator.machines.programs.program import MARK, Environment, Program
from novita_operator.machines.programs.state import Printed, State

_SECONDS = 30.0  # a verb that waits for nothing takes milliseconds, and a machine at work may be slow
_ENVIRONMENT_BYTES = 256 * 1024  # as much as is taken from Secrets and ConfigMaps together


@dataclass(frozen=True, slots=True)
class Programs:
    """All raise MachineError: Unreachable and Interrupted are answered by the same call again."""

    machines: Runs

    async def look(self, login: Login, name: str) -> State:
        """What is known of the program now."""
        return await self._state(login, script.command("look", name, seconds=_SECONDS))

    async def start(self, login: Login, program: Program) -> State:
        """Start it, exactly once however often this is called and by whomever. Raises NoEnvironment, NoShell."""
        environment = await self.environment(login, program.name)
        return await self._state(login, script.start(program, environment, seconds=_SECONDS))

    async def environment(self, login: Login, name: str) -> Environment:
        """The variables of the container. Raises NoEnvironment, NoShell."""
        mark = f"{MARK}={name}"
        asked = script.command("environ", name, mark, seconds=_SECONDS, most_bytes=_ENVIRONMENT_BYTES)
        ran = await self.machines.run(login, asked)
        found = None if ran.cut else answers.environment(answers.read(ran))
        if found is None:
            raise errors.NoEnvironment("does not show the variables of its container to a command over ssh")
        return found

    async def wait(self, login: Login, name: str, seconds: int) -> State:
        """Its state once it has ended, or after so many seconds."""
        return await self._state(login, script.command("wait", name, str(seconds), seconds=seconds * 2 + _SECONDS))

    async def end(self, login: Login, name: str, grace: int) -> State:
        """SIGTERM, and SIGKILL after so many seconds; its state then."""
        return await self._state(login, script.command("end", name, str(grace), seconds=grace * 2 + _SECONDS))

    async def output(self, login: Login, name: str, most_bytes: int) -> Printed:
        """The last so many bytes of what it has printed, standard output and error in the order they came."""
        asked = script.command("output", name, str(most_bytes), seconds=_SECONDS * 4, most_bytes=most_bytes + 1024)
        return answers.printed(answers.read(await self.machines.run(login, asked)), most_bytes)

    async def _state(self, login: Login, command: Command) -> State:
        return answers.state(answers.read(await self.machines.run(login, command)))
