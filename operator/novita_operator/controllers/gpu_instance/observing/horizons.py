"""What spec.lifetime says at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance.observing.memory import Memory
from novita_operator.controllers.gpu_instance.policies import lifetime as lifetimes


@dataclass(frozen=True, slots=True)
class Horizon:
    """What spec.lifetime says now."""

    ended: bool = False
    end: lifetimes.End | None = None
    unclear: str | None = None


def of(resource: GPUInstance, memory: Memory, now: datetime) -> Horizon:
    """What its texts cannot tell is said, and hinders no fixed end."""
    known = [moment for moment in (memory.busy_at, resource.status.last_busy_at) if moment is not None]
    busy_at = max(known, default=None)
    try:
        ended = lifetimes.stays_ended(resource, now)
        return Horizon(ended, lifetimes.next_end(resource, busy_at, now))
    except lifetimes.Unreadable as error:
        end = lifetimes.next_fixed_end(resource, busy_at, now)
        return Horizon(ended=resource.status.ended is not None, end=end, unclear=str(error))
