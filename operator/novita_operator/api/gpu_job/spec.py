"""GPUJob: a program that runs on a rented instance until it ends. `kubectl explain` prints the descriptions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from novita_operator.api import rules
from novita_operator.api.gpu_instance.spec import GPUInstanceSpec
from novita_operator.api.meta import Model

_YEAR_SECONDS = 31_536_000


Signal = Literal["ExitCode", "Exited", "Annotation"]


class Completion(Model):
    """How the operator learns what became of the program. Novita shows no exit code: docs/how-to/jobs.md."""

    signal: Signal | None = Field(
        None,
        description="ExitCode, which a job without a signal has: the container only waits, the operator runs "
        "entrypoint and command in it over ssh, and "
        "exit code 0 is success; the image needs ssh, a POSIX shell and tail. Exited: an attempt whose container ends "
        "without an error text of Novita's, after it has run, has succeeded; Novita gives no exit code, so success is "
        "not confirmed. Annotation: only the annotation gpu.novita.ai/job-result on the job says so (`succeeded`, "
        "`failed` or `failed: why`); a container that ends without it has failed. The annotation counts with the "
        "others, too. A change to or from ExitCode counts from the next attempt on.",
    )


class ExitCodes(Model):
    """Exit codes that a rule speaks of."""

    operator: Literal["In", "NotIn"] = Field("In", description="In: one of the values. NotIn: none of them; never 0.")
    values: tuple[Annotated[int, Field(ge=1, le=255)], ...] = Field(
        min_length=1, max_length=255, description="Exit codes; 128 and a signal's number where one ended the program."
    )


class FailureRule(Model):
    """What a failure with such an exit code means."""

    action: Literal["Fail", "Ignore", "Count"] = Field(
        description="Fail: the job fails at once. Ignore: another attempt begins, and backoffLimit is not used up; "
        "set activeDeadlineSeconds, or it may go on for ever. Count: the attempt failed, as without a rule."
    )
    on_exit_codes: ExitCodes = Field(description="The exit codes of the program that the rule is about.")


class FailurePolicy(Model):
    """As podFailurePolicy of batch/v1: the first rule that fits decides."""

    rules: tuple[FailureRule, ...] = Field((), max_length=20, description="In the order in which they are looked at.")


class GPUJobSpec(Model):
    """What runs, how often it may fail, and how long it may take."""

    model_config = Model.model_config | {
        "json_schema_extra": rules.unchangeable("template", GPUInstanceSpec.wire_names(), "GPUJob")
    }

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
    backoff_limit: int = Field(3, ge=0, le=100, description="Number of retries. 0 means one attempt.")
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
    failure_policy: FailurePolicy | None = Field(
        None, description="What exit codes mean, where completion.signal is ExitCode; failures count without it."
    )
    completion: Completion = Field(Completion(), description="How the operator learns what became of the program.")
