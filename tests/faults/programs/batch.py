"""Jobs side by side in one world, on machines that are real: each runs another program, and each is a case."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.cluster import landlord
from tests.cluster.landlord import Jobs, Site
from tests.cluster.owners import JOBS, Owners, owners
from tests.faults import judge
from tests.faults.keeper import Keeper
from tests.faults.lives import Life
from tests.faults.programs import verdict
from tests.faults.programs.memory import Memory
from tests.faults.programs.program import Program
from tests.faults.programs.verdict import Expected, Facts
from tests.faults.tally import Tally
from tests.faults.world import Stage, World, world
from tests.support import waiting
from tests.support.history import condition
from tests.support.kube import Body

_LOOK_SECONDS = 0.3
# A simulator with machines has work of its own on a busy computer, and no case here is about answers that are late.
_SETTINGS = {"API_TIMEOUT": "20000"}
_SETTLE_SECONDS = 20.0  # a hundred times what ending a machine takes
_MOST_GROWTH_MIB = 64  # of the operator; a program prints 101 MB, and 1 MiB of each is kept


@dataclass
class Batch:
    """`billing`: what of each job cost money when it was over, for jobs that have been seen to be over."""

    at: World
    jobs: Jobs
    marks: Path
    programs: Sequence[Program]
    expected: Expected
    memory: Memory
    billing: dict[str, tuple[str, ...]] = field(default_factory=dict)
    keeper: Keeper | None = None

    @property
    def names(self) -> frozenset[str]:
        return frozenset(program.name for program in self.programs)

    async def begin(self, *, held: bool = True, arms: Iterable[str] = (), **template: Any) -> None:
        """An operator, and all jobs at once. `held`: the first attempts of the programs wait for `go`."""
        self.start_operator(arms)
        for program in self.programs:
            await self.make(program, held=held, **template)

    async def make(self, program: Program, *, held: bool, **template: Any) -> None:
        """The job of one of the programs."""
        spec = {"entrypoint": "sh -c", "command": program.command(self.marks, held=held), **template}
        await self.jobs.make("", name=program.name, template=spec, backoffLimit=self.expected.attempts - 1)

    def start_operator(self, arms: Iterable[str] = ()) -> Keeper:
        """One that is kept running."""
        self.keeper = self.at.keeper(arms=arms)
        return self.keeper

    async def until_running(self) -> None:
        """Until each job says that its program runs, and the program says so, too."""

        async def run() -> bool:
            bodies = await self.bodies()
            told = all("startedAt" in (bodies[name].get("status") or {}) for name in self.names)
            return told and await self.marked("started")

        await waiting.until(run, "all programs run", seconds=self.at.stage.patience, explain=self.explain)

    def go(self) -> None:
        """The programs that wait go on."""
        for name in self.names:
            (self.marks / f"{name}.go").touch()

    async def marked(self, what: str, attempt: int = 1) -> bool:
        """Whether each program has left this mark in this attempt."""
        return all(str(attempt) in self._attempts(name, what) for name in self.names)

    async def bodies(self) -> dict[str, Body]:
        found = await self.at.stage.plane.kube.list(JOBS, self.at.workspace.namespace)
        return {body["metadata"]["name"]: body for body in found}

    async def is_over(self, name: str) -> bool:
        """Whether this job is; one that is gone is, too."""
        return _is_over((await self.bodies()).get(name))

    async def instances(self) -> dict[str, str]:
        """The id of the instance of each job's attempt under way, where there is one."""
        return {
            each.job: each.life.id
            for each in await self._lives()
            if each.job in self.names and each.life.deleted is None
        }

    async def until_over(self) -> None:
        """Until each job is over or gone, or patience ends: then it needs a person. Notes what costs at that moment."""
        end = time.monotonic() + self.at.stage.patience
        while time.monotonic() < end and self.names - self.billing.keys():
            bodies = await self.bodies()
            for name in self.names - self.billing.keys():
                if _is_over(bodies.get(name)):
                    self.billing[name] = await self._cost_of(name)
            await asyncio.sleep(_LOOK_SECONDS)
        bodies = await self.bodies()
        for name in self.names - self.billing.keys():
            status = (bodies[name].get("status") or {}) if name in bodies else {}
            self.at.stuck[name] = f"job {name} is not over: {status.get('phase')} {condition(bodies[name], 'Ready')}"

    async def until_released(self) -> None:
        """Until no instance of theirs lives."""

        async def none() -> bool:
            return not await self.instances()

        await waiting.until(none, "all is released", seconds=self.at.stage.patience, explain=self.explain)

    async def judged(self, proven: frozenset[str], *, notes: tuple[str, ...] = ()) -> Tally:
        """The verdict on all jobs and on the world. Only jobs for which their disturbance was proven count as fired."""
        await self._settled()
        bodies = await self.bodies()
        found = [
            complaint
            for program in self.programs
            for complaint in verdict.complaints(program, self.expected, await self._facts(program, bodies))
        ]
        if self.memory.growth > _MOST_GROWTH_MIB:
            self.at.stuck["the operator"] = f"its memory grew by {self.memory.growth:.0f} MiB"
        tally = await judge.verdict(self.at, fired=len(proven), not_fired=len(self.names - proven))
        texts = tuple(f"{self.at.workspace.namespace}: {complaint.text}" for complaint in found)
        count = {kind: sum(each.kind == kind for each in found) for kind in ("restarted", "misjudged", "forgotten")}
        return replace(
            tally,
            restarted=count["restarted"],
            misjudged=count["misjudged"],
            forgotten=tally.forgotten + count["forgotten"],
            complaints=tally.complaints + texts,
            notes=notes,
        )

    async def explain(self) -> str:
        logs = [await process.child.tail() for process in self.keeper.running] if self.keeper is not None else []
        return "\n".join([await self.at.workspace.explain(), *logs])

    async def _settled(self) -> None:
        """Until no program runs any more, or patience ends: a machine that is given back takes a moment to go."""

        async def quiet() -> bool:
            return not any(self._running(name) for name in self.names)

        try:
            await waiting.until(quiet, "no program runs", seconds=_SETTLE_SECONDS)
        except AssertionError:
            return  # the judgement says which one does

    async def _facts(self, program: Program, bodies: dict[str, Body]) -> Facts:
        body = bodies.get(program.name)
        kept = (((body or {}).get("status") or {}).get("output") or {}).get("name")
        return Facts(
            starts=self._attempts(program.name, "started"),
            told=self._attempts(program.name, "term"),
            body=body,
            output=await self.jobs.output(body) if body is not None and kept else None,
            billing=self.billing.get(program.name, ()),
            running=self._running(program.name),
        )

    def _lines(self, name: str, what: str) -> list[list[str]]:
        path = self.marks / f"{name}.{what}"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def _attempts(self, name: str, what: str) -> tuple[str, ...]:
        return tuple(words[0] for words in self._lines(name, what))

    def _running(self, name: str) -> tuple[int, ...]:
        """Its pids that are still there."""
        pids = (int(words[1]) for words in self._lines(name, "started"))
        return tuple(pid for pid in pids if self._is_program(pid))

    def _is_program(self, pid: int) -> bool:
        """Its number may be another process's by now: ours speak of this folder."""
        try:
            return str(self.marks) in Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
        except OSError:
            return False

    async def _cost_of(self, name: str) -> tuple[str, ...]:
        return tuple(
            each.life.id
            for each in await self._lives()
            if each.job == name and (each.life.billing or each.life.deleted is None)
        )

    async def _lives(self) -> list[_Attempt]:
        known = self.at.observer.by_uid
        found = [(known.get(life.uid or ""), life) for life in await judge.lives(self.at)]
        return [_Attempt(seen.name.partition("-")[0], life) for seen, life in found if seen is not None]


@dataclass(frozen=True)
class _Attempt:
    """An instance of a job."""

    job: str
    life: Life


def _is_over(body: Body | None) -> bool:
    return body is None or any(condition(body, kind).get("status") == "True" for kind in ("Complete", "Failed"))


@asynccontextmanager
async def batch(stage: Stage, programs: Sequence[Program], expected: Expected) -> AsyncIterator[Batch]:
    """A world of its own with a simulator of its own, whose machines are real; nothing of it is left in the end."""
    directory = stage.directory / f"simulator-{secrets.token_hex(4)}"
    directory.mkdir()
    async with (
        landlord.site(directory) as site,
        world(replace(stage, simulator=site.simulator), "programs", settings=_SETTINGS) as at,
        owners(at.workspace, JOBS) as made,
    ):
        memory = Memory(lambda: [process for keeper in at.keepers for process in keeper.running])
        watching = asyncio.create_task(memory.watch())
        try:
            yield _batch(at, made, site, programs, expected, memory)
        finally:
            watching.cancel()


def _batch(
    at: World, made: Owners, site: Site, programs: Sequence[Program], expected: Expected, memory: Memory
) -> Batch:
    return Batch(at, Jobs(made, site.machines), site.marks, programs, expected, memory)
