"""Parts of a GPUInstance's spec that speak of its life: readiness, restarts, its end, and who is told."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from novita_operator.api import rules
from novita_operator.api.gpu_instance.notifications import EventName, NotificationFormat
from novita_operator.api.meta import Model, Name

_CRON_CHARS = 100  # five fields with lists and ranges
_PortNumber = Annotated[int, Field(ge=1, le=65535)]


class Readiness(Model):
    """When a running instance counts as usable: every port answers, by TCP connect or by HTTP below 500."""

    ports: tuple[_PortNumber, ...] = Field(
        (),
        max_length=15,
        description="Container ports that must answer; all mapped ports without any. Unless they are mapped, 22 means "
        "ssh through Novita's proxy, and 8888 the Jupyter of spec.tools.",
    )
    path: str = Field("/", max_length=1024, pattern=r"^/[^\s]*$", description="Path that is asked for at HTTP ports.")
    timeout_seconds: int = Field(5, ge=1, le=60, description="Longest time for one answer.")
    period_seconds: int = Field(10, ge=1, le=300, description="Pause between two probes.")
    success_threshold: int = Field(1, ge=1, le=10, description="Looks in a row that must work before it is Ready.")
    failure_threshold: int = Field(3, ge=1, le=10, description="Looks in a row that must fail before it is not.")


class RestartPolicy(Model):
    """What happens to an instance that ended by itself, or vanished."""

    max_attempts: int = Field(
        3,
        ge=0,
        le=100,
        description="How often it is started, or rented, again; ten minutes of Ready begin a new count. 0 means never.",
    )
    backoff_seconds: int = Field(
        30, ge=1, le=3600, description="Pause before the first attempt; it doubles each time, up to an hour."
    )


class Idle(Model):
    """When an instance that nobody uses is ended."""

    after_seconds: int = Field(ge=300, le=2_592_000, description="Seconds without use.")
    action: Literal["Stop", "Delete"] = Field(
        "Stop", description="Stop keeps the root disk for up to 7 days; Delete ends all billing and loses the disk."
    )
    gpu_utilization_below: int | None = Field(
        5,
        ge=1,
        le=100,
        description="A GPU busier than this, in percent, counts as use. With null only the annotation "
        "gpu.novita.ai/last-used counts.",
    )


class Schedule(Model):
    """When the instance runs, by cron expressions. With `start` it is a window; without, each `stop` is one stop."""

    model_config = Model.model_config | {"json_schema_extra": rules.schedule()}

    stop: str = Field(
        min_length=9,
        max_length=_CRON_CHARS,
        description='Cron expression of five fields, such as "0 20 * * 1-5". Where both fire at once, the stop counts.',
    )
    start: str | None = Field(
        None,
        min_length=9,
        max_length=_CRON_CHARS,
        description='Cron expression of five fields, such as "0 8 * * 1-5". From it to the next stop the instance '
        "runs; at all other times nothing is rented or started, but for the annotation gpu.novita.ai/run-until. "
        "Without it, what a stop has ended waits for that annotation, or for gpu.novita.ai/reconcile-requested-at.",
    )
    time_zone: str = Field("UTC", min_length=1, max_length=64, description="IANA name, such as Europe/Paris.")
    action: Literal["Stop", "Delete"] = Field(
        "Stop",
        description="What `stop` does. After Delete, another instance is rented at `start`.",
    )


class Lifetime(Model):
    """Automatic stop or delete. Events tell of it one poll period before."""

    max_seconds: int | None = Field(
        None, ge=60, le=31_536_000, description="Seconds from the create call to the end of the instance."
    )
    action: Literal["Stop", "Delete"] = Field("Delete", description="What happens after maxSeconds.")
    idle: Idle | None = Field(None, description="Ends an instance that nobody uses.")
    schedule: Schedule | None = Field(None, description="Runs the instance at certain times only.")


class Volume(Model):
    """A network volume of the account. It lives in one cluster and so decides the region."""

    network_volume_id: str = Field(min_length=1, max_length=255, description="Id of the volume at Novita.")
    mount_path: str = Field(
        min_length=2, max_length=1024, pattern=r"^/[^\s:]+$", description="Where it is mounted in the container."
    )


class Adopt(Model):
    """An existing instance to take over."""

    instance_id: str = Field(
        min_length=1,
        max_length=255,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="Its id at Novita. From then on it is this object's: it is stopped, and deleted, with it.",
    )


class NotificationSecretRef(Model):
    """One entry of a Secret in the object's own namespace."""

    name: Name = Field(description="Name of the Secret, in the namespace of this object.")
    key: str = Field("secret", min_length=1, max_length=253, description="The entry in it; `secret` without a value.")


class Notification(Model):
    """A webhook: a signed POST on each transition."""

    url: str = Field(
        min_length=8,
        max_length=1024,
        pattern=r"^https?://[^\s/?#@]+(/[^\s]*)?$",
        description="Where to POST. Private addresses are refused unless an administrator allows them.",
    )
    format: NotificationFormat = Field(
        "Event",
        description="What the receiver takes: Event is our own JSON, and what it is without a value; Slack, Teams and "
        "Discord are messages for people; Alertmanager is `POST /api/v2/alerts`.",
    )
    events: tuple[EventName, ...] = Field(
        (), max_length=6, description="Which events are told; all of them without any."
    )
    secret_ref: NotificationSecretRef | None = Field(
        None, description="The key that signs; without it the operator's WEBHOOK_SECRET, or no signature."
    )


class Service(Model):
    """A Service in the object's namespace that leads to ssh and the instance's TCP ports, and follows them."""

    name: str | None = Field(
        None,
        min_length=1,
        max_length=63,
        pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$",
        description="Name of the Service, a letter first and no dots; the object's own name without a value.",
    )
