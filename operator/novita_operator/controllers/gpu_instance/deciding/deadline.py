"""How long an instance may take from its create or start call to Ready. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from novita_operator.controllers.gpu_instance import action
from novita_operator.controllers.gpu_instance.observing import situation
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.reachability import connection
from novita_operator.novita.models import Instance, InstanceState


def seconds_left(seen: Observation, now: datetime) -> float | None:
    """Seconds; None where no deadline counts, or where it has passed and nothing more comes of it."""
    if seen.deadline is None or seen.resource.status.ready_at is not None:
        return None
    left = seen.startup if seen.deadline_begins_anew and seen.deadline <= now else seen.deadline - now
    return left.total_seconds() if left > timedelta(0) else None


def too_late(seen: Observation, instance: Instance, now: datetime) -> action.Action | None:
    """The deadline counts from a create or start call to the first Ready after it, and never later."""
    if seen.deadline is None or now < seen.deadline or seen.resource.status.ready_at is not None:
        return None
    if seen.failure_stands or seen.deadline_begins_anew or _has_done_its_part(seen, instance):
        return None
    seconds = int(seen.startup.total_seconds())
    why = f", and {seen.reach.why}" if instance.word == "running" and not seen.reach.usable else ""
    return action.Fail(
        "StartupTimeout",
        f"Instance {instance.id} was not Ready {seconds} s after its start; it is {instance.word}{why}.",
    )


def _has_done_its_part(seen: Observation, instance: Instance) -> bool:
    """It runs, and what is missing is not its own: nobody has asked yet, or the cluster refuses to hold the answer."""
    if instance.state is not InstanceState.RUNNING:
        return False
    if situation.is_described(seen):
        return seen.reach.usable
    return seen.detail is None or connection.is_complete(seen.detail)
