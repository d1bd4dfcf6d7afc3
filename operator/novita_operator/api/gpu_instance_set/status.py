"""What the operator writes into `status` of a GPUInstanceSet."""

from __future__ import annotations

from pydantic import Field

from novita_operator.api import rules
from novita_operator.api.conditions import Condition
from novita_operator.api.meta import LABEL_CHARS, Model, Moment

SHOWN_FAILURES = 10
"""Status must stay small; the instances themselves say the rest."""


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
        json_schema_extra=rules.keyed("type"),
    )
    replicas: int | None = Field(None, description="Instances of the set, without those that are being deleted.")
    ready_replicas: int | None = Field(None, description="Those of them that are Ready and run.")
    stopped_replicas: int | None = Field(None, description="Those of them that are stopped as their spec asks.")
    ended_replicas: int | None = Field(
        None, description="Those of them that spec.lifetime has ended; they are not replaced."
    )
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
