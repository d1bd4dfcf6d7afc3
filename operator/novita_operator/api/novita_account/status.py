"""What the operator writes into `status` of a NovitaAccount."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from novita_operator.api import rules
from novita_operator.api.conditions import Condition
from novita_operator.api.meta import NAME_CHARS, Model, Moment

MOST_DEPARTED = 20
"""More than single mishaps leave behind at once."""
MOST_ADOPTIONS = 500
"""More would make the account as large as the API server takes in one object, with all else that it holds."""


class InstanceCounts(Model):
    """How many instances the account holds."""

    managed: int = Field(0, description="Instances that belong to an object of this cluster.")
    foreign: int = Field(0, description="Instances without this cluster's mark; they are never touched.")
    orphaned: int = Field(0, description="Instances with this cluster's mark that no object claims.")
    retained: int = Field(0, description="Such instances that a person chose to leave; they are no orphans.")


class Orphan(Model):
    """An instance that costs money for nobody."""

    id: str = Field(max_length=255, description="Its id at Novita.")
    name: str = Field(max_length=255, description="Its name at Novita.")
    price_per_hour: str | None = Field(None, max_length=32, description="USD per hour, where it is known.")
    first_seen: Moment = Field(description="When the operator first saw it without an object.")


class Collector(Model):
    """What the collector of orphans remembers across restarts."""

    objects: int = Field(
        0, ge=0, description="Objects that used the account at the last orphan check that found nothing odd."
    )
    checked_at: Moment | None = Field(None, description="When that was.")
    confirmed: str | None = Field(
        None,
        max_length=256,
        description="The last value of the annotation gpu.novita.ai/confirm-orphans that let orphans be deleted. It "
        "counts for those alone.",
    )


class Creates(Model):
    """Whether the account may rent, as far as the money breaker is concerned."""

    frozen_at: Moment | None = Field(None, description="When creates were frozen; absent while they are not.")
    thawed_by: str | None = Field(
        None, max_length=256, description="The last handled value of the annotation gpu.novita.ai/thaw-creates."
    )


class Adoption(Model):
    """An instance that an object has taken over while spec.tenancy allowed it; it stays the object's."""

    instance_id: str = Field(max_length=255, description="Its id at Novita.")
    namespace: str = Field(max_length=63, description="Namespace of the GPUInstance.")
    name: str = Field(max_length=NAME_CHARS, description="Name of the GPUInstance.")
    uid: str = Field(max_length=64, description="UID of the GPUInstance: another object of the same name is not meant.")


class NovitaAccountStatus(Model):
    """What the operator found."""

    observed_generation: int | None = Field(None, description="The generation of the spec that this status speaks of.")
    conditions: tuple[Condition, ...] = Field(
        (),
        max_length=16,
        description="Ready and CredentialsValid always; OrphansFound, OrphanDeletionPaused, CreatesFrozen, "
        "CreatesPaused and DeletionBlocked only while true.",
        json_schema_extra=rules.keyed("type"),
    )
    balance: str | None = Field(None, max_length=32, description="Available balance, USD.")
    price_per_hour: str | None = Field(
        None, max_length=32, description="What all running instances cost, USD per hour."
    )
    hours_left: str | None = Field(None, max_length=32, description="How long the balance lasts at this price.")
    instances: InstanceCounts | None = Field(None, description="How many instances the account holds.")
    orphans: tuple[Orphan, ...] = Field((), max_length=50, description="Instances that no object claims, oldest first.")
    creates: Creates | None = Field(None, description="Whether the money breaker has frozen creates.")
    departed: tuple[Annotated[str, Field(max_length=64)], ...] = Field(
        (),
        max_length=MOST_DEPARTED,
        description="UIDs of the objects whose deletion was seen last, the newest at the end: what is left of one of "
        "them may be deleted although no other object uses the account.",
    )
    collector: Collector | None = Field(None, description="The last orphan check that found nothing odd.")
    losses_confirmed: str | None = Field(
        None,
        max_length=256,
        description="The last value of the annotation gpu.novita.ai/confirm-losses that let instances count as lost. "
        "It counts for those alone.",
    )
    adoptions: tuple[Adoption, ...] = Field(
        (),
        max_length=MOST_ADOPTIONS,
        description="Instances that were taken over with the consent of spec.tenancy. They stay with their objects, "
        "and go with them, whatever spec.tenancy says later.",
    )
    key_fingerprint: str | None = Field(
        None,
        max_length=32,
        description="Names the key with which the instances were last seen, without telling it: with another one, none "
        "of them counts as lost.",
    )
    class_name: str | None = Field(
        None,
        max_length=63,
        description="Class of the operator that wrote this; empty: the one without a class. Where spec.className is "
        "another, no operator of that class has looked yet.",
    )
    last_polled_at: Moment | None = Field(
        None, description="Start of a recent whole poll; written once a minute at most."
    )
