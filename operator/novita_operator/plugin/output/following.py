"""`logs -f`: the output of a job as it comes, from one machine to the next, until the job or the attempt is over."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from novita_operator.api.gpu_job.resource import GPUJob
from novita_operator.controllers.gpu_job.attending.keeping import Record
from novita_operator.kube.reading import Reader
from novita_operator.plugin import cluster, printing
from novita_operator.plugin.cluster import NoJob, Scope, Wrong
from novita_operator.plugin.login import access, session
from novita_operator.plugin.output import asked as asking
from novita_operator.plugin.output import kept, standing
from novita_operator.plugin.output import live as hearing
from novita_operator.plugin.output import seen as counting
from novita_operator.plugin.output.asked import Asked, Live
from novita_operator.plugin.output.seen import Seen
from novita_operator.plugin.output.standing import NotBegun, OfItsOwn, Over, Runs

_LOOK_SECONDS = 2.0  # between two reads of the job: a machine needs minutes, and the API server is everybody's
_AGAIN_SECONDS = 5.0  # after a connection that broke, as of `sync`


@dataclass(frozen=True, slots=True)
class Rest:
    """The attempt is over. `record`: what is kept of it, where that is needed and there."""

    job: GPUJob
    record: Record | None


@dataclass(frozen=True, slots=True)
class End:
    """Nothing more comes. `why`: for people."""

    why: str


@dataclass(slots=True)
class Following:
    """One run of it. `complete`: all that the attempt's program has printed was shown, and it has ended."""

    asked: Asked
    attempt: int | None = None
    lines: int | None = None
    seen: Seen = field(default_factory=Seen)
    complete: bool = False
    _job_uid: str = ""
    _told: str = ""
    _again_at: float = 0.0

    def run(self) -> OfItsOwn | None:
        """Until there is nothing more to show. Raises Wrong, kube errors, OSError, and Exit where it is interrupted."""
        while True:
            match cluster.ask(self._next):
                case Live() as live:
                    self._hear(live)
                case Rest(job, record):
                    self._finish(job, record)
                    if self.asked.attempt is not None:
                        printing.note(_ending(job, self.asked.attempt))
                        return None
                case OfItsOwn() as own:
                    return own
                case End(why):
                    printing.note(why)
                    return None

    async def _next(self, reader: Reader) -> Live | Rest | OfItsOwn | End:
        """What is to be done next, once there is something."""
        while True:
            try:
                job = await self._job(reader)
            except NoJob as error:
                if not self.complete:
                    raise
                return End(str(error))
            if (step := await self._step(reader, job)) is not None:
                return step
            await asyncio.sleep(_LOOK_SECONDS)

    async def _job(self, reader: Reader) -> GPUJob:
        job = await cluster.job(reader, Scope(self.asked.namespace), self.asked.job)
        if self._job_uid not in {"", job.meta.uid}:
            raise NoJob(f"gpujob/{self.asked.job} was deleted, and another one of its name was made.")
        self._job_uid = job.meta.uid
        return job

    async def _step(self, reader: Reader, job: GPUJob) -> Live | Rest | OfItsOwn | End | None:
        began = self.attempt is not None
        self.attempt = self.attempt or self.asked.attempt_of(job)
        match standing.standing(job, self.attempt):
            case NotBegun() if (outcome := standing.outcome(job)) is not None:
                if not began or self.asked.attempt is not None:
                    raise Wrong(f"gpujob/{job.meta.name} has ended without attempt {self.attempt}. {outcome.message}")
                return End(_outcome(job))
            case Runs(instance) if not self.complete:
                return await self._way_in(reader, job, instance)
            case OfItsOwn() as own:
                return own
            case Over():
                return Rest(job, None if self.complete else await kept.find(reader, job, self.attempt))
            case _ if not self.complete:
                self._tell(standing.told(job))
        return None

    async def _way_in(self, reader: Reader, job: GPUJob, instance: str) -> Live | None:
        if time.monotonic() < self._again_at:
            return None
        try:
            return await asking.live(reader, job, self.attempt or 1, instance)
        except access.NotYet as error:
            self._tell(str(error))
        return None

    def _hear(self, live: Live) -> None:
        with session.on(live.access, trust_new=self.asked.trust_new) as there:
            command = live.command(self.seen.at, self.lines, on=True)
            heard = hearing.hear(there, command, self.seen, printing.raw)
        self.seen = heard.seen
        if heard.look is not None:
            self.lines, self.complete = None, heard.look.over
        if heard.complaint is not None and not self.complete:
            said = heard.complaint.rstrip(".")
            self._tell(f"{live.access.name}: {said}. It is tried again until the attempt is over.")
            self._again_at = time.monotonic() + _AGAIN_SECONDS

    def _finish(self, job: GPUJob, record: Record | None) -> None:
        """Show what the machine did not tell any more, and go on to the next attempt."""
        attempt = self.attempt or 1
        if record is not None:
            if lost := counting.lost(record, self.seen):
                printing.note(f"{lost} bytes before this are not kept.")
            printing.raw(counting.last_lines(counting.rest(record, self.seen), self.lines))
        elif not self.complete:
            self._tell(kept.nothing(job, attempt))
        self.attempt, self.seen, self.lines, self.complete = attempt + 1, Seen(), None, False

    def _tell(self, text: str) -> None:
        """Beside the output, and not twice."""
        if text != self._told:
            printing.note(text)
        self._told = text


def _ending(job: GPUJob, attempt: int) -> str:
    why = standing.failure(job, attempt)
    if why is None and attempt == job.status.attempts and standing.outcome(job) is not None:
        return _outcome(job)
    return f"gpujob/{job.meta.name}: attempt {attempt} is over." + (f" {why}" if why else "")


def _outcome(job: GPUJob) -> str:
    found = standing.outcome(job)
    if found is None:
        return standing.told(job)
    word = "succeeded" if found.type == "SuccessCriteriaMet" else f"failed ({found.reason})"
    return f"gpujob/{job.meta.name} has {word}: {found.message}"
