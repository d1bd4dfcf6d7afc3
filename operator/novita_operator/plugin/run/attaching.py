"""`run --attach NAME`: a job's output while it runs, and its exit code in the end."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_job.resource import GPUJob
from novita_operator.controllers.gpu_job.deciding import attempts
from novita_operator.kube import errors
from novita_operator.kube.reading import Reader
from novita_operator.plugin import cluster, printing
from novita_operator.plugin.cluster import INSTANCES, JOBS, Scope, Wrong
from novita_operator.plugin.login import access, session
from novita_operator.plugin.login.access import Access
from novita_operator.plugin.output import kept
from novita_operator.plugin.run import outcome, renting
from novita_operator.plugin.run.interruptions import Interrupted, Interruptions
from novita_operator.plugin.run.remote import Output, Remote


class _Over(Exception):
    """The attempt that was followed has ended."""


@dataclass
class Attached:
    """To one job, known by its UID. `seen`: the attempts whose output was printed to its end."""

    scope: Scope
    name: str
    uid: str | None = None
    seen: set[int] = field(default_factory=set)
    _said: str = ""

    def to_its_end(self, signals: Interruptions) -> int:
        """The exit code. Whoever interrupts it leaves the job alone."""
        try:
            while True:
                job = cluster.ask(self._look)
                self._say(outcome.says(job))
                self._follow(job)
                if (found := outcome.of(cluster.ask(self._look))) is not None:
                    return self._told(found, cluster.ask(self._look))
                time.sleep(renting.LOOK_SECONDS)
        except Interrupted as interrupted:
            printing.note(f"{self.name} goes on: kubectl novita run --attach {self.name}")
            return signals.exit_code(interrupted.code)

    async def _look(self, reader: Reader) -> GPUJob:
        namespace = self.scope.one(reader)
        try:
            body = await renting.steadily(lambda: reader.get(JOBS, namespace, self.name))
        except errors.NotFound:
            raise Wrong(f'there is no GPUJob "{self.name}" in namespace {namespace}.') from None
        job = GPUJob.parse(body)
        if self.uid not in {None, job.meta.uid}:
            raise Wrong(f"{self.name} is another job now: somebody has deleted it, and made it again.")
        self.uid = job.meta.uid
        return job

    def _say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            printing.note(f"{self.name}: {text}")

    def _follow(self, job: GPUJob) -> None:
        """What the program of the attempt that is under way prints, if there is one that has begun."""
        attempt = job.status.attempts
        if job.status.instance_name is None or job.status.started_at is None or attempt in self.seen:
            return
        output = Output(sys.stdout.buffer)
        try:
            machine = cluster.ask(lambda reader: self._access(reader, job))
            with session.on(machine, trust_new=False) as there:
                Remote(there, attempts.program_name(job.meta, attempt), self._check).follow(output)
        except _Over:
            if not output.size:
                return
            printing.note(f"{self.name}: the machine was let go before all of its output was read.")
        self.seen.add(attempt)

    def _check(self) -> None:
        """Raises _Over where the attempt has ended meanwhile."""
        job = cluster.ask(self._look)
        if outcome.of(job) is not None or job.status.instance_name is None:
            raise _Over

    async def _access(self, reader: Reader, job: GPUJob) -> Access:
        try:
            body = await reader.get(INSTANCES, job.meta.namespace, str(job.status.instance_name))
            return await access.read(reader, GPUInstance.parse(body))
        except (errors.NotFound, Wrong):
            if outcome.of(await self._look(reader)) is not None:
                raise _Over from None
            raise

    def _told(self, found: outcome.Outcome, job: GPUJob) -> int:
        self._say(found.message)
        if job.status.output is None:
            return found.code
        if job.status.attempts not in self.seen:
            self._print_kept(job)
        printing.note(f"Its output is kept: kubectl novita logs gpujob/{job.meta.name} -n {job.meta.namespace}")
        return found.code

    def _print_kept(self, job: GPUJob) -> None:
        """What was kept of the output that nobody here has followed; without the right to it, its last lines."""
        try:
            record = cluster.ask(lambda reader: kept.find(reader, job, job.status.attempts))
        except Wrong as error:
            printing.note(f"{error} The last lines that it printed:\n{job.status.message or ''}")
            return
        if record is not None:
            Output(sys.stdout.buffer).write(record.output)
