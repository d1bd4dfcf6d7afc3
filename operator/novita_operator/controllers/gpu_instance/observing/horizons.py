"""What spec.lifetime says at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance.observing.memory import Memory
from novita_operator.controllers.gpu_instance.policies import cron, window
from novita_operator.controllers.gpu_instance.policies import lifetime as lifetimes
from novita_operator.controllers.gpu_instance.policies.window import Standing


@dataclass(frozen=True, slots=True)
class Horizon:
    """What spec.lifetime says now."""

    ended: bool = False
    """It has ended the instance, and that still counts."""
    end: lifetimes.End | None = None
    """When it ends the instance next."""
    standing: Standing | None = None
    """What the window of its schedule says; None where it has none."""
    unclear: str | None = None
    """Why its schedule cannot be followed, in a sentence."""


def of(resource: GPUInstance, memory: Memory, now: datetime) -> Horizon:
    """What its texts cannot tell is said, and hinders no fixed end."""
    known = [moment for moment in (memory.busy_at, resource.status.last_busy_at) if moment is not None]
    busy_at = max(known, default=None)
    try:
        ended = lifetimes.stays_ended(resource, now)
        standing = window.standing(resource, now)
        return Horizon(
            ended=ended,
            end=lifetimes.next_end(resource, busy_at, now),
            standing=standing,
        )
    except cron.Unreadable as error:
        end = lifetimes.next_fixed_end(resource, busy_at, now)
        return Horizon(ended=resource.status.ended is not None, end=end, unclear=str(error))
