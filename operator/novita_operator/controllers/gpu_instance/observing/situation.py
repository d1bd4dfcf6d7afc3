"""Where an object stands, as several rooms ask. Pure."""

from __future__ import annotations

from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.reachability import connection
from novita_operator.novita.models import InstanceState


def is_current(seen: Observation) -> bool:
    """Whether what is shown is newer than all that was done, and may be acted upon in the cluster."""
    shown = seen.account.state == "Usable" and seen.fresh and seen.resource.unreadable is None
    return shown and not (seen.paused or seen.deleting)


def is_described(seen: Observation) -> bool:
    """Whether the instance runs, and the status says how to reach it as it runs now."""
    instance = seen.instance
    runs = instance is not None and instance.state is InstanceState.RUNNING
    return runs and instance is not None and connection.is_current(seen.resource.status, instance)
