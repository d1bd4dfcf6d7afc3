"""What the operator writes into `status` of a GPUJob."""

from __future__ import annotations

from pydantic import Field

from novita_operator.api import rules
from novita_operator.api.conditions import Condition
from novita_operator.api.meta import Model, Moment

SHOWN_FAILURES = 5
"""Status must stay small; Events say the rest."""


class AttemptFailure(Model):
    """One attempt that failed."""

    attempt: int = Field(description="The number of the attempt, from 1.")
    reason: str = Field(max_length=128, description="Why, in one word.")
    message: str = Field(max_length=300, description="Why, in a sentence.")
    at: Moment = Field(description="When it was found.")


class OutputRef(Model):
    """A ConfigMap in the namespace of the job; it goes with the job."""

    name: str = Field(max_length=253, description="Its name; the entry is called output.")


class GPUJobStatus(Model):
    """What became of it. The names are those of batch/v1 where it has them."""

    observed_generation: int | None = Field(None, description="The generation of the spec that this status speaks of.")
    conditions: tuple[Condition, ...] = Field(
        (),
        max_length=16,
        description="Ready always; Complete, Failed, Suspended, SuccessCriteriaMet, FailureTarget, Reconciling and "
        "Stalled only while true.",
        json_schema_extra=rules.keyed("type"),
    )
    phase: str | None = Field(
        None, max_length=32, description="One word for people; open-ended, read conditions instead."
    )
    start_time: Moment | None = Field(
        None, description="When the job began, or was last resumed; absent while suspended."
    )
    completion_time: Moment | None = Field(None, description="When it became Complete.")
    attempts: int = Field(0, ge=0, description="Attempts begun; counted before the instance of each is made.")
    active: int = Field(0, ge=0, description="1 while an attempt is under way.")
    succeeded: int = Field(0, ge=0, description="1 when the program has succeeded.")
    failed: int = Field(0, ge=0, description="Attempts that failed.")
    instance_name: str | None = Field(
        None, max_length=253, description="The GPUInstance of the attempt that is under way."
    )
    instance_uid: str | None = Field(None, max_length=64, description="Its UID, once it was made.")
    completion_signal: str | None = Field(
        None, max_length=32, description="The signal that counts for this job, from its first attempt on."
    )
    exit_code: int | None = Field(None, description="The exit code of the last attempt's program (signal ExitCode).")
    signal: str | None = Field(
        None, max_length=16, description="The signal that its exit code speaks of, such as KILL for 137."
    )
    started_at: Moment | None = Field(
        None, description="When the program of the last attempt began, by the clock of its machine."
    )
    finished_at: Moment | None = Field(None, description="When it ended, by the same clock.")
    message: str | None = Field(None, max_length=1000, description="The last lines that it printed.")
    output: OutputRef | None = Field(None, description="Where the end of what it printed is kept.")
    failures: tuple[AttemptFailure, ...] = Field(
        (), max_length=SHOWN_FAILURES, description="The last attempts that failed, newest last."
    )

    @property
    def begun_signal(self) -> str:
        """The signal that its attempts have gone by so far; a job of an earlier version began with `Exited`."""
        return self.completion_signal or ("Exited" if self.attempts else "ExitCode")
