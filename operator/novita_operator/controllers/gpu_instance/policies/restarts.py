"""After a failure: whether and when the operator tries again by itself. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from novita_operator.api import digest
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import Failure, Restarts
from novita_operator.controllers.gpu_instance.action import Fail, FailureReason
from novita_operator.controllers.gpu_instance.policies import edits

# So long Ready shows that the trouble is over: the next failure is a new one.
_CALM = timedelta(minutes=10)
_SAID_CHARS = 500  # the bound of the schema
_LONGEST_BACKOFF = timedelta(hours=1)
# The instance of such a failure is of no use any more: it is deleted before another one is rented.
REPLACED: frozenset[FailureReason] = frozenset({"SpotReclaimed", "NoCapacityAtStart", "PriceAboveLimit"})


def failure(decided: Fail, resource: GPUInstance, instance_id: str | None, now: datetime) -> Failure:
    """The record of a failure, with the time of the next try."""
    return Failure(
        reason=decided.reason,
        message=decided.message,
        novita_error=decided.novita_error[:_SAID_CHARS] if decided.novita_error else None,
        at=now,
        instance_id=instance_id,
        retry_at=_retry_at(decided.reason, resource, now),
        generation=resource.meta.generation,
        spec_digest=digest.of(resource.spec),
        reconcile_requested_at=resource.meta.reconcile_requested_at,
    )


def counted(found: Failure, resource: GPUInstance) -> Restarts | None:
    """The count after this failure; None where it stays as it is."""
    if found.retry_at is None or found.reason in REPLACED:
        return None
    return Restarts(count=_so_far(resource, found.at) + 1, last_at=found.at)


def stands(resource: GPUInstance, now: datetime) -> bool:
    """A failure counts until its time has come, the spec changes, or the user asks for another try."""
    found = resource.status.failure
    if found is None or (found.retry_at is not None and found.retry_at <= now):
        return False
    asked = resource.meta.reconcile_requested_at
    return edits.unedited(found, resource) and found.reconcile_requested_at == asked


def _retry_at(reason: FailureReason, resource: GPUInstance, now: datetime) -> datetime | None:
    match reason:
        case "StartupTimeout":
            return None
        case "SpotReclaimed":
            return None if resource.spec.on_spot_reclaim == "Stop" else now
        case "NoCapacityAtStart" | "PriceAboveLimit":
            return now
        case "Failed" | "InstanceLost":
            return _after_backoff(resource, now)


def _after_backoff(resource: GPUInstance, now: datetime) -> datetime | None:
    policy, so_far = resource.spec.restart_policy, _so_far(resource, now)
    if so_far >= policy.max_attempts:
        return None
    pause = timedelta(seconds=policy.backoff_seconds * 2.0 ** min(so_far, 12))  # 2 ** 12 s is beyond the longest
    # Whole seconds, as Kubernetes writes times: a status that is read back must say the same.
    return (now + min(pause, _LONGEST_BACKOFF)).replace(microsecond=0) + timedelta(seconds=1)


def _so_far(resource: GPUInstance, now: datetime) -> int:
    restarts, ready_at = resource.status.restarts, resource.status.ready_at
    if restarts is None or (ready_at is not None and now - ready_at >= _CALM):
        return 0
    return restarts.count
