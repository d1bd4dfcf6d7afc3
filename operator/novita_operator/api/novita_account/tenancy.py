"""What each namespace may have of an account: rules, and what must never be exceeded."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from novita_operator.api.meta import Model, PriceCap
from novita_operator.api.novita_account.namespaces import Namespaces

_Text = Annotated[str, Field(min_length=1, max_length=255)]


class AccountCaps(Model):
    """What all instances together must not exceed. What runs already is never ended for it."""

    price_per_hour: PriceCap | None = Field(
        None, description='USD per hour of everything that this cluster has running in the account, such as "20".'
    )
    instances: int | None = Field(
        None, ge=0, le=100_000, description="Instances of this cluster in the account, stopped ones included."
    )


class NamespaceCaps(AccountCaps):
    """What the instances of one namespace together must not exceed. What runs already is never ended for it."""

    price_per_hour: PriceCap | None = Field(
        None, description='USD per hour of everything that the namespace has running, such as "5".'
    )
    instances: int | None = Field(
        None, ge=0, le=100_000, description="Instances of the namespace, stopped ones included."
    )
    gpus: int | None = Field(None, ge=0, le=100_000, description="GPUs of these instances.")


class TenancyRule(Model):
    """What some namespaces may have. A field without a value allows everything; an empty list allows nothing."""

    namespaces: Namespaces | None = Field(
        None, description="The namespaces that the rule is for; without it, all that no earlier rule is for."
    )
    billing: tuple[Literal["OnDemand", "Spot"], ...] | None = Field(
        None, max_length=2, description="How instances may be billed."
    )
    products: tuple[_Text, ...] | None = Field(
        None, max_length=64, description="Products that may be rented, by exact name or id."
    )
    regions: tuple[Annotated[str, Field(min_length=1, max_length=63)], ...] | None = Field(
        None, max_length=64, description="Regions in which may be rented, such as CN-HK-01."
    )
    max_price_per_hour: PriceCap | None = Field(
        None, description='USD per hour that one instance may cost, such as "2.50".'
    )
    max_gpu_count: int | None = Field(None, ge=1, le=8, description="GPUs that one instance may have.")
    max_rootfs_size_gb: int | None = Field(
        None,
        alias="maxRootfsSizeGB",
        ge=10,
        le=6144,
        description="GB that one root disk may have; beyond 60 they cost.",
    )
    network_volumes: tuple[_Text, ...] | None = Field(
        None, max_length=256, description="Network volumes that may be mounted, by id."
    )
    registry_credentials: tuple[_Text, ...] | None = Field(
        None, max_length=64, description="Registry credentials at Novita that spec.registryAuthId may name, by id."
    )
    templates_with_secrets: tuple[_Text, ...] | None = Field(
        None,
        max_length=256,
        description="Templates that may be used although they hold environment variables or a registry credential, "
        "by exact name or id. Templates without either may always be used.",
    )
    adoption: Literal["Deny", "Allow"] = Field(
        "Deny",
        description="Whether instances that exist at Novita may be taken over by spec.adopt; Deny without a value.",
    )
    retention: Literal["Deny", "Allow"] = Field(
        "Deny",
        description="Whether spec.deletionPolicy may be Retain or Stop, which leave an instance at Novita that costs "
        "and that no namespace answers for; Deny without a value.",
    )
    limits: NamespaceCaps | None = Field(None, description="What each of these namespaces may have at the same time.")


class Tenancy(Model):
    """Who may have what. Of the rules, the first that is for a namespace counts."""

    rules: tuple[TenancyRule, ...] = Field(
        (),
        max_length=64,
        description="Rules; the first that is for a namespace counts. Where there are rules and none is for a "
        "namespace, nothing can be rented from there.",
    )
    limits: AccountCaps | None = Field(None, description="What all namespaces together may have at the same time.")
