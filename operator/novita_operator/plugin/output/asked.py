"""What a person wants to see of a job's output, and where it is now."""

from __future__ import annotations

from dataclasses import dataclass

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_job.resource import GPUJob
from novita_operator.controllers.gpu_job.deciding import attempts
from novita_operator.kube import errors
from novita_operator.kube.reading import Reader
from novita_operator.machines.command import Command
from novita_operator.machines.programs import script
from novita_operator.plugin import cluster
from novita_operator.plugin.login import access
from novita_operator.plugin.login.access import Access


@dataclass(frozen=True, slots=True)
class Asked:
    """`attempt`: None means the last one, and the next ones too where they are followed. `lines`: None means all."""

    job: str
    namespace: str | None
    attempt: int | None
    lines: int | None
    trust_new: bool

    def attempt_of(self, job: GPUJob) -> int:
        """The one that is meant now."""
        return self.attempt or max(1, job.status.attempts)


@dataclass(frozen=True, slots=True)
class Live:
    """Its machine can be asked."""

    job: GPUJob
    attempt: int
    access: Access

    def command(self, start: int, lines: int | None, *, on: bool) -> Command:
        """For `live.hear`."""
        name = attempts.program_name(self.job.meta, self.attempt)
        return script.follow(name, start, lines=lines, on=on)


async def live(reader: Reader, job: GPUJob, attempt: int, instance: str) -> Live:
    """The way in to the machine of an attempt. Raises NotYet, and Wrong where a right is missing."""
    try:
        body = await reader.get(cluster.INSTANCES, job.meta.namespace, instance)
    except errors.NotFound:
        raise access.NotYet(f"GPUInstance {instance} of attempt {attempt} is not there.") from None
    return Live(job, attempt, await access.read(reader, GPUInstance.parse(body)))
