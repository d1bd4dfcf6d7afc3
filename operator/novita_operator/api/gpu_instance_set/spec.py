"""GPUInstanceSet: a number of GPUInstances from one template. The descriptions are what `kubectl explain` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from novita_operator.api import complaints, rules
from novita_operator.api.conditions import Condition
from novita_operator.api.gpu_instance.spec import GPUInstanceSpec
from novita_operator.api.gpu_instance_set.reasons import ConditionType, Reason
from novita_operator.api.meta import LABEL_CHARS, Meta, Model, Moment

__all__ = ["ConditionType", "Reason"]

MOST_REPLICAS = 1000
SHOWN_FAILURES = 10
"""Status must stay small; the instances themselves say the rest."""

_LabelValue = Annotated[str, Field(max_length=LABEL_CHARS)]
_Annotation = Annotated[str, Field(max_length=4096)]


class TemplateMeta(Model):
    """What the instances carry besides the set's own labels."""

    labels: dict[str, _LabelValue] = Field(
        default_factory=dict, max_length=32, description="Labels of the instances, beside those of the set itself."
    )
    annotations: dict[str, _Annotation] = Field(
        default_factory=dict, max_length=32, description="Annotations of the instances."
    )


class InstanceTemplate(Model):
    """What each instance is made from."""

    metadata: TemplateMeta | None = Field(None, description="Labels and annotations of the instances.")
    spec: GPUInstanceSpec = Field(
        description="The spec of the instances, as of a GPUInstance. A change rolls as updateStrategy says.",
        json_schema_extra=rules.gpu_instance_set_template(),
    )


class UpdateStrategy(Model):
    """How instances get a changed template."""

    type: Literal["OnDelete", "Recreate"] = Field(
        "OnDelete",
        description="OnDelete leaves instances with the old template until somebody deletes them. Recreate deletes "
        "them, a few at a time, and makes new ones; what is on their disks is lost.",
    )
    max_unavailable: int = Field(
        1,
        ge=1,
        le=MOST_REPLICAS,
        description="How many instances may be missing or not Ready at a time while Recreate replaces old ones.",
    )


class GPUInstanceSetSpec(Model):
    """How many instances, from which template, how fast."""

    replicas: int = Field(
        1, ge=0, le=MOST_REPLICAS, description="Number of instances. `kubectl scale` and autoscalers change it."
    )
    template: InstanceTemplate = Field(description="What each instance is made from.")
    max_concurrent: int = Field(
        3, ge=1, le=100, description="How many instances may be on their way to Ready at the same time."
    )
    create_interval_seconds: int = Field(
        5, ge=0, le=3600, description="Seconds between two instances being made, to be gentle to Novita's rate limits."
    )
    progress_deadline_seconds: int = Field(
        900,
        ge=60,
        le=86400,
        description="Seconds without any progress after which the set is Stalled. It goes on trying all the same.",
    )
    update_strategy: UpdateStrategy = Field(UpdateStrategy(), description="How instances get a changed template.")


class ReplicaFailure(Model):
    """One instance that is not as the set wants it, and why."""

    name: str = Field(max_length=253, description="Name of the GPUInstance.")
    reason: str = Field(max_length=128, description="The reason of its condition.")
    message: str = Field(max_length=300, description="The beginning of its message.")


class GPUInstanceSetStatus(Model):
    """What became of it."""

    observed_generation: int | None = Field(None, description="The generation of the spec that this status speaks of.")
    conditions: tuple[Condition, ...] = Field(
        (),
        max_length=16,
        description="Ready always; Reconciling and Stalled only while true.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )
    replicas: int | None = Field(None, description="Instances of the set, without those that are being deleted.")
    ready_replicas: int | None = Field(None, description="Those of them that are Ready.")
    updated_replicas: int | None = Field(None, description="Those of them that were made from the present template.")
    failed_replicas: int | None = Field(None, description="Those of them that failed, or cannot be rented now.")
    selector: str | None = Field(None, max_length=256, description="Selects the instances; autoscalers read it.")
    template_hash: str | None = Field(None, max_length=LABEL_CHARS, description="Names the present template.")
    price_per_hour: str | None = Field(None, max_length=32, description="USD per hour of all instances together.")
    failures: tuple[ReplicaFailure, ...] = Field(
        (), max_length=SHOWN_FAILURES, description="The first instances that failed, with the reason of each."
    )
    last_created_at: Moment | None = Field(None, description="When the set last made an instance.")
    progressed_at: Moment | None = Field(
        None, description="When one more instance was made, became Ready or went away; the deadline counts from here."
    )


@dataclass(frozen=True, slots=True)
class GPUInstanceSet:
    """One object as the cluster holds it. `unreadable`: why its spec cannot be read; then nothing is done."""

    meta: Meta
    spec: GPUInstanceSetSpec | None
    status: GPUInstanceSetStatus
    unreadable: str | None = None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> GPUInstanceSet:
        """Read a body from the cluster, whatever version wrote it. Raises pydantic.ValidationError for its metadata."""
        meta = Meta.parse(body["metadata"])
        try:
            spec = GPUInstanceSetSpec.model_validate(body.get("spec") or {})
        except ValidationError as error:
            return cls(meta, None, _status(body), complaints.of_spec(error))
        return cls(meta, spec, _status(body))


def _status(body: Mapping[str, Any]) -> GPUInstanceSetStatus:
    """A status of another version is written anew: all of it can be counted."""
    try:
        return GPUInstanceSetStatus.model_validate(body.get("status") or {})
    except ValidationError:
        return GPUInstanceSetStatus()
