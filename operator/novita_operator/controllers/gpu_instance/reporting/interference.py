"""What somebody did to the instance at Novita, past this operator. Pure."""

from __future__ import annotations

from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.policies import drift
from novita_operator.novita.models import InstanceState


def explain(seen: Observation) -> str | None:
    """What somebody changed at Novita, in a sentence; None where nothing did, or the spec itself has changed."""
    resource, instance = seen.resource, seen.instance
    if instance is None or resource.status.observed_generation != resource.meta.generation or seen.deleting:
        return None
    if seen.power == "Stopped" and instance.state is InstanceState.RUNNING and resource.status.phase == "Stopped":
        text = f"Somebody started instance {instance.id} at Novita; it is stopped again, as the spec asks."
        if seen.standing is None or seen.standing.runs:
            return text
        return f"{text} To run it outside spec.lifetime.schedule: `kubectl novita start NAME --until 18:00`."
    if seen.power == "Running" and instance.state is InstanceState.RUNNING and _was_as_wanted(seen):
        change = drift.edit(resource.spec, instance, seen.most_rootfs_gb)
        if change is not None:
            return f"Somebody edited instance {instance.id} at Novita; its ports and disk are restored."
    return None


def _was_as_wanted(seen: Observation) -> bool:
    """Whether the details in the status are from a time when the instance was as this generation asks."""
    return seen.resource.status.ready_at is not None and seen.matched_generation == seen.resource.meta.generation
