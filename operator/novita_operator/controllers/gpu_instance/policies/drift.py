"""What Novita holds otherwise than the spec asks, and what brings it back. Pure."""

from __future__ import annotations

from novita_operator.api.gpu_instance.spec import GPUInstanceSpec
from novita_operator.controllers.gpu_instance.action import Edit
from novita_operator.novita.models import Instance, PortSpec, Protocol

# The port of Jupyter in Novita's images: mapped through spec.tools or the template, and listed among the others.
_JUPYTER_PORT = 8888

Ports = set[tuple[int, Protocol]]


def edit(spec: GPUInstanceSpec, instance: Instance, most_rootfs_gb: int | None = None) -> Edit | None:
    """The change of a running instance in place: its ports, and a root disk that is to grow, as far as it may."""
    held: Ports = {(port.port, port.protocol) for port in instance.ports}
    ports = _wanted_ports(spec, held)
    wanted_gb = spec.rootfs_size_gb if most_rootfs_gb is None else min(spec.rootfs_size_gb, most_rootfs_gb)
    grow = max(0, wanted_gb - instance.rootfs_gb) if instance.rootfs_gb else 0
    if spec.ports is None or ports == held:
        ports = held
    if ports == held and not grow:
        return None
    return Edit(instance.id, tuple(PortSpec(port, protocol) for port, protocol in sorted(ports)), grow)


def _wanted_ports(spec: GPUInstanceSpec, held: Ports) -> Ports:
    wanted: Ports = {(port.port, port.protocol) for port in spec.ports or ()}
    tools = {port for port in held if port[0] == _JUPYTER_PORT and port not in wanted}
    return wanted | tools
