"""How busy the GPU is, for spec.lifetime.idle: one look."""

from __future__ import annotations

import logging
from datetime import timedelta

from novita_operator.clock import Clock
from novita_operator.controllers.gpu_instance.observing.one_pass import Pass
from novita_operator.controllers.gpu_instance.result import Result
from novita_operator.novita import errors

logger = logging.getLogger(__name__)

# Data comes about a minute late, so that a shorter look might see none (novita-api 2A.8).
_MEASURED_SECONDS = 180.0
_LONGEST_CURVE_SECONDS = 3600.0


async def measure(instance_id: str, this: Pass, clock: Clock) -> Result:
    """Whether the GPU has worked since the last look; what cannot be read counts as work: a guess may cost data."""
    seen, memory, now = this.seen, this.memory, clock.now()
    elapsed = min(clock.monotonic() - memory.measured_at, _LONGEST_CURVE_SECONDS)
    since = now - timedelta(seconds=max(_MEASURED_SECONDS, elapsed))
    memory.measured_at = clock.monotonic()
    try:
        curve = await this.account.client.gpu_utilization(instance_id, since, now)
    except errors.NovitaError as error:
        logger.debug("%s: how busy it is could not be read: %s", instance_id, error)
        memory.busy_at = now
        return Result(busy_at=now)
    idle = seen.resource.spec.lifetime.idle if seen.resource.spec.lifetime else None
    if idle is None or idle.gpu_utilization_below is None:
        return Result()
    busy = [point.at for point in curve if point.percent >= idle.gpu_utilization_below]
    if not busy:
        return Result()
    memory.busy_at = max(busy)
    return Result(busy_at=memory.busy_at)
