"""One line of `status` per instance: how far it is, what it costs, what the operator says. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from novita_operator.api import conditions
from novita_operator.api.gpu_instance.reasons import ConditionType
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.plugin import money

STEPS = 5
"""chosen, rented, pulling, starting, Ready"""
_STEP_OF = {"Creating": 2, "Pulling": 3, "Starting": 4, "Migrating": 4, "Running": 4}
_WITHOUT_STEPS = frozenset({"Stopped", "Stopping", "Failed", "Deleting"})


@dataclass(frozen=True, slots=True)
class Row:
    """`step`: 0 to 5, None where there is nowhere to get to. `ready`, `stalled`: what the conditions say."""

    instance: GPUInstance
    ready: bool
    stalled: bool
    reason: str
    message: str
    step: int | None
    per_hour: str
    cost: str

    @property
    def name(self) -> str:
        return self.instance.meta.name

    @property
    def phase(self) -> str:
        """The phase, or that the operator has not said a word."""
        return self.instance.status.phase or "-"

    @property
    def gpu(self) -> str:
        """`2x RTX 4090 24GB`: what was chosen, else what is asked for."""
        status, spec = self.instance.status, self.instance.spec
        name = status.product.name if status.product else (spec.product_name or spec.product_id or "-")
        return f"{spec.gpu_count}x {name}"

    def to_json(self) -> dict[str, Any]:
        """For programs; keys stay."""
        meta, status = self.instance.meta, self.instance.status
        return {
            "namespace": meta.namespace,
            "name": meta.name,
            "phase": status.phase,
            "ready": self.ready,
            "stalled": self.stalled,
            "reason": self.reason,
            "message": self.message,
            "step": self.step,
            "steps": STEPS,
            "gpu": status.product.name if status.product else None,
            "gpuCount": self.instance.spec.gpu_count,
            "region": status.region,
            "billing": status.billing,
            "instanceId": status.instance_id,
            "pricePerHour": self.per_hour,
            "cost": self.cost,
            "createdAt": meta.created_at.isoformat(),
        }


def row(instance: GPUInstance, now: datetime) -> Row:
    """The line of one instance."""
    status = instance.status
    ready = conditions.find(status.conditions, ConditionType.READY)
    stalled = conditions.find(status.conditions, ConditionType.STALLED)
    is_ready = ready is not None and ready.status == "True"
    told = stalled or ready
    return Row(
        instance=instance,
        ready=is_ready,
        stalled=stalled is not None,
        reason=told.reason if told else "",
        message=told.message if told else "The operator has not looked at this object yet.",
        step=_step(instance, is_ready),
        per_hour=money.cents(money.price(status)),
        cost=f"{money.so_far(status, now):.4f}",
    )


def _step(instance: GPUInstance, ready: bool) -> int | None:
    phase = instance.status.phase or ""
    if phase in _WITHOUT_STEPS:
        return None
    if ready:
        return STEPS
    scheduled = conditions.find(instance.status.conditions, ConditionType.SCHEDULED)
    return _STEP_OF.get(phase, 1 if scheduled is not None and scheduled.status == "True" else 0)
