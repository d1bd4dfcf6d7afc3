"""Attending to programs in the background: passes read what is known, and news wake a job."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from novita_operator import crashpoints
from novita_operator.api import meta
from novita_operator.clock import Clock
from novita_operator.controllers.gpu_job.attending import keeping
from novita_operator.controllers.gpu_job.deciding.program import GRACE_SECONDS
from novita_operator.controllers.gpu_job.observing.program import UNATTENDED, Attended, Hindrance, Kept, Wanted
from novita_operator.kube import errors as kube_errors
from novita_operator.kube.belongings import Belongings
from novita_operator.kube.cache import Key
from novita_operator.machines import errors
from novita_operator.machines.login import Login
from novita_operator.machines.programs.program import Program
from novita_operator.machines.programs.programs import Programs
from novita_operator.machines.programs.state import Ended, NotStarted, Running, State
from novita_operator.reconciling import entering
from novita_operator.reconciling.entering import Door
from novita_operator.runtime import rounds
from novita_operator.runtime.rounds import Rounds

logger = logging.getLogger(__name__)

_WAIT_SECONDS = 60  # of one look at a program that runs; its end is told at once
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0  # seconds between two tries to reach a machine
_KEEPING_TRIES = 5  # then a job ends without its output: it must not go on costing for that


@dataclass(slots=True)
class _Watch:
    """One attempt under observation."""

    job: meta.Meta
    wanted: Wanted
    known: Attended = UNATTENDED
    failures: int = 0
    keeping_failures: int = 0
    hindered_at: float = 0.0
    hindered_since: datetime | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Attendant:
    """All programs of jobs. Each is attended to by one task at a time; `most` bounds these tasks."""

    programs: Programs
    belongings: Belongings
    wake: Callable[[Key], None]
    clock: Clock
    most: int
    _rounds: Rounds[_Watch] = field(init=False)

    def __post_init__(self) -> None:
        self._rounds = Rounds(self.clock.monotonic, self.most, self._visit)

    def follow(self, key: Key, job: meta.Meta, wanted: Wanted | None) -> Attended:
        """What is known of the program; from now on it is attended to, or no longer where nothing is wanted."""
        if wanted is None:
            self.forget(key)
            return UNATTENDED
        watch = self._rounds.find(key)
        if watch is None or (watch.wanted.job_uid, watch.wanted.attempt) != (wanted.job_uid, wanted.attempt):
            self.forget(key)
            watch = _Watch(job, wanted)
            self._rounds.put(key, watch)
        elif watch.wanted != wanted:
            if _news(watch.wanted) != _news(wanted):
                watch.changed.set()
                self._rounds.hasten(key)
            watch.wanted, watch.job = wanted, job
        return self._aged(watch)

    def forget(self, key: Key) -> None:
        """The attempt is over, or the job is gone."""
        watch = self._rounds.forget(key)
        if watch is not None:
            watch.changed.set()

    async def run(self) -> None:
        """Attend to whatever is due, for ever."""
        await self._rounds.run()

    def _aged(self, watch: _Watch) -> Attended:
        hindrance = watch.known.hindrance
        if hindrance is None:
            return watch.known
        seconds = self.clock.monotonic() - watch.hindered_at
        return replace(watch.known, hindrance=replace(hindrance, seconds=seconds))

    async def _visit(self, key: Key, watch: _Watch) -> float | None:
        before, watch.changed = watch.known, asyncio.Event()
        try:
            after = await self._attend(key, watch)
        except Exception as error:
            # What answers there is not ours: whatever it does must not end the process.
            if not isinstance(error, errors.MachineError | kube_errors.KubeError):
                logger.exception("attending to a program failed")
            after = self._hindered(watch, error)
        else:
            watch.failures, watch.hindered_since = 0, None
        if not self._rounds.holds(key, watch):
            return None
        watch.known = after
        if after != before or after.hindrance is not None:
            self.wake(key)
        return self._pause(watch)

    async def _attend(self, key: Key, watch: _Watch) -> Attended:
        wanted, known = watch.wanted, watch.known
        door = Door(key.namespace, wanted.secret, wanted.instance_uid, wanted.fingerprint)
        login = await entering.login(self.belongings, door)
        if isinstance(known.state, Ended):
            return replace(known, kept=await self._keep(watch, login), hindrance=None)
        state = await self._step(login, watch)
        return Attended(state=state)

    async def _step(self, login: Login, watch: _Watch) -> State:
        wanted, state = watch.wanted, watch.known.state
        if wanted.end:
            return await self.programs.end(login, wanted.name, GRACE_SECONDS)
        if isinstance(state, Running) and watch.known.hindrance is None:
            return await self._until_it_ends(login, watch)
        state = await self.programs.look(login, wanted.name)
        if not (isinstance(state, NotStarted) and wanted.may_start):
            return state
        crashpoints.reached("program.before-start")
        state = await self.programs.start(login, Program(wanted.name, wanted.words))
        crashpoints.reached("program.after-start")
        return state

    async def _until_it_ends(self, login: Login, watch: _Watch) -> State:
        """Or until something else is wanted."""
        changed = asyncio.create_task(watch.changed.wait())
        waiting = asyncio.create_task(self.programs.wait(login, watch.wanted.name, _WAIT_SECONDS))
        try:
            await asyncio.wait({changed, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return waiting.result()
        finally:
            for task in (changed, waiting):
                task.cancel()
            await asyncio.gather(changed, waiting, return_exceptions=True)
        known = watch.known.state
        return known if known is not None else NotStarted()

    async def _keep(self, watch: _Watch, login: Login) -> Kept:
        wanted = watch.wanted
        try:
            printed = await self.programs.output(login, wanted.name, keeping.MOST_BYTES + keeping.MARGIN_BYTES)
            environment = await self.programs.environment(login, wanted.name)
            secrets = [environment.variables.get(name, "") for name in wanted.secrets]
            secrets.append(login.password.get_secret_value())
            kept = await asyncio.to_thread(keeping.redacted, printed.end, secrets)
            crashpoints.reached("output.before-write")
            body = keeping.config_map(watch.job, wanted.attempt, kept, printed.size)
            await self.belongings.make(body)
            crashpoints.reached("output.after-write")
        except (errors.MachineError, kube_errors.KubeError) as error:
            watch.keeping_failures += 1
            if watch.keeping_failures < _KEEPING_TRIES:
                raise
            return Kept(None, f"The end of its output could not be kept ({type(error).__name__}).")
        return Kept(body["metadata"]["name"], keeping.last_lines(kept))

    def _hindered(self, watch: _Watch, error: Exception) -> Attended:
        watch.failures += 1
        if watch.hindered_since is None:
            watch.hindered_at, watch.hindered_since = self.clock.monotonic(), self.clock.now()
        said = (
            str(error) if isinstance(error, errors.MachineError) else f"cannot be attended to ({type(error).__name__})"
        )
        seconds = self.clock.monotonic() - watch.hindered_at
        return replace(watch.known, hindrance=Hindrance(_kind(error), said, watch.hindered_since, seconds))

    def _pause(self, watch: _Watch) -> float | None:
        """Seconds until the next visit; None where there is nothing left to do."""
        if watch.failures:
            return rounds.growing(_FIRST_PAUSE, watch.failures, _LONGEST_PAUSE)
        match watch.known.state:
            case Ended():
                return 0.0 if watch.known.kept is None else None
            case Running():
                return 0.0
            case _:
                return _FIRST_PAUSE


def _news(wanted: Wanted) -> tuple[object, ...]:
    """What is worth a visit now, and not only when one is due."""
    return wanted.end, wanted.secret, wanted.fingerprint


def _kind(error: Exception) -> Literal["Away", "LoginRefused", "HostKeyChanged", "Unusable"]:
    match error:
        case errors.HostKeyChanged():
            return "HostKeyChanged"
        case errors.LoginRefused():
            return "LoginRefused"
        case errors.Unusable():
            return "Unusable"
        case _:
            return "Away"
