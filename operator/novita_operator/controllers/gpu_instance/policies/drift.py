"""What Novita holds otherwise than the spec asks, and what brings it back. Pure."""

from __future__ import annotations

from novita_operator.controllers.gpu_instance.action import Edit
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.novita.models import Instance, InstanceState, PortSpec, Protocol

# The port of Jupyter in Novita's images: mapped through spec.tools or the template, and listed among the others.
_JUPYTER_PORT = 8888

Ports = set[tuple[int, Protocol]]


def edit(seen: Observation, instance: Instance) -> Edit | None:
    """The change of a running instance in place: its ports, and a root disk that is to grow."""
    spec = seen.resource.spec
    held: Ports = {(port.port, port.protocol) for port in instance.ports}
    ports = _wanted_ports(seen, held)
    grow = max(0, spec.rootfs_size_gb - instance.rootfs_gb) if instance.rootfs_gb else 0
    if spec.ports is None or ports == held:
        ports = held
    if ports == held and not grow:
        return None
    return Edit(instance.id, tuple(PortSpec(port, protocol) for port, protocol in sorted(ports)), grow)


def explain(seen: Observation) -> str | None:
    """What somebody changed at Novita, in a sentence; None where nothing did, or the spec itself has changed."""
    resource, instance = seen.resource, seen.instance
    if instance is None or resource.status.observed_generation != resource.meta.generation or seen.deleting:
        return None
    if seen.power == "Stopped" and instance.state is InstanceState.RUNNING and resource.status.phase == "Stopped":
        return f"Somebody started instance {instance.id} at Novita; it is stopped again, as the spec asks."
    if seen.power == "Running" and instance.state is InstanceState.RUNNING and _was_as_wanted(seen):
        change = edit(seen, instance)
        if change is not None:
            return f"Somebody edited instance {instance.id} at Novita; its ports and disk are restored."
    return None


def _was_as_wanted(seen: Observation) -> bool:
    """Whether the details in the status are from a time when the instance was as this generation asks."""
    return seen.resource.status.ready_at is not None and seen.matched_generation == seen.resource.meta.generation


def _wanted_ports(seen: Observation, held: Ports) -> Ports:
    wanted: Ports = {(port.port, port.protocol) for port in seen.resource.spec.ports or ()}
    tools = {port for port in held if port[0] == _JUPYTER_PORT and port not in wanted}
    return wanted | tools
