"""Jobs that the account's actions leave behind: migrations, with a state of their own (novita-api 2A.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from novita_operator.simulator import refusal


@dataclass(slots=True)
class Job:
    """One job; `created_at` in virtual Unix seconds."""

    id: str
    type: str
    instance_id: str
    created_at: float
    state: Literal["running", "success", "fail", "break"] = "running"
    message: str = ""


class Jobs:
    """Newest first."""

    def __init__(self) -> None:
        self._by_id: dict[str, Job] = {}

    def __iter__(self) -> Iterator[Job]:
        return reversed(self._by_id.values())

    def add(self, job: Job) -> None:
        self._by_id[job.id] = job

    def running(self, instance_id: str) -> list[Job]:
        """Those at work on this instance."""
        return [job for job in self._by_id.values() if job.instance_id == instance_id and job.state == "running"]

    def finish(self, job_id: str, state: Literal["success", "fail"], message: str = "") -> None:
        """Ends a running job; ended ones stay as they are."""
        job = self._by_id.get(job_id)
        if job is not None and job.state == "running":
            job.state, job.message = state, message

    def stop(self, job_id: str) -> Job:
        """Breaks a running job. Raises Gone, or a refusal where it has ended."""
        job = self._by_id.get(job_id)
        if job is None:
            raise refusal.Gone("job not found", "JOB_NOT_FOUND")
        if job.state != "running":
            raise refusal.Refusal("MIGRATION_JOB_NOT_BREAKABLE", f"the job is over: {job.state}")
        job.state = "break"
        return job
