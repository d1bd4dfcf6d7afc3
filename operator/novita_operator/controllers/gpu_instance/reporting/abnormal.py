"""Conditions that exist only while they are true, beside Stalled and Reconciling. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.policies import drift
from novita_operator.controllers.gpu_instance.reporting.readiness import Cond
from novita_operator.controllers.gpu_instance.result import data_at_risk
from novita_operator.novita.models import InstanceState

if TYPE_CHECKING:
    from novita_operator.controllers.gpu_instance.reporting.facts import Facts

_TYPE = ConditionType


def conditions(facts: Facts) -> list[Cond]:
    """Those of this pass."""
    found = (_spot(facts), _drifted(facts), _at_risk(facts))
    return [cond for cond in found if cond is not None]


def _spot(facts: Facts) -> Cond | None:
    instance = facts.seen.instance
    if instance is None or not instance.reclaimed or facts.seen.deleting:
        return None
    when = f" at {instance.spot_reclaim_at:%Y-%m-%d %H:%M:%S} UTC" if instance.spot_reclaim_at else ""
    policy = facts.seen.resource.spec.on_spot_reclaim
    text = f"Novita takes spot instance {instance.id} back{when}; spec.onSpotReclaim is {policy}."
    return Cond(_TYPE.SPOT_RECLAIMING, "True", Reason.SPOT_RECLAIMED, text)


def _drifted(facts: Facts) -> Cond | None:
    text = _interference(facts.seen)
    return Cond(_TYPE.DRIFTED, "True", Reason.CHANGED_ELSEWHERE, text) if text is not None else None


def _at_risk(facts: Facts) -> Cond | None:
    instance, result = facts.seen.instance, facts.result
    until = result.data_kept_until or facts.old.data_kept_until
    stopped = result.stopped_at is not None or (instance is not None and instance.state is InstanceState.EXITED)
    if until is None or result.released or not stopped:
        return None
    return Cond(_TYPE.DATA_AT_RISK, "True", Reason.STOPPED, data_at_risk(until))


def _interference(seen: Observation) -> str | None:
    """What somebody changed at Novita, in a sentence; None where nothing did, or the spec itself has changed."""
    resource, instance = seen.resource, seen.instance
    if instance is None or resource.status.observed_generation != resource.meta.generation or seen.deleting:
        return None
    if seen.power == "Stopped" and instance.state is InstanceState.RUNNING and resource.status.phase == "Stopped":
        return f"Somebody started instance {instance.id} at Novita; it is stopped again, as the spec asks."
    if seen.power == "Running" and instance.state is InstanceState.RUNNING and _was_as_wanted(seen):
        change = drift.edit(resource.spec, instance)
        if change is not None:
            return f"Somebody edited instance {instance.id} at Novita; its ports and disk are restored."
    return None


def _was_as_wanted(seen: Observation) -> bool:
    """Whether the details in the status are from a time when the instance was as this generation asks."""
    return seen.resource.status.ready_at is not None and seen.matched_generation == seen.resource.meta.generation
