"""Facts -> status, conditions and Events of a set. Pure; runs in every pass, also after a failure."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from novita_operator.api import conditions, meta
from novita_operator.api.conditions import Condition
from novita_operator.api.gpu_instance_set.reasons import ConditionType, Reason
from novita_operator.api.gpu_instance_set.resource import GPUInstanceSet
from novita_operator.api.gpu_instance_set.status import SHOWN_FAILURES, GPUInstanceSetStatus, ReplicaFailure
from novita_operator.controllers.gpu_instance_set.deciding import replicas
from novita_operator.controllers.gpu_instance_set.observing.observation import Observation
from novita_operator.controllers.gpu_instance_set.reporting import events as transitions
from novita_operator.controllers.gpu_instance_set.reporting import readiness
from novita_operator.controllers.gpu_instance_set.reporting.readiness import Verdict
from novita_operator.controllers.gpu_instance_set.result import Result
from novita_operator.reconciling.conditions import Cond, Truth, crash
from novita_operator.reconciling.outcome import Outcome

_TYPE = ConditionType
_FAILURE_CHARS = 300  # the bound of the schema
_CENT = Decimal("0.01")


def report(seen: Observation, result: Result, now: datetime) -> Outcome:
    """The status after this pass, and the Events for what changed since the one in the object."""
    old = seen.resource.status
    progressed_at = _progressed_at(seen, result, now)
    judged = readiness.judge(seen, result, late=_is_late(seen, progressed_at, now))
    status = old.model_copy(
        update={
            "observed_generation": seen.resource.meta.generation,
            "conditions": _conditions(seen, judged, now),
            "progressed_at": progressed_at,
            "last_created_at": now if result.made else old.last_created_at,
            **_counted(seen),
        }
    )
    events = transitions.events(old, status, result)
    return Outcome(status=status.to_wire(), events=events)


def due_in(seen: Observation, status: dict[str, Any], now: datetime) -> float | None:
    """Seconds until the progress deadline of an incomplete set; None where it has passed or does not count."""
    progressed = GPUInstanceSetStatus.model_validate(status).progressed_at
    if seen.spec is None or seen.complete or seen.paused or seen.deleting or progressed is None:
        return None
    left = (progressed + timedelta(seconds=seen.spec.progress_deadline_seconds) - now).total_seconds()
    return left if left > 0 else None


def _counted(seen: Observation) -> dict[str, Any]:
    if seen.spec is None:
        return {}
    prices = [child.price_per_hour for child in seen.children if child.price_per_hour is not None]
    return {
        "replicas": len(seen.live),
        "ready_replicas": len(seen.running),
        "stopped_replicas": len(seen.stopped),
        "ended_replicas": len(seen.over),
        "updated_replicas": len(seen.live) - len(seen.outdated),
        "failed_replicas": len(seen.failed),
        "selector": f"{meta.SET_LABEL}={seen.resource.meta.name}",
        "template_hash": seen.template_hash,
        "price_per_hour": str(sum(prices, Decimal(0)).quantize(_CENT)),
        "failures": _failures(seen),
    }


def _failures(seen: Observation) -> tuple[ReplicaFailure, ...]:
    by_index = sorted(seen.failed, key=lambda child: replicas.index_of(child.name))
    return tuple(
        ReplicaFailure(name=child.name, reason=child.trouble.reason, message=child.trouble.message[:_FAILURE_CHARS])
        for child in by_index[:SHOWN_FAILURES]
        if child.trouble is not None
    )


def _progressed_at(seen: Observation, result: Result, now: datetime) -> datetime:
    """Now, if this pass has brought or shown anything that the last status did not."""
    old = seen.resource.status
    moved = (
        old.progressed_at is None
        or old.observed_generation != seen.resource.meta.generation
        or result.made is not None
        or bool(result.removed)
        or len(seen.as_wanted) > _were_as_wanted(old)
        or (_was_complete(old) and not seen.complete)
        or len(seen.live) - len(seen.outdated) > (old.updated_replicas or 0)
    )
    return now if moved or old.progressed_at is None else old.progressed_at


def _were_as_wanted(old: GPUInstanceSetStatus) -> int:
    return sum(count or 0 for count in (old.ready_replicas, old.stopped_replicas, old.ended_replicas))


def _was_complete(old: GPUInstanceSetStatus) -> bool:
    """What was well for a month has its whole deadline when it no longer is."""
    ready = conditions.find(old.conditions, _TYPE.READY)
    return ready is not None and ready.status == "True"


def _is_late(seen: Observation, progressed_at: datetime, now: datetime) -> bool:
    if seen.spec is None or seen.complete:
        return False
    return now - progressed_at >= timedelta(seconds=seen.spec.progress_deadline_seconds)


def _conditions(seen: Observation, judged: Verdict, now: datetime) -> tuple[Condition, ...]:
    wanted = [_TYPE.READY]
    if judged.stalled:
        wanted.append(_TYPE.STALLED)
    elif not judged.ready:
        wanted.append(_TYPE.RECONCILING)
    generation = seen.resource.meta.generation
    found = [_condition(kind, judged, now, generation) for kind in wanted]
    if (unclear := seen.resource.meta.unclear_pause) is not None:
        found.append(Cond(_TYPE.UNREADABLE, "True", Reason.INVALID_VALUE, unclear).at(now, generation))
    return conditions.merge(seen.resource.status.conditions, found)


def _condition(kind: ConditionType, judged: Verdict, now: datetime, generation: int) -> Condition:
    """Ready as it is; the others exist only while they are true."""
    truth: Truth = "True" if judged.ready or kind is not _TYPE.READY else "False"
    return Cond(kind, truth, judged.reason, judged.message).at(now, generation)


def crashed(resource: GPUInstanceSet, error: Exception, pause: float, now: datetime) -> dict[str, Any]:
    """The status after a pass that ended with an error nobody expected: all else stays as it was."""
    reason, text = crash(error, pause)
    judged = Verdict(False, Reason(reason), text)
    old = resource.status.conditions
    ready = conditions.find(old, _TYPE.READY)
    told = [_condition(_TYPE.RECONCILING, judged, now, resource.meta.generation)]
    told.append(ready or _condition(_TYPE.READY, judged, now, resource.meta.generation))
    return resource.status.model_copy(update={"conditions": conditions.merge(old, told)}).to_wire()
