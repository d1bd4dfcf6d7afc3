"""GPUJob: a program that runs on a rented instance until it ends. `kubectl explain` prints the descriptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, ValidationError

from novita_operator.api import complaints, rules
from novita_operator.api.conditions import Condition
from novita_operator.api.gpu_instance.spec import GPUInstanceSpec
from novita_operator.api.gpu_job.reasons import ConditionType, Phase, Reason
from novita_operator.api.meta import Meta, Model, Moment

__all__ = ["ConditionType", "Phase", "Reason"]

SHOWN_FAILURES = 5
"""Status must stay small; Events say the rest."""
_YEAR_SECONDS = 31_536_000


class Completion(Model):
    """How the operator learns what became of the program. Novita shows no exit code; docs/jobs.md has the reasons."""

    signal: Literal["Exited", "Annotation"] = Field(
        "Exited",
        description="Exited: an attempt whose container ends without an error text of Novita's, after it has run, has "
        "succeeded. Annotation: only the annotation gpu.novita.ai/job-result on the job says so (`succeeded`, `failed` "
        "or `failed: why`); a container that ends without it has failed. The annotation counts with Exited, too.",
    )


class GPUJobSpec(Model):
    """What runs, how often it may fail, and how long it may take."""

    model_config = Model.model_config | {"json_schema_extra": rules.unchangeable("template", "GPUJob")}

    template: GPUInstanceSpec = Field(
        description="The spec of the instance that each attempt rents, as of a GPUInstance, with the program in "
        "`command` or `entrypoint`. Cannot be changed later.",
        json_schema_extra=rules.gpu_job_template(),
    )
    suspend: bool = Field(
        False,
        description="True holds the job back: a running attempt is given up and its instance released, and does not "
        "count as failed. False starts a new attempt.",
    )
    backoff_limit: int = Field(
        3, ge=0, le=100, description="How many attempts may fail and be followed by another one, before the job fails."
    )
    active_deadline_seconds: int | None = Field(
        None,
        ge=1,
        le=_YEAR_SECONDS,
        description="Seconds from the start of the job (or from its last resumption) after which it fails, whatever "
        "it is doing. Renting and pulling count.",
    )
    ttl_seconds_after_finished: int | None = Field(
        None,
        ge=0,
        le=_YEAR_SECONDS,
        description="Seconds after Complete or Failed, after which the job itself is deleted. Without it, it stays.",
    )
    completion: Completion = Field(Completion(), description="How the operator learns what became of the program.")


class AttemptFailure(Model):
    """One attempt that failed."""

    attempt: int = Field(description="The number of the attempt, from 1.")
    reason: str = Field(max_length=128, description="Why, in one word.")
    message: str = Field(max_length=300, description="Why, in a sentence.")
    at: Moment = Field(description="When it was found.")


class GPUJobStatus(Model):
    """What became of it. The names are those of batch/v1 where it has them."""

    observed_generation: int | None = Field(None, description="The generation of the spec that this status speaks of.")
    conditions: tuple[Condition, ...] = Field(
        (),
        max_length=16,
        description="Ready always; Complete, Failed, Suspended, SuccessCriteriaMet, FailureTarget, Reconciling and "
        "Stalled only while true.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
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
    failures: tuple[AttemptFailure, ...] = Field(
        (), max_length=SHOWN_FAILURES, description="The last attempts that failed, newest last."
    )


@dataclass(frozen=True, slots=True)
class GPUJob:
    """One object as the cluster holds it. `unreadable`: why its spec cannot be read; then nothing is done."""

    meta: Meta
    spec: GPUJobSpec | None
    status: GPUJobStatus
    unreadable: str | None = None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> GPUJob:
        """Read a body from the cluster. Raises pydantic.ValidationError for its metadata and its status.

        Attempts are counted in the status: without the count, a job that has ended would begin again.
        """
        meta, status = Meta.parse(body["metadata"]), GPUJobStatus.model_validate(body.get("status") or {})
        try:
            return cls(meta, GPUJobSpec.model_validate(body.get("spec") or {}), status)
        except ValidationError as error:
            return cls(meta, None, status, complaints.of_spec(error))
