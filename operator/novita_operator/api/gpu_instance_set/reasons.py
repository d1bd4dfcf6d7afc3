"""The words of a GPUInstanceSet's conditions. They are part of the API: each says when it occurs."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from novita_operator.api.events import EventReason


class ConditionType(StrEnum):
    """What the conditions are about."""

    READY = "Ready"
    """As many instances as wanted are as their spec asks, and of the present template unless OnDelete keeps old."""
    RECONCILING = "Reconciling"
    """Only while true: work is under way."""
    STALLED = "Stalled"
    """Only while true: it will not get better without a person, or not within the progress deadline."""

    UNREADABLE = "Unreadable"
    """Only while true: an annotation is not of a form that can be read."""


class Reason(StrEnum):
    """Why a condition is as it is."""

    READY = "Ready"
    """All instances are Ready and run."""
    STOPPED = "Stopped"
    """Instances are stopped as their spec asks, by spec.lifetime or powerState; the others run."""
    ENDED = "Ended"
    """spec.lifetime has ended instances, which are not replaced; the others are as their spec asks."""
    CREATING = "Creating"
    """Instances are being made, or are on their way to Ready."""
    UPDATING = "Updating"
    """Instances with an old template are being replaced."""
    SCALING_DOWN = "ScalingDown"
    """There are more instances than wanted; some are being deleted."""
    REPLICAS_FAILED = "ReplicasFailed"
    """Some instances failed for good; the others are as wanted."""
    PROGRESS_DEADLINE_EXCEEDED = "ProgressDeadlineExceeded"
    """Nothing got better within spec.progressDeadlineSeconds."""
    CREATE_REFUSED = "CreateRefused"
    """The cluster refuses to store another instance: a quota, an admission policy or a missing right."""
    PAUSED = "Paused"
    """The annotation gpu.novita.ai/paused is true."""
    DELETING = "Deleting"
    """The set is being deleted, and its instances with it."""
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


TROUBLES: Mapping[Reason, EventReason] = {
    Reason.CREATE_REFUSED: EventReason.FAILED_CREATE,
    Reason.PROGRESS_DEADLINE_EXCEEDED: EventReason.PROGRESS_DEADLINE_EXCEEDED,
}
"""What a person should hear of, and the Event that tells it. The other reasons are seen in the conditions alone."""
