"""The words of a GPUInstance's conditions. They are part of the API: each says when it occurs."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from novita_operator.api.events import EventReason


class ConditionType(StrEnum):
    """What the conditions are about."""

    READY = "Ready"
    """The instance is in the wanted power state and usable."""
    SCHEDULED = "Scheduled"
    """Product, region and price are chosen and admitted."""
    PROVISIONED = "Provisioned"
    """An instance of this object exists at Novita."""
    SYNCED = "Synced"
    """The last pass did what the spec asks."""
    RECONCILING = "Reconciling"
    """Only while true: work is under way."""
    STALLED = "Stalled"
    """Only while true: it will not get better without a person."""
    SPOT_RECLAIMING = "SpotReclaiming"
    """Only while true: Novita takes the spot instance back."""
    DRIFTED = "Drifted"
    """Only while true: Novita holds something else than the spec asks, and not because the spec has changed."""
    PRICE_ABOVE_LIMIT = "PriceAboveLimit"
    """Only while true: the instance costs more than spec.maxPricePerHour says now; it is kept."""
    UNREADABLE = "Unreadable"
    """Only while true: an annotation or a part of the status is not of a form that can be read."""
    HOST_KEY_CHANGED = "HostKeyChanged"
    """Only while true: ssh shows another host key than the one that was recorded when the operator started it."""
    AUTHORIZED_KEYS_PENDING = "AuthorizedKeysPending"
    """Only while true: spec.authorizedKeys could not be brought to the machine as the spec has them now."""
    DATA_AT_RISK = "DataAtRisk"
    """Only while true: the instance is stopped, and Novita keeps its root disk for 7 days only."""


class Reason(StrEnum):
    """Why a condition is as it is."""

    READY = "Ready"
    """The instance runs and its connection details are in status and Secret."""
    STOPPED = "Stopped"
    """The instance is stopped (or was never rented), as spec.powerState asks."""
    SCHEDULING = "Scheduling"
    """Product, region and price are being chosen."""
    CREATING = "Creating"
    """The create call was accepted; the instance is not billed yet."""
    PULLING = "Pulling"
    """The image is being pulled; the instance is billed."""
    STARTING = "Starting"
    """The instance is starting or restarting."""
    MIGRATING = "Migrating"
    """Novita moves the instance to another machine."""
    NOT_LISTED = "NotListed"
    """Novita's list lacks the instance now; it is asked for by id before it counts as lost."""
    NAME_DIFFERS = "NameDiffers"
    """The id of the instance belongs at Novita to one of another name, so that nothing is done to it."""
    NOT_REACHABLE = "NotReachable"
    """The instance runs, but Novita has not said how to reach it, a port is silent, or its keys are not on it yet."""
    STOPPING = "Stopping"
    """The instance is being stopped."""
    DELETING = "Deleting"
    """The object is being deleted, and its instance with it."""
    DELETION_BLOCKED = "DeletionBlocked"
    """The object is being deleted and its instance cannot be; it may still cost money."""
    FAILED = "Failed"
    """The instance ended by itself."""
    STARTUP_TIMEOUT = "StartupTimeout"
    """The instance was not Ready in time."""
    SPOT_RECLAIMED = "SpotReclaimed"
    """Novita takes a spot instance back, or has done so."""
    NO_CAPACITY_AT_START = "NoCapacityAtStart"
    """A stopped instance found no free GPU for its start, and is replaced."""
    ENDED = "Ended"
    """spec.lifetime has ended the instance, and nothing is billed."""
    HOST_KEY_CHANGED = "HostKeyChanged"
    """ssh shows another host key, and the operator has neither started nor moved the instance."""
    SSH_UNREACHABLE = "SshUnreachable"
    """The ssh server of the machine does not answer the operator, or there is none."""
    LOGIN_REFUSED = "LoginRefused"
    """The machine takes neither the user nor the password that Novita gives."""
    KEYS_NOT_WRITTEN = "KeysNotWritten"
    """The machine lets the operator in, and its file of keys cannot be written: no shell, no room, no right."""
    CHANGED_ELSEWHERE = "ChangedElsewhere"
    """Somebody started or edited the instance at Novita."""
    ADOPT_REFUSED = "AdoptRefused"
    """The instance to be taken over does not exist, or belongs to somebody else."""
    VOLUME_NOT_FOUND = "VolumeNotFound"
    """A network volume does not exist, or the volumes live in different clusters."""
    FROZEN = "Frozen"
    """Novita has frozen the instance, as it does for an account in arrears."""
    UNKNOWN_STATUS = "UnknownStatus"
    """Novita uses a word for the state that this version does not know."""
    SELECTED = "Selected"
    """Product, region and price are chosen."""
    NO_CAPACITY = "NoCapacity"
    """Novita has no free GPU of the wanted kind in any allowed region."""
    PRICE_ABOVE_LIMIT = "PriceAboveLimit"
    """What is offered, or what was rented, costs more than spec.maxPricePerHour."""
    PRODUCT_NOT_FOUND = "ProductNotFound"
    """Novita has no product of that exact name or id, or does not offer it as the spec asks."""
    TEMPLATE_NOT_FOUND = "TemplateNotFound"
    """Novita has no template of that exact name or id."""
    REFERENCE_NOT_FOUND = "ReferenceNotFound"
    """A Secret or ConfigMap that the spec refers to, or an entry in it, does not exist, or cannot be used."""
    ACCOUNT_NOT_ADMITTED = "AccountNotAdmitted"
    """The NovitaAccount does not admit this namespace."""
    NOT_ALLOWED = "NotAllowed"
    """spec.tenancy of the NovitaAccount does not allow this namespace what the object asks for."""
    LIMIT_REACHED = "LimitReached"
    """Namespace or account have as much as spec.tenancy of the NovitaAccount lets them have at the same time."""
    ADOPTION_NOT_ALLOWED = "AdoptionNotAllowed"
    """spec.tenancy of the NovitaAccount does not allow this namespace to take over instances."""
    ACCOUNT_NOT_READY = "AccountNotReady"
    """The NovitaAccount does not exist or has no key."""
    ACCOUNT_OF_ANOTHER_CLASS = "AccountOfAnotherClass"
    """The NovitaAccount belongs to the operator of another class, which has not looked at the object."""
    INSTANCES_MISSING = "InstancesMissing"
    """Novita does not show the instances of the account, so that nothing is rented until it is clear what is true."""
    CLUSTER_ID_CHANGED = "ClusterIdChanged"
    """Instances of the NovitaAccount carry another cluster id than the operator has now, so that nothing is rented."""
    CREATES_FROZEN = "CreatesFrozen"
    """The NovitaAccount rents nothing, since instances were rented again and again for the same objects."""
    INVALID_SPEC = "InvalidSpec"
    """The object cannot be read by this version of the operator."""
    INVALID_VALUE = "InvalidValue"
    """Somebody wrote an annotation, or a part of the status, that cannot be read."""
    INTERNAL_ERROR = "InternalError"
    """A pass ended with an error that nobody expected."""
    NOT_CREATED = "NotCreated"
    """No instance is rented for this object."""
    CREATED = "Created"
    """An instance was rented for this object."""
    ADOPTED = "Adopted"
    """An existing instance was taken over."""
    CREATE_OUTCOME_UNKNOWN = "CreateOutcomeUnknown"
    """A create call may or may not have been carried out; the instance is looked for by name."""
    CREATE_REFUSED = "CreateRefused"
    """Novita refuses the create call as it is."""
    INSUFFICIENT_BALANCE = "InsufficientBalance"
    """The account's balance is too small."""
    QUOTA_EXCEEDED = "QuotaExceeded"
    """The account has as many instances or GPUs as Novita allows it."""
    INSTANCE_LOST = "InstanceLost"
    """The instance no longer exists, and not because of this object."""
    SECRET_CONFLICT = "SecretConflict"  # noqa: S105 - a word
    """A Secret of the connection Secret's name exists and belongs to somebody else."""
    SECRET_REFUSED = "SecretRefused"  # noqa: S105 - a word
    """The cluster does not take the connection Secret: a quota, a policy or a webhook is in the way."""
    SERVICE_CONFLICT = "ServiceConflict"
    """A Service, or EndpointSlice, of the wanted name exists and belongs to somebody else."""
    SERVICE_REFUSED = "ServiceRefused"
    """The cluster does not take the Service that spec.service asks for."""
    CLUSTER_REFUSED = "ClusterRefused"
    """The cluster does not take what the operator writes about this object: a policy, a webhook or a missing right."""
    SUCCESS = "Success"
    """The last pass did what the spec asks."""
    RATE_LIMITED = "RateLimited"
    """Novita asks for fewer calls."""
    NOVITA_UNAVAILABLE = "NovitaUnavailable"
    """Novita does not answer, or not usefully."""
    CREDENTIALS_REJECTED = "CredentialsRejected"
    """Novita refuses the account's API key."""
    PAUSED = "Paused"
    """The annotation gpu.novita.ai/paused is true."""
    INVALID_RESPONSE = "InvalidResponse"
    """Novita's answer could not be understood."""

    @classmethod
    def _missing_(cls, value: object) -> Reason:  # noqa: ARG003 - the signature is enum's
        """A reason of another version."""
        return cls.UNKNOWN_STATUS


TROUBLES: Mapping[Reason, EventReason] = {
    Reason.NO_CAPACITY: EventReason.NO_CAPACITY,
    Reason.PRICE_ABOVE_LIMIT: EventReason.PRICE_ABOVE_LIMIT,
    Reason.PRODUCT_NOT_FOUND: EventReason.CREATE_REFUSED,
    Reason.VOLUME_NOT_FOUND: EventReason.CREATE_REFUSED,
    Reason.TEMPLATE_NOT_FOUND: EventReason.CREATE_REFUSED,
    Reason.REFERENCE_NOT_FOUND: EventReason.CREATE_REFUSED,
    Reason.CREATE_REFUSED: EventReason.CREATE_REFUSED,
    Reason.INSUFFICIENT_BALANCE: EventReason.CREATE_REFUSED,
    Reason.QUOTA_EXCEEDED: EventReason.CREATE_REFUSED,
    Reason.CREDENTIALS_REJECTED: EventReason.CREDENTIALS_REJECTED,
    Reason.DELETION_BLOCKED: EventReason.DELETION_BLOCKED,
    Reason.INSTANCE_LOST: EventReason.INSTANCE_LOST,
    Reason.FAILED: EventReason.FAILED,
    Reason.SECRET_CONFLICT: EventReason.WRITE_REFUSED,
    Reason.SECRET_REFUSED: EventReason.WRITE_REFUSED,
    Reason.SERVICE_CONFLICT: EventReason.WRITE_REFUSED,
    Reason.SERVICE_REFUSED: EventReason.WRITE_REFUSED,
}
"""What a person should hear of, and the Event that tells it. The other reasons are seen in the conditions alone."""


class Phase(StrEnum):
    """One word for people. Open-ended: nothing reads it."""

    PENDING = "Pending"
    SCHEDULING = "Scheduling"
    CREATING = "Creating"
    PULLING = "Pulling"
    STARTING = "Starting"
    RUNNING = "Running"
    MIGRATING = "Migrating"
    STOPPING = "Stopping"
    STOPPED = "Stopped"
    FAILED = "Failed"
    DELETING = "Deleting"
    UNKNOWN = "Unknown"

    @classmethod
    def _missing_(cls, value: object) -> Phase:  # noqa: ARG003 - the signature is enum's
        """A phase of another version."""
        return cls.UNKNOWN
