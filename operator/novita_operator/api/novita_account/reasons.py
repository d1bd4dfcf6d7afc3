"""Condition types and reasons of NovitaAccounts: part of the API."""

from __future__ import annotations

from enum import StrEnum


class ConditionType(StrEnum):
    """What the conditions are about."""

    READY = "Ready"
    """Objects can rent with this account."""
    CREDENTIALS_VALID = "CredentialsValid"
    """Novita accepts the key."""
    INSTANCES_MISSING = "InstancesMissing"
    """Only while true: Novita no longer shows instances of living objects; they do not count as lost yet."""
    ORPHANS_FOUND = "OrphansFound"
    """Only while true: instances carry this cluster's mark and belong to no object."""
    ORPHAN_DELETION_PAUSED = "OrphanDeletionPaused"
    """Only while true: orphans would be deleted, but something seems wrong, so a person must decide first."""
    CLUSTER_ID_CHANGED = "ClusterIdChanged"
    """Only while true: instances of objects carry another cluster id than the operator has now."""
    CREATES_FROZEN = "CreatesFrozen"
    """Only while true: instances were rented too often for the same objects, so nothing is rented any more."""
    CREATES_PAUSED = "CreatesPaused"
    """Only while true: Novita refuses to rent or start, for lack of balance or quota; one object tries for all."""
    DELETION_BLOCKED = "DeletionBlocked"
    """Only while true: the account is to be deleted and objects still use it, or cannot be read."""


class Reason(StrEnum):
    """Why a condition is as it is."""

    READY = "Ready"
    """The last poll read every instance of the account."""
    NOT_POLLED = "NotPolled"
    """No poll has ended since the operator started or the key changed."""
    INVALID_SPEC = "InvalidSpec"
    """A field of the spec cannot be read: nothing is rented until it can, and what was rented can end."""
    KEY_MISSING = "KeyMissing"
    """The Secret or the entry with the key does not exist."""
    CREDENTIALS_REJECTED = "CredentialsRejected"
    """Novita refuses the key."""
    NOVITA_UNAVAILABLE = "NovitaUnavailable"
    """The last poll failed."""
    NOT_SHOWN = "NotShown"
    """Neither the list nor a call by id shows them, and Novita has not announced that."""
    CLUSTER_ID_CHANGED = "ClusterIdChanged"
    """The names of instances carry a cluster id that is not the operator's, and that nobody has accepted."""
    UNCLAIMED = "Unclaimed"
    """No object has the UID in the instance's name, or its id."""
    NO_OBJECTS = "NoObjects"
    """Not one object uses the account, as after a restore or the loss of a CRD."""
    OBJECTS_VANISHED = "ObjectsVanished"
    """Half of the objects are gone since the last orphan check."""
    TOO_MANY = "TooMany"
    """More orphans at once than single mishaps explain."""
    IDENTITY_SHARED = "IdentityShared"
    """The operator does not see all namespaces, so that other operators may own these instances."""
    RETAINED_UNKNOWN = "RetainedUnknown"
    """The ConfigMap that tells retained instances from orphans is lost, or cannot be read or written."""
    OBJECTS_UNREADABLE = "ObjectsUnreadable"
    """The API server could not list the objects, or no longer knows their kind."""
    TOO_MANY_RECREATES = "TooManyRecreates"
    """More instances were rented again within ten minutes than mishaps explain."""
    INSUFFICIENT_BALANCE = "InsufficientBalance"
    """The balance is too small for what objects ask for."""
    QUOTA_EXCEEDED = "QuotaExceeded"
    """The account has as many instances or GPUs as Novita allows it, or of the product that the message names."""
    IN_USE = "InUse"
    """Objects refer to the account."""

    @classmethod
    def _missing_(cls, value: object) -> Reason:  # noqa: ARG003 - the signature is enum's
        """A reason of another version."""
        return cls.NOT_POLLED
