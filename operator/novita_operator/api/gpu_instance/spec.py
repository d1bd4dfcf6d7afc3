"""GPUInstance: one rented instance. The descriptions are what `kubectl explain` prints."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from novita_operator.api import rules
from novita_operator.api.gpu_instance.life import (
    Adopt,
    Lifetime,
    Notification,
    Readiness,
    RestartPolicy,
    Service,
    Volume,
)
from novita_operator.api.gpu_instance.sources import KEY_CHARS, AuthorizedKeysSource, EnvVar
from novita_operator.api.meta import Model, Name, Price


class AccountRef(Model):
    """Which account pays."""

    name: Name = Field("default", description="Name of a NovitaAccount that admits this namespace.")


class TemplateRef(Model):
    """A Novita template."""

    model_config = Model.model_config | {
        "json_schema_extra": rules.only_one("template", "name", "id", required=True, printed=("self.name", "self.id"))
    }

    name: str | None = Field(None, min_length=1, max_length=255, description="Exact name of the template at Novita.")
    id: str | None = Field(None, min_length=1, max_length=255, description="Id of the template at Novita.")


class Port(Model):
    """One port of the container that Novita makes reachable."""

    port: int = Field(
        ge=1,
        le=65535,
        description="Port inside the container; 2222 to 2224 belong to Novita.",
        json_schema_extra=rules.reserved_ports(),
    )
    protocol: Literal["HTTP", "TCP"] = Field(
        "HTTP", description="HTTP, also without a value, gets an https address; TCP a host and port."
    )


class Tools(Model):
    """Programs that Novita adds to official images."""

    jupyter: bool | None = Field(None, description="Whether Jupyter runs; without a value the template decides.")


class LocalRef(Model):
    """An object in the same namespace."""

    name: Name = Field(description="Its name, in the namespace of this object.")


class Startup(Model):
    """How long an instance may take to become Ready, and what then ends the billing."""

    timeout_seconds: int | None = Field(
        None,
        ge=60,
        le=86400,
        description="Seconds from the create (or start) call to Ready. Without a value the operator's setting "
        "STARTUP_TIMEOUT counts, which is 600 seconds unless an administrator changed it.",
    )
    on_timeout: Literal["Delete", "Stop", "Keep"] = Field(
        "Delete",
        description="What happens to an instance that is not Ready in time. Delete ends all billing; Stop keeps the "
        "disk; Keep lets it run and cost. In each case the object is Stalled until its spec is edited or the "
        "annotation gpu.novita.ai/reconcile-requested-at changes.",
    )
    on_no_capacity: Literal["Wait", "Recreate"] = Field(
        "Wait",
        description="What happens when a stopped instance finds no free GPU for its start. Wait tries again and keeps "
        "the disk; Recreate deletes it, disk included, and rents another one wherever the spec allows.",
    )


class GPUInstanceSpec(Model):
    """What is wanted. An empty spec rents the operator's default product."""

    model_config = Model.model_config | {"json_schema_extra": rules.gpu_instance_spec()}

    account_ref: AccountRef = Field(
        AccountRef(),
        description="Which account pays. Cannot be changed later.",
        json_schema_extra=rules.fixed(printed="{}.name"),
    )
    product_name: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="Exact product name at Novita, such as `RTX 4090 24GB`. Without productName and productId the "
        "operator's setting DEFAULT_GPU_TYPE counts. Cannot be changed later.",
        json_schema_extra=rules.fixed(printed="{}"),
    )
    product_id: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="Product id at Novita, instead of productName. Cannot be changed.",
        json_schema_extra=rules.fixed(printed="{}"),
    )
    gpu_count: int = Field(
        1,
        ge=1,
        le=8,
        description="Number of GPUs. Cannot be changed later.",
        json_schema_extra=rules.immutable("gpuCount", digits=1),
    )
    billing: Literal["OnDemand", "Spot"] = Field(
        "OnDemand",
        description="OnDemand stays until it is stopped; Spot is cheaper and may be taken back. Cannot be changed.",
        json_schema_extra=rules.immutable("billing"),
    )
    max_price_per_hour: Price | None = Field(
        None, description='USD per hour for the whole instance, such as "1.20". Above it nothing is rented.'
    )
    regions: tuple[Annotated[str, Field(min_length=1, max_length=63)], ...] = Field(
        (),
        max_length=16,
        description="Regions in the order of preference, such as CN-HK-01. Without any, the operator's setting "
        "DEFAULT_REGION is tried first. Cannot be changed later.",
        json_schema_extra=rules.fixed(printed="{}.join(', ')"),
    )
    region_policy: Literal["Prefer", "Require"] = Field(
        "Prefer",
        description="Prefer tries the listed regions first, then all others, cheapest first; Require tries no other. "
        "Cannot be changed.",
        json_schema_extra=rules.immutable("regionPolicy"),
    )
    template: TemplateRef | None = Field(
        None,
        description="Novita template that gives image, command, ports and variables. Without template and image the "
        "operator's setting DEFAULT_TEMPLATE counts; with an image and no template, none is used. Cannot be changed.",
        json_schema_extra=rules.fixed(),
    )
    image: str | None = Field(
        None,
        min_length=1,
        max_length=500,
        description="Container image, instead of the template's. Cannot be changed.",
        json_schema_extra=rules.fixed(printed="{}"),
    )
    command: str | None = Field(
        None,
        max_length=2047,
        description="Arguments of the container, instead of the template's. Cannot be changed.",
        json_schema_extra=rules.fixed(),
    )
    entrypoint: str | None = Field(
        None,
        max_length=2047,
        description="Entry point of the container, instead of the template's. Cannot be changed.",
        json_schema_extra=rules.fixed(),
    )
    env: tuple[EnvVar, ...] = Field(
        (),
        max_length=100,
        description="Environment variables; they are added to the template's and win over it. Cannot be changed later.",
        json_schema_extra=rules.keyed("name") | rules.fixed(),
    )
    ports: tuple[Port, ...] | None = Field(
        None,
        max_length=15,
        description="Ports to make reachable, instead of the template's.",
        json_schema_extra=rules.ports(),
    )
    tools: Tools | None = Field(
        None,
        description="Programs that Novita adds to official images. Cannot be changed.",
        json_schema_extra=rules.fixed(),
    )
    image_pull_secret_ref: LocalRef | None = Field(
        None,
        description="A Secret of type kubernetes.io/dockerconfigjson with the credentials of the image's registry. "
        "Cannot be changed later.",
        json_schema_extra=rules.fixed(),
    )
    registry_auth_id: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="Id of a registry credential stored at Novita. Cannot be changed.",
        json_schema_extra=rules.fixed(printed="{}"),
    )
    rootfs_size_gb: int = Field(
        60,
        alias="rootfsSizeGB",
        ge=10,
        le=6144,
        description="Size of the root disk in GB, within the product's bounds; 60 GB are free of charge. "
        "It can grow and never shrink.",
        json_schema_extra=rules.grows("rootfsSizeGB", digits=4),
    )
    authorized_keys: tuple[Annotated[str, Field(min_length=1, max_length=KEY_CHARS)], ...] = Field(
        (),
        max_length=32,
        description="Public ssh keys that may log in beside the password, one line of a `.pub` file each. They are on "
        "the machine before Ready, and a change is brought there without a restart; lines that you write into "
        "`~/.ssh/authorized_keys` yourself stay. No options in front of a key.",
        json_schema_extra=rules.no_private_keys(),
    )
    authorized_keys_from: tuple[AuthorizedKeysSource, ...] = Field(
        (),
        max_length=8,
        description="The same from Secrets and ConfigMaps of this namespace, in the form of an authorized_keys file. "
        "They are read again every two polls, a minute by default.",
    )
    volumes: tuple[Volume, ...] = Field(
        (),
        max_length=30,
        description="Network volumes to mount; all live in one cluster, and so does the instance. "
        "Cannot be changed later.",
        json_schema_extra=rules.keyed("mountPath") | rules.fixed(),
    )
    adopt: Adopt | None = Field(
        None,
        description="An existing instance to take over instead of renting. Cannot be changed later.",
        json_schema_extra=rules.fixed(printed="{}.instanceId"),
    )
    power_state: Literal["Running", "Stopped"] = Field(
        "Running",
        description="Stopped frees the GPU and ends its billing. Novita keeps the disk for at most 7 days and does not "
        "promise a free GPU for the next start.",
    )
    startup: Startup = Field(Startup(), description="How long an instance may take to become Ready.")
    readiness: Readiness | None = Field(
        None, description="When a running instance counts as usable; without it, as soon as Novita says that it runs."
    )
    restart_policy: RestartPolicy = Field(
        RestartPolicy(), description="What happens to an instance that ended by itself, or vanished."
    )
    on_spot_reclaim: Literal["Recreate", "FallbackOnDemand", "Stop"] = Field(
        "Recreate",
        description="What happens when Novita takes a spot instance back: rent another one, rent one on demand, or "
        "leave it stopped. What is on its root disk is lost unless it is left.",
    )
    lifetime: Lifetime | None = Field(None, description="Automatic stop or delete.")
    service: Service | None = Field(
        None, description="A Service in this namespace that leads to the instance's TCP ports and to ssh."
    )
    notifications: tuple[Notification, ...] = Field(
        (), max_length=8, description="Webhooks; without any, the operator's setting WEBHOOK_URL counts."
    )
    deletion_policy: Literal["Delete", "Retain", "Stop"] = Field(
        "Delete",
        description="What happens to the instance when this object is deleted. Retain leaves it as it is, Stop "
        "leaves it stopped; both go on costing money at Novita.",
    )
    connection_secret_name: Name | None = Field(
        None,
        description="Name of the Secret with the passwords; `<name>-connection` without a value. Cannot be changed.",
        json_schema_extra=rules.fixed(printed="{}"),
    )
