"""NovitaAccount: one API key, its health, its limits, and everything that it pays for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from novita_operator.api.conditions import Condition
from novita_operator.api.meta import Meta, Model, Moment, Name


class ConditionType(StrEnum):
    """What the conditions are about."""

    READY = "Ready"
    """Objects can rent with this account."""
    CREDENTIALS_VALID = "CredentialsValid"
    """Novita accepts the key."""
    ORPHANS_FOUND = "OrphansFound"
    """Only while true: instances carry this cluster's mark and belong to no object."""
    ORPHAN_DELETION_PAUSED = "OrphanDeletionPaused"
    """Only while true: orphans would be deleted, but something looks wrong, so a person must look first."""
    CREATES_FROZEN = "CreatesFrozen"
    """Only while true: the same objects were rented for again too often, so nothing is rented any more."""
    DELETION_BLOCKED = "DeletionBlocked"
    """Only while true: the account is to be deleted and objects still use it."""


class Reason(StrEnum):
    """Why a condition is as it is."""

    READY = "Ready"
    """The last poll read every instance of the account."""
    NOT_POLLED = "NotPolled"
    """No poll has ended since the operator started or the key changed."""
    KEY_MISSING = "KeyMissing"
    """The Secret or the entry with the key does not exist."""
    CREDENTIALS_REJECTED = "CredentialsRejected"
    """Novita refuses the key."""
    NOVITA_UNAVAILABLE = "NovitaUnavailable"
    """The last poll failed."""
    UNCLAIMED = "Unclaimed"
    """No object has the UID in the instance's name, or its id."""
    NO_OBJECTS = "NoObjects"
    """Not one object uses the account, as after a restore or the loss of a CRD."""
    OBJECTS_VANISHED = "ObjectsVanished"
    """Half of the objects are gone since the last look."""
    TOO_MANY = "TooMany"
    """More orphans at once than single mishaps explain."""
    IDENTITY_SHARED = "IdentityShared"
    """The operator does not see all namespaces, so that other operators may own these instances."""
    OBJECTS_UNREADABLE = "ObjectsUnreadable"
    """The API server could not list the objects, or no longer knows their kind."""
    TOO_MANY_RECREATES = "TooManyRecreates"
    """More instances were rented again within ten minutes than mishaps explain."""
    IN_USE = "InUse"
    """Objects refer to the account."""

    @classmethod
    def _missing_(cls, value: object) -> Reason:  # noqa: ARG003 - the signature is enum's
        """A reason of another version."""
        return cls.NOT_POLLED


class ApiKeySecretRef(Model):
    """Where the key is. The Secret lives in the operator's namespace, so that no tenant can take it away."""

    name: Name = Field(description="Name of a Secret in the operator's namespace.")
    key: str = Field("apiKey", min_length=1, max_length=253, description="The entry that holds the key.")


class NamespaceSelector(Model):
    """Namespaces by label."""

    match_labels: dict[Annotated[str, Field(max_length=317)], Annotated[str, Field(max_length=63)]] = Field(
        {}, max_length=16, description="Labels that a namespace must all have."
    )


class Namespaces(Model):
    """Who may use the account."""

    names: tuple[Annotated[str, Field(min_length=1, max_length=63)], ...] = Field(
        (), max_length=256, description="Namespaces by name."
    )
    selector: NamespaceSelector | None = Field(None, description="Namespaces by label, in addition.")


class Limits(Model):
    """How hard the account may be used."""

    requests_per_minute: int = Field(
        100, ge=1, le=60_000, description="Calls to Novita per minute; Novita publishes no limit of its own."
    )
    max_concurrent_creates: int = Field(3, ge=1, le=64, description="Create calls under way at the same time.")


class NovitaAccountSpec(Model):
    """One account at Novita."""

    api_key_secret_ref: ApiKeySecretRef | None = Field(
        None, description="The API key. Without it the operator's own key (NOVITA_API_KEY) is used."
    )
    base_url: str | None = Field(
        None,
        max_length=512,
        pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$",
        description="Address of the Novita API, instead of the operator's setting NOVITA_API_URL.",
    )
    namespaces: Namespaces | None = Field(
        None, description="Namespaces that may use the account. Without it, every namespace may."
    )
    limits: Limits = Field(Limits(), description="How hard the account may be used.")
    orphans: Literal["Report", "Delete"] = Field(
        "Report",
        description="What happens to instances that carry this cluster's mark and belong to no object any more.",
    )


class InstanceCounts(Model):
    """How many instances the account holds."""

    managed: int = Field(0, description="Instances that belong to an object of this cluster.")
    foreign: int = Field(0, description="Instances without this cluster's mark; they are never touched.")
    orphaned: int = Field(0, description="Instances with this cluster's mark that no object claims.")


class Orphan(Model):
    """An instance that costs money for nobody."""

    id: str = Field(max_length=255, description="Its id at Novita.")
    name: str = Field(max_length=255, description="Its name at Novita.")
    price_per_hour: str | None = Field(None, max_length=32, description="USD per hour, where it is known.")
    first_seen: Moment = Field(description="When the operator first saw it without an object.")


class Collector(Model):
    """What the collector of orphans remembers across restarts."""

    objects: int = Field(0, ge=0, description="Objects that used the account at the last look without a complaint.")
    checked_at: Moment | None = Field(None, description="When that was.")


class Creates(Model):
    """Whether the account may rent, as far as the money breaker is concerned."""

    frozen_at: Moment | None = Field(None, description="When creates were frozen; absent while they are not.")
    thawed_by: str | None = Field(
        None, max_length=256, description="The last handled value of the annotation gpu.novita.ai/thaw-creates."
    )


class NovitaAccountStatus(Model):
    """What the operator found."""

    observed_generation: int | None = Field(None, description="The generation of the spec that this status speaks of.")
    conditions: tuple[Condition, ...] = Field(
        (),
        max_length=16,
        description="Ready and CredentialsValid always; OrphansFound, OrphanDeletionPaused, CreatesFrozen and "
        "DeletionBlocked only while true.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )
    balance: str | None = Field(None, max_length=32, description="Available balance, USD.")
    price_per_hour: str | None = Field(
        None, max_length=32, description="What all running instances cost, USD per hour."
    )
    hours_left: str | None = Field(None, max_length=32, description="How long the balance lasts at this price.")
    instances: InstanceCounts | None = Field(None, description="How many instances the account holds.")
    orphans: tuple[Orphan, ...] = Field((), max_length=50, description="Instances that no object claims, oldest first.")
    creates: Creates | None = Field(None, description="Whether the money breaker has frozen creates.")
    collector: Collector | None = Field(None, description="The last look for orphans that found nothing odd.")
    last_polled_at: Moment | None = Field(
        None, description="Start of a recent whole poll; written once a minute at most."
    )


@dataclass(frozen=True, slots=True)
class NovitaAccount:
    """One object as the cluster holds it."""

    meta: Meta
    spec: NovitaAccountSpec
    status: NovitaAccountStatus

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> NovitaAccount:
        """Read a body from the cluster. Raises pydantic.ValidationError where metadata or spec cannot be read."""
        spec = NovitaAccountSpec.model_validate(body.get("spec") or {})
        return cls(Meta.parse(body["metadata"]), spec, _status(body.get("status") or {}))


def _status(raw: Mapping[str, Any]) -> NovitaAccountStatus:
    try:
        return NovitaAccountStatus.model_validate(raw)
    except ValidationError:
        return NovitaAccountStatus()
