"""What the operator writes into `status` of a GPUInstance. The descriptions are what `kubectl explain` prints."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from novita_operator.api import rules
from novita_operator.api.conditions import Condition
from novita_operator.api.gpu_instance.notifications import MOST_WAITING, PendingNotification, Reclaimed
from novita_operator.api.meta import LABEL_CHARS, NAME_CHARS, Model, Moment
from novita_operator.api.money import Money


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


class HostKeyStatus(Model):
    """The ssh server's host key, as it was first shown after the last start by the operator."""

    fingerprint: str = Field(
        max_length=64, description="SHA256:…, as ssh prints it; the entry host-key of the Secret is the key itself."
    )
    started_at: Moment | None = Field(
        None, description="status.startedAt then: after another start by the operator another key may be shown."
    )


class Connection(Model):
    """How to reach the instance. Passwords are in the Secret only."""

    ssh: str = Field("", max_length=512, description="The ssh command.")
    endpoint: str = Field("", max_length=300, description="Host and port of ssh.")
    host_key: HostKeyStatus | None = Field(None, description="The host key of ssh; no password is sent to another.")
    jupyter: str | None = Field(None, max_length=512, description="Address of Jupyter.")
    web_terminal: str | None = Field(None, max_length=512, description="Address of the web terminal.")
    ports: tuple[PortEndpoint, ...] = Field((), max_length=32, description="The ports of the spec or template.")
    secret_ref: SecretRef | None = Field(None, description="The Secret with passwords and all addresses.")
    instance_started_at: Moment | None = Field(
        None, description="Novita's own time of the start that these details belong to; each start may change them."
    )


class AuthorizedKeysStatus(Model):
    """The keys that the operator has written into the machine's `~/.ssh/authorized_keys`, and at which start."""

    count: int = Field(ge=0, le=10_000, description="How many keys.")
    digest: str = Field(max_length=64, description="Names what was written, by which a change is seen.")
    instance_id: str = Field(max_length=255, description="The instance on whose disk they are.")
    started_at: Moment | None = Field(None, description="status.startedAt then.")
    instance_started_at: Moment | None = Field(
        None, description="Novita's own time of the start at which they were there; each start is looked at."
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

    amount: Money = Field(max_length=32, description="USD, a decimal string. Disks and taxes are not in it.")
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
    generation: int = Field(
        description="The generation of the spec that failed, or a later one that asks for the same; an edit asks for "
        "another try."
    )
    spec_digest: str | None = Field(
        None,
        max_length=16,
        description="Names what the spec asked for; absent once it was edited. A default that is written out or left "
        "out is no edit.",
    )
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
    generation: int = Field(
        description="The generation of the spec then, or a later one that asks for the same; an edit starts again "
        "what MaxSeconds or Idle ended."
    )
    spec_digest: str | None = Field(
        None,
        max_length=16,
        description="Names what the spec asked for; absent once it was edited. A default that is written out or left "
        "out is no edit.",
    )
    reconcile_requested_at: str | None = Field(
        None, max_length=256, description="The annotation's value then; a new value starts the instance again."
    )


class LastUse(Model):
    """What the annotation gpu.novita.ai/last-used says; any change of it counts as use."""

    value: str | None = Field(None, max_length=256, description="The beginning of its value, whatever it is.")
    changed_at: Moment | None = Field(None, description="When the value was last seen to change.")


class OwnerStatus(Model):
    """The set or job that the instance was made by: by this it is known, whatever its metadata has lost."""

    kind: str = Field(max_length=63, description="GPUInstanceSet or GPUJob.")
    name: str = Field(max_length=253, description="Its name.")
    uid: str = Field(max_length=63, description="Its UID.")
    labels: dict[Annotated[str, Field(max_length=317)], Annotated[str, Field(max_length=LABEL_CHARS)]] = Field(
        {}, max_length=8, description="The labels by which it finds the instance."
    )


class GPUInstanceStatus(Model):
    """What the operator found and did."""

    observed_generation: int | None = Field(None, description="The generation of the spec that this status speaks of.")
    conditions: tuple[Condition, ...] = Field(
        (),
        max_length=16,
        description="Ready, Scheduled, Provisioned and Synced always; Reconciling and Stalled only while true.",
        json_schema_extra=rules.keyed("type"),
    )
    phase: str | None = Field(
        None, max_length=32, description="One word for people; open-ended, read conditions instead."
    )
    instance_id: str | None = Field(None, max_length=255, description="Id of the instance at Novita.")
    instance_name: str | None = Field(
        None, max_length=255, description="Name of the instance at Novita, the same always."
    )
    owner: OwnerStatus | None = Field(None, description="The set or job that the instance belongs to.")
    product: ProductStatus | None = Field(None, description="The product that was chosen.")
    region: str | None = Field(None, max_length=63, description="The region that was chosen.")
    billing: str | None = Field(None, max_length=32, description="How the instance is billed.")
    image: str | None = Field(None, max_length=500, description="The image that was sent to Novita.")
    template: TemplateStatus | None = Field(None, description="The template that was used.")
    selection: str | None = Field(None, max_length=1000, description="Why this product and region, in a sentence.")
    connection: Connection | None = Field(None, description="How to reach the instance.")
    authorized_keys: AuthorizedKeysStatus | None = Field(None, description="The keys that are on the machine.")
    binding: Binding | None = Field(
        None, description="The connection Secret, where the Service Binding specification looks for it."
    )
    service: ServiceStatus | None = Field(None, description="The Service that spec.service asks for.")
    price_per_hour: Money | None = Field(
        None, max_length=32, description="USD per hour for the whole instance; Novita's own figure, where it tells it."
    )
    price_limit: Money | None = Field(
        None,
        max_length=32,
        description="The limit that held when the instance was rented; only until its real price was compared with it.",
    )
    cost: Cost | None = Field(None, description="What it has cost so far.")
    created_at: Moment | None = Field(None, description="When the instance was rented.")
    novita_created_at: Moment | None = Field(
        None, description="When Novita made the instance, by its own clock: another one that gets its id is told by it."
    )
    started_at: Moment | None = Field(None, description="When the operator last asked for a create or a start.")
    ready_at: Moment | None = Field(None, description="When it first became Ready after `startedAt`.")
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
    starts_at: Moment | None = Field(
        None, description="When spec.lifetime starts it next by itself; only while it holds the instance back."
    )
    overridden_until: Moment | None = Field(
        None, description="Until when the annotation gpu.novita.ai/run-until keeps it running beside the schedule."
    )
    ends_at: Moment | None = Field(None, description="When spec.lifetime ends the instance, shortly before it does.")
    last_busy_at: Moment | None = Field(None, description="When the GPU was last seen at work, for lifetime.idle.")
    last_use: LastUse | None = Field(
        None, description="The annotation gpu.novita.ai/last-used as it was last seen, for lifetime.idle."
    )
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
