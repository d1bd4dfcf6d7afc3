"""GPUInstanceSet: a number of GPUInstances from one template. The descriptions are what `kubectl explain` prints."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from novita_operator.api import rules
from novita_operator.api.gpu_instance.spec import GPUInstanceSpec
from novita_operator.api.meta import LABEL_CHARS, Model

MOST_REPLICAS = 1000

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
