"""GPUInstance: one rented instance. The descriptions are what `kubectl explain` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, WithJsonSchema

from novita_operator.api import rules
from novita_operator.api.conditions import Condition
from novita_operator.api.gpu_instance.life import (
    Adopt,
    Lifetime,
    Notification,
    Readiness,
    RestartPolicy,
    Service,
    Volume,
)
from novita_operator.api.gpu_instance.notifications import MOST_WAITING, PendingNotification, Reclaimed
from novita_operator.api.gpu_instance.reasons import ConditionType, Phase, Reason
from novita_operator.api.meta import NAME_CHARS, Meta, Model, Moment, Name

__all__ = ["ConditionType", "Phase", "Reason"]

Price = Annotated[
    Decimal,
    Field(gt=0),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,6}(\.[0-9]{1,6})?$", "maxLength": 13}),
]
"""USD per hour as a decimal string: floats lose cents."""


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


class KeyRef(Model):
    """One entry of a Secret or ConfigMap in the object's own namespace."""

    name: Name = Field(description="Name of the Secret or ConfigMap, in the namespace of this object.")
    key: str = Field(min_length=1, max_length=253, description="The entry in it.")
    optional: bool = Field(False, description="If true, a missing object or entry leaves the variable out.")


class EnvVarSource(Model):
    """Where a variable's value comes from."""

    model_config = Model.model_config | {
        "json_schema_extra": rules.only_one(
            "valueFrom",
            "secretKeyRef",
            "configMapKeyRef",
            required=True,
            printed=("self.secretKeyRef.name", "self.configMapKeyRef.name"),
        )
    }

    secret_key_ref: KeyRef | None = Field(None, description="An entry of a Secret. Its value is sent to Novita.")
    config_map_key_ref: KeyRef | None = Field(None, description="An entry of a ConfigMap.")


class EnvVar(Model):
    """One environment variable of the container."""

    model_config = Model.model_config | {"json_schema_extra": rules.only_one("env[]", "value", "valueFrom")}

    name: str = Field(
        min_length=1, max_length=511, pattern=r"^[-._a-zA-Z][-._a-zA-Z0-9]*$", description="Name of the variable."
    )
    value: str | None = Field(
        None, max_length=4095, description="Its value, readable by everybody who can read this object. No secrets here."
    )
    value_from: EnvVarSource | None = Field(None, description="Its value from a Secret or ConfigMap, read at creation.")


class Port(Model):
    """One port of the container that Novita makes reachable."""

    port: int = Field(
        ge=1,
        le=65535,
        description="Port inside the container; 2222 to 2224 belong to Novita.",
        json_schema_extra=rules.reserved_ports(),
    )
    protocol: Literal["HTTP", "TCP"] = Field("HTTP", description="HTTP gets an https address, TCP a host and port.")


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
        "the disk; Recreate deletes it, disk included, and rents anew wherever the spec allows.",
    )


class GPUInstanceSpec(Model):
    """What is wanted. An empty spec rents the operator's default product."""

    model_config = Model.model_config | {"json_schema_extra": rules.gpu_instance_spec()}

    account_ref: AccountRef = Field(AccountRef(), description="Which account pays. Cannot be changed later.")
    product_name: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="Exact product name at Novita, such as `RTX 4090 24GB`. Without productName and productId the "
        "operator's setting DEFAULT_GPU_TYPE counts. Cannot be changed later.",
    )
    product_id: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="Product id at Novita, instead of productName. Cannot be changed.",
    )
    gpu_count: int = Field(
        1,
        ge=1,
        le=8,
        description="Number of GPUs. Cannot be changed later.",
        json_schema_extra=rules.immutable("gpuCount"),
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
    )
    region_policy: Literal["Prefer", "Require"] = Field(
        "Prefer",
        description="Prefer tries the listed regions first, then all others, cheapest first; Require tries no other.",
        json_schema_extra=rules.immutable("regionPolicy"),
    )
    template: TemplateRef | None = Field(
        None,
        description="Novita template that gives image, command, ports and variables. Without template and image the "
        "operator's setting DEFAULT_TEMPLATE counts; with an image and no template, none is used. Cannot be changed.",
    )
    image: str | None = Field(
        None, min_length=1, max_length=500, description="Container image, instead of the template's. Cannot be changed."
    )
    command: str | None = Field(
        None, max_length=2047, description="Arguments of the container, instead of the template's. Cannot be changed."
    )
    entrypoint: str | None = Field(
        None, max_length=2047, description="Entry point of the container, instead of the template's. Cannot be changed."
    )
    env: tuple[EnvVar, ...] = Field(
        (),
        max_length=100,
        description="Environment variables; they are added to the template's and win over it. Cannot be changed later.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    ports: tuple[Port, ...] | None = Field(
        None,
        max_length=15,
        description="Ports to make reachable, instead of the template's.",
        json_schema_extra=rules.ports(),
    )
    tools: Tools | None = Field(None, description="Programs that Novita adds to official images. Cannot be changed.")
    image_pull_secret_ref: LocalRef | None = Field(
        None,
        description="A Secret of type kubernetes.io/dockerconfigjson with the credentials of the image's registry. "
        "Cannot be changed later.",
    )
    registry_auth_id: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="Id of a registry credential stored at Novita. Cannot be changed.",
    )
    rootfs_size_gb: int = Field(
        60,
        alias="rootfsSizeGB",
        ge=10,
        le=6144,
        description="Size of the root disk in GB, within the product's bounds; 60 GB are free of charge. "
        "It can grow and never shrink.",
        json_schema_extra=rules.grows("rootfsSizeGB"),
    )
    volumes: tuple[Volume, ...] = Field(
        (),
        max_length=30,
        description="Network volumes to mount; all live in one cluster, and so does the instance. "
        "Cannot be changed later.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["mountPath"]},
    )
    adopt: Adopt | None = Field(
        None, description="An existing instance to take over instead of renting. Cannot be changed later."
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
    lifetime: Lifetime | None = Field(None, description="When the instance is ended although it works.")
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
    )


class ProductStatus(Model):
    """The product that was chosen."""

    id: str = Field(max_length=255, description="Product id at Novita.")
    name: str = Field(max_length=255, description="Product name at Novita.")


class TemplateStatus(Model):
    """The template that was used."""

    id: str = Field(max_length=255, description="Template id at Novita.")
    name: str = Field(max_length=255, description="Template name when it was read.")


class PortEndpoint(Model):
    """Where one port can be reached."""

    port: int = Field(description="Port inside the container.")
    protocol: str = Field(max_length=16, description="HTTP or TCP.")
    endpoint: str = Field(max_length=512, description="An https address for HTTP, host and port for TCP.")


class SecretRef(Model):
    """A Secret in the object's namespace."""

    name: str = Field(max_length=NAME_CHARS, description="Name of the Secret.")


class Connection(Model):
    """How to reach the instance. Passwords are in the Secret only."""

    ssh: str = Field("", max_length=512, description="The ssh command.")
    endpoint: str = Field("", max_length=300, description="Host and port of ssh.")
    jupyter: str | None = Field(None, max_length=512, description="Address of Jupyter.")
    web_terminal: str | None = Field(None, max_length=512, description="Address of the web terminal.")
    ports: tuple[PortEndpoint, ...] = Field((), max_length=32, description="The ports of the spec or template.")
    secret_ref: SecretRef | None = Field(None, description="The Secret with passwords and all addresses.")
    instance_started_at: Moment | None = Field(
        None, description="Novita's own time of the start that these details belong to; each start may change them."
    )


class Binding(Model):
    """The Secret in the form of the Service Binding specification for Kubernetes."""

    name: str = Field(max_length=NAME_CHARS, description="Name of the connection Secret.")


class ServiceStatus(Model):
    """The Service of spec.service."""

    name: str = Field(max_length=NAME_CHARS, description="Name of the Service, in the namespace of this object.")
    addresses: tuple[Annotated[str, Field(max_length=45)], ...] = Field(
        (), max_length=64, description="Where it leads to; none while the instance is stopped."
    )
    message: str | None = Field(None, max_length=1000, description="What is missing in it, and why.")


class Cost(Model):
    """What the instances of this object have cost, estimated from price and billed time."""

    amount: str = Field(max_length=32, description="USD, a decimal string. Disks and taxes are not in it.")
    since: Moment = Field(description="When billing first began.")
    as_of: Moment = Field(
        description="When the amount was computed; it is written on transitions and every few minutes."
    )


class Failure(Model):
    """A failure after which nothing is done until its time for another try has come, or a person asks for one."""

    reason: str = Field(max_length=128, description="StartupTimeout, Failed, InstanceLost, SpotReclaimed or such.")
    message: str = Field(max_length=1000, description="What happened.")
    novita_error: str | None = Field(
        None, max_length=500, description="Novita's own error text; absent where a container just ended."
    )
    at: Moment = Field(description="When it was found.")
    instance_id: str | None = Field(None, max_length=255, description="The instance that failed.")
    retry_at: Moment | None = Field(
        None, description="When the operator tries again by itself; absent where only a person can help."
    )
    generation: int = Field(description="The generation of the spec that failed; an edit asks for another try.")
    reconcile_requested_at: str | None = Field(
        None, max_length=256, description="The annotation's value then; a new value asks for another try."
    )


class Restarts(Model):
    """How often the operator has tried again by itself."""

    count: int = Field(0, ge=0, description="Attempts since the last ten minutes of Ready.")
    last_at: Moment | None = Field(None, description="When the last one was decided on.")


class Ended(Model):
    """The instance was ended although it worked, as spec.lifetime asks."""

    cause: Literal["MaxSeconds", "Idle", "Schedule"] = Field(description="Which part of spec.lifetime.")
    action: Literal["Stop", "Delete"] = Field(description="What was done.")
    at: Moment = Field(description="When it was decided on.")
    generation: int = Field(description="The generation of the spec then; an edit starts the instance again.")
    reconcile_requested_at: str | None = Field(
        None, max_length=256, description="The annotation's value then; a new value starts the instance again."
    )


class GPUInstanceStatus(Model):
    """What the operator found and did."""

    observed_generation: int | None = Field(None, description="The generation of the spec that this status speaks of.")
    conditions: tuple[Condition, ...] = Field(
        (),
        max_length=16,
        description="Ready, Scheduled, Provisioned and Synced always; Reconciling and Stalled only while true.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )
    phase: str | None = Field(
        None, max_length=32, description="One word for people; open-ended, read conditions instead."
    )
    instance_id: str | None = Field(None, max_length=255, description="Id of the instance at Novita.")
    instance_name: str | None = Field(
        None, max_length=255, description="Name of the instance at Novita, the same always."
    )
    product: ProductStatus | None = Field(None, description="The product that was chosen.")
    region: str | None = Field(None, max_length=63, description="The region that was chosen.")
    billing: str | None = Field(None, max_length=32, description="How the instance is billed.")
    image: str | None = Field(None, max_length=500, description="The image that was sent to Novita.")
    template: TemplateStatus | None = Field(None, description="The template that was used.")
    selection: str | None = Field(None, max_length=1000, description="Why this product and region, in a sentence.")
    connection: Connection | None = Field(None, description="How to reach the instance.")
    binding: Binding | None = Field(
        None, description="The connection Secret, where the Service Binding specification looks for it."
    )
    service: ServiceStatus | None = Field(None, description="The Service that spec.service asks for.")
    price_per_hour: str | None = Field(None, max_length=32, description="USD per hour for the whole instance.")
    cost: Cost | None = Field(None, description="What it has cost so far.")
    created_at: Moment | None = Field(None, description="When the instance was rented.")
    started_at: Moment | None = Field(None, description="When the operator last asked for a create or a start.")
    ready_at: Moment | None = Field(None, description="When it became Ready for the first time after that.")
    stopped_at: Moment | None = Field(None, description="When the operator last stopped it.")
    attempts: int | None = Field(None, description="Create calls made for this object.")
    novita_status: str | None = Field(None, max_length=64, description="Novita's own word for the state.")
    failure: Failure | None = Field(None, description="The last failure, until another try has worked.")
    restarts: Restarts | None = Field(None, description="How often the operator has tried again by itself.")
    fallback_on_demand: bool | None = Field(
        None, description="True after a reclaimed spot instance was replaced by one on demand."
    )
    spot_reclaim_at: Moment | None = Field(None, description="When Novita takes the spot instance back.")
    ended: Ended | None = Field(None, description="Why the instance was ended although it worked.")
    ends_at: Moment | None = Field(None, description="When spec.lifetime ends the instance, shortly before it does.")
    last_busy_at: Moment | None = Field(None, description="When the GPU was last seen at work, for lifetime.idle.")
    data_kept_until: Moment | None = Field(
        None, description="Until when Novita keeps the root disk of a stopped instance; 7 days after the stop."
    )
    reclaimed: Reclaimed | None = Field(
        None, description="The spot instance that Novita took back, until another one is Ready in its place."
    )
    notifications: tuple[PendingNotification, ...] | None = Field(
        None, max_length=MOST_WAITING, description="Webhooks that are still to be delivered, oldest first."
    )
    last_handled_reconcile_at: str | None = Field(
        None,
        max_length=256,
        description="The last handled value of the annotation gpu.novita.ai/reconcile-requested-at.",
    )


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a spec cannot be read. `can_delete`: what deletion needs of it, account and policy, could be."""

    message: str
    can_delete: bool


@dataclass(frozen=True, slots=True)
class GPUInstance:
    """One object as the cluster holds it. Of a spec that is `unreadable`, only account and deletion policy count."""

    meta: Meta
    spec: GPUInstanceSpec
    status: GPUInstanceStatus
    unreadable: Unreadable | None = None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> GPUInstance:
        """Read a body from the cluster, whatever version wrote it. Raises pydantic.ValidationError for its metadata."""
        spec, unreadable = _spec(body.get("spec") or {})
        return cls(Meta.parse(body["metadata"]), spec, _status(body.get("status") or {}), unreadable)


def account_of(body: Mapping[str, Any]) -> str:
    """The account that `GPUInstance.parse` finds in a body, without the work of reading all of it."""
    needed = _needed_for_deletion(body.get("spec") or {})
    return (needed or GPUInstanceSpec()).account_ref.name


_NEEDED_FOR_DELETION = ("accountRef", "deletionPolicy")
_COMPLAINTS = 5  # more fields than that are another version of the schema, and the list helps nobody


def _spec(raw: Mapping[str, Any]) -> tuple[GPUInstanceSpec, Unreadable | None]:
    try:
        return GPUInstanceSpec.model_validate(raw), None
    except ValidationError as error:
        # Without the values: one of them may be a password that somebody put into `env`.
        found = error.errors(include_input=False, include_url=False)[:_COMPLAINTS]
        complaints = "; ".join(f"spec.{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in found)
    needed = _needed_for_deletion(raw)
    return needed or GPUInstanceSpec(), Unreadable(complaints, can_delete=needed is not None)


def _needed_for_deletion(raw: Mapping[str, Any]) -> GPUInstanceSpec | None:
    needed = {name: raw[name] for name in _NEEDED_FOR_DELETION if isinstance(raw, Mapping) and name in raw}
    try:
        return GPUInstanceSpec.model_validate(needed)
    except ValidationError:
        return None


def _status(raw: Mapping[str, Any]) -> GPUInstanceStatus:
    """A status of another version keeps what deletion needs: the id."""
    try:
        return GPUInstanceStatus.model_validate(raw)
    except ValidationError:
        instance_id = raw.get("instanceId") if isinstance(raw, Mapping) else None
        return GPUInstanceStatus(instance_id=instance_id if isinstance(instance_id, str) else None)
