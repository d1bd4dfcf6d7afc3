"""The words of a GPUJob's conditions. They are part of the API: each says when it occurs."""

from __future__ import annotations

from enum import StrEnum


class ConditionType(StrEnum):
    """What the conditions are about. The first five are those of batch/v1, and mean the same."""

    COMPLETE = "Complete"
    """Only while true: the program succeeded, and its instance is gone."""
    FAILED = "Failed"
    """Only while true: the job failed for good, and its instance is gone."""
    SUSPENDED = "Suspended"
    """Only while true: spec.suspend holds the job back."""
    SUCCESS_CRITERIA_MET = "SuccessCriteriaMet"
    """Only while true: the program succeeded; Complete follows when its instance is gone."""
    FAILURE_TARGET = "FailureTarget"
    """Only while true: the job will fail; Failed follows when its instance is gone."""
    READY = "Ready"
    """The job is complete, or suspended as the spec asks."""
    RECONCILING = "Reconciling"
    """Only while true: work is under way."""
    STALLED = "Stalled"
    """Only while true: it will not get better without a person."""

    UNREADABLE = "Unreadable"
    """Only while true: an annotation is not of a form that can be read."""


class Reason(StrEnum):
    """Why a condition is as it is."""

    PENDING = "Pending"
    """No attempt has begun yet."""
    STARTING = "Starting"
    """The instance of the attempt is being rented or started."""
    RUNNING = "Running"
    """The program runs."""
    STOPPED = "Stopped"
    """The instance of the attempt is stopped, or not rented yet, since its schedule says so; it goes on by itself."""
    RELEASING = "Releasing"
    """The outcome is known; the instance is being released."""
    BACKING_OFF = "BackingOff"
    """An attempt failed; the next one begins after a pause."""
    COMPLETED = "Completed"
    """The container ended without an error."""
    REPORTED = "Reported"
    """Success was reported by the annotation gpu.novita.ai/job-result."""
    BACKOFF_LIMIT_EXCEEDED = "BackoffLimitExceeded"
    """More attempts failed than spec.backoffLimit allows."""
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    """The job ran longer than spec.activeDeadlineSeconds."""
    SUSPENDED = "Suspended"
    """spec.suspend is true."""
    INSTANCE_STALLED = "InstanceStalled"
    """The instance of the attempt cannot be rented or used without a person."""
    CREATE_REFUSED = "CreateRefused"
    """The cluster refuses to store the instance: its name is taken, a quota, a policy or a missing right."""
    PAUSED = "Paused"
    """The annotation gpu.novita.ai/paused is true."""
    DELETING = "Deleting"
    """The job is being deleted, and its instance with it."""
    ACCOUNT_OF_ANOTHER_CLASS = "AccountOfAnotherClass"
    """The NovitaAccount belongs to the operator of another class, which has not looked at the object."""
    INVALID_SPEC = "InvalidSpec"
    """The object cannot be read by this version of the operator."""
    CLUSTER_REFUSED = "ClusterRefused"
    """The cluster does not take what the operator writes about this object: a policy, a webhook or a missing right."""
    INVALID_VALUE = "InvalidValue"
    """Somebody wrote an annotation that cannot be read."""
    INTERNAL_ERROR = "InternalError"
    """A pass ended with an error that nobody expected."""


class Phase(StrEnum):
    """One word for people. Open-ended: nothing reads it."""

    PENDING = "Pending"
    STARTING = "Starting"
    RUNNING = "Running"
    STOPPED = "Stopped"
    RELEASING = "Releasing"
    SUSPENDED = "Suspended"
    COMPLETE = "Complete"
    FAILED = "Failed"
