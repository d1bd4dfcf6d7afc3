"""Events: what `kubectl describe` tells. The reasons are part of the API."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class EventReason(StrEnum):
    """Every reason of an Event that the operator posts, with when it is posted."""

    SCHEDULED = "Scheduled"
    """A product, a region and a price were chosen."""
    CREATED = "Created"
    """An instance was rented."""
    ADOPTED = "Adopted"
    """An instance of this object's name was found, after a call whose answer was lost."""
    PULLING = "Pulling"
    """The instance pulls its image; from now on it is billed."""
    READY = "Ready"
    """The instance can be reached."""
    STOPPED = "Stopped"
    """The instance was stopped, as the spec asks."""
    STARTED = "Started"
    """A stopped instance was started again."""
    DELETED = "Deleted"
    """The instance is gone at Novita."""
    SPOT_RECLAIMED = "SpotReclaimed"
    """Novita took a spot instance back."""
    RECREATED = "Recreated"
    """A lost instance was replaced."""
    STARTUP_TIMEOUT = "StartupTimeout"
    """The instance was not Ready in time."""
    CREATE_REFUSED = "CreateRefused"
    """Nothing can be rented as the spec asks."""
    NO_CAPACITY = "NoCapacity"
    """Novita has no free GPU of the wanted kind."""
    CREDENTIALS_REJECTED = "CredentialsRejected"
    """Novita refuses the API key of the account."""
    DUPLICATES_REMOVED = "DuplicatesRemoved"
    """A second instance of this object was found and deleted."""
    DELETION_BLOCKED = "DeletionBlocked"
    """The instance cannot be deleted now; it may still cost money."""
    RETAINED = "Retained"
    """The object goes and the instance stays, as `deletionPolicy` asks."""
    INSTANCE_LOST = "InstanceLost"
    """The instance no longer exists, and not because of this object."""
    FAILED = "Failed"
    """The instance ended by itself."""
    FORCE_FINALIZED = "ForceFinalized"
    """A person gave up a stuck deletion; the instance may still exist and cost money."""
    ORPHAN_DELETED = "OrphanDeleted"
    """An instance that belonged to no object was deleted."""
    ORPHAN_DELETION_PAUSED = "OrphanDeletionPaused"
    """Orphans would be deleted, but something looks wrong."""
    CREATES_FROZEN = "CreatesFrozen"
    """The same objects were rented for again too often."""
    NOTIFICATION_FAILED = "NotificationFailed"
    """A webhook could not be delivered."""
    SUCCESSFUL_CREATE = "SuccessfulCreate"
    """A set or a job made an instance."""
    SUCCESSFUL_DELETE = "SuccessfulDelete"
    """A set or a job deleted an instance."""
    FAILED_CREATE = "FailedCreate"
    """The cluster refuses to store an instance of a set or a job."""
    REPLICA_FAILED = "ReplicaFailed"
    """An instance of a set failed, or cannot be rented now."""
    PROGRESS_DEADLINE_EXCEEDED = "ProgressDeadlineExceeded"
    """A set made no progress within its deadline."""
    ATTEMPT_FAILED = "AttemptFailed"
    """An attempt of a job failed."""
    SUSPENDED = "Suspended"
    """A job is held back, and its instance was released."""
    RESUMED = "Resumed"
    """A job goes on."""
    COMPLETED = "Completed"
    """A job's program succeeded, and its instance is gone."""
    BACKOFF_LIMIT_EXCEEDED = "BackoffLimitExceeded"
    """A job failed: more attempts failed than it allows."""
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    """A job failed: it took longer than it may."""
    EXPIRED = "Expired"
    """A finished job is deleted, since its ttlSecondsAfterFinished has passed."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line for people; posted on a transition, never per poll."""

    type: Literal["Normal", "Warning"]
    reason: EventReason
    message: str
