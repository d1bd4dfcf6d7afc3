"""Which ports must answer, and what it means that they do not. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from novita_operator.api import conditions
from novita_operator.api.gpu_instance.life import Readiness
from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import Connection, GPUInstanceStatus
from novita_operator.controllers.gpu_instance.reachability import connection, service
from novita_operator.controllers.gpu_instance.reachability.authorized_keys import UNASKED as NO_KEYS
from novita_operator.controllers.gpu_instance.reachability.authorized_keys import Granted
from novita_operator.controllers.gpu_instance.reachability.host_keys import UNSEEN, Shown
from novita_operator.novita.models import Instance, InstanceState, PortMapping
from novita_operator.probes import targets
from novita_operator.probes.tally import Tally, Thresholds
from novita_operator.probes.targets import BadEndpoint, Target

SSH = 22
_JUPYTER = 8888  # where the tool of Novita's images listens (novita-api 2A.1)
# A name is looked up again so often where no readiness gives a period: a moved proxy is followed within a minute.
_NAMES_PERIOD = 30.0
_NAMES_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look at for one object as its instance runs now. Times in seconds.

    `hosts`: names and addresses that the Service leads to. `assumed`: it was Ready before anybody looked.
    """

    uid: str
    instance_started_at: datetime | None
    targets: tuple[Target, ...]
    hosts: tuple[str, ...]
    period: float
    timeout: float
    thresholds: Thresholds
    assumed: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Probed:
    """What the looks have shown. A host without addresses is in `nowhere`, with the reason; one in neither is new."""

    tally: Tally
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    nowhere: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether the instance counts as usable; else `why`, as a clause. `probed`: for the Service; None before a look.

    `host_key`: what its ssh server has shown, and whether that is the recorded key. `keys`: those of people on it.
    """

    usable: bool = True
    why: str = ""
    stalled: bool = False
    probed: Probed | None = None
    host_key: Shown = UNSEEN
    keys: Granted = NO_KEYS


UNASKED = Reach()
"""spec.readiness is silent: that it runs is enough."""


def wanted(resource: GPUInstance, instance: Instance | None) -> Wanted | None:
    """What to look at; None where nothing is asked for, or nobody knows yet how to reach the instance."""
    readiness = resource.spec.readiness
    if readiness is None and resource.spec.service is None:
        return None
    known = resource.status.connection
    if instance is None or known is None or instance.state is not InstanceState.RUNNING:
        return None
    if not connection.is_current(resource.status, instance):
        return None
    timing = readiness or Readiness()
    return Wanted(
        uid=resource.meta.uid,
        instance_started_at=known.instance_started_at,
        targets=tuple(_targets(readiness, _chosen(readiness, known, instance))) if readiness is not None else (),
        hosts=_hosts(resource, known),
        period=timing.period_seconds if readiness is not None else _NAMES_PERIOD,
        timeout=timing.timeout_seconds if readiness is not None else _NAMES_TIMEOUT,
        thresholds=Thresholds(timing.success_threshold, timing.failure_threshold),
        assumed=_was_ready(resource.status),
    )


def judge(resource: GPUInstance, instance: Instance | None, probed: Probed | None) -> Reach:
    """What the looks at the wanted ports mean for Ready."""
    readiness, known = resource.spec.readiness, resource.status.connection
    if readiness is None or known is None or instance is None or not connection.is_current(resource.status, instance):
        usable = readiness is None or _was_ready(resource.status)
        return Reach(usable, "its ports have not been looked at yet", probed=probed)
    ports = _chosen(readiness, known, instance)
    complaint = _unmapped(resource, ports, known, instance)
    if complaint is not None:
        return Reach(False, *complaint, probed=probed)
    silent = _without_address(ports) or _unreadable(readiness, ports)
    if silent:
        return Reach(False, silent, probed=probed)
    tally = probed.tally if probed is not None else Tally()
    usable = not ports or (_was_ready(resource.status) if tally.reachable is None else tally.reachable)
    return Reach(usable, tally.complaint or "its ports have not been looked at often enough yet", probed=probed)


def _was_ready(status: GPUInstanceStatus) -> bool:
    ready = conditions.find(status.conditions, ConditionType.READY)
    return ready is not None and ready.status == "True" and ready.reason == Reason.READY


def mapped(known: Connection, instance: Instance) -> tuple[PortMapping, ...]:
    """The ports that Novita maps, with the endpoints that the status or the newer list has."""
    endpoints = {port.port: port.endpoint for port in known.ports}
    return tuple(
        PortMapping(port.port, port.protocol, port.endpoint or endpoints.get(port.port, "")) for port in instance.ports
    )


def _chosen(readiness: Readiness, known: Connection, instance: Instance) -> tuple[PortMapping, ...]:
    ports = mapped(known, instance)
    if not readiness.ports:
        return ports
    by_number = {port.port: port for port in (*_implied(known), *ports)}
    return tuple(by_number[number] for number in dict.fromkeys(readiness.ports) if number in by_number)


def _implied(known: Connection) -> tuple[PortMapping, ...]:
    """Ports that Novita makes reachable although nobody maps them."""
    ssh = (PortMapping(SSH, "TCP", known.endpoint),) if known.endpoint else ()
    return (*ssh, PortMapping(_JUPYTER, "HTTP", known.jupyter)) if known.jupyter else ssh


def _unmapped(
    resource: GPUInstance, ports: tuple[PortMapping, ...], known: Connection, instance: Instance
) -> tuple[str, bool] | None:
    """Ports that must answer and cannot, and whether only a person can help."""
    readiness = resource.spec.readiness
    missing = sorted(set(readiness.ports if readiness else ()) - {port.port for port in ports})
    if not missing:
        return None
    asked_for = {port.port for port in resource.spec.ports or ()}
    if asked_for.issuperset(missing):
        return f"Novita does not map {_numbers(missing)} yet", False
    there = sorted({port.port for port in (*mapped(known, instance), *_implied(known))})
    maps = f"it maps {_numbers(there)}" if there else "it maps none"
    way_out = "Add it to spec.ports, or take it out of spec.readiness.ports"
    return f"spec.readiness.ports names {_numbers(missing)}, which the instance does not map; {maps}. {way_out}", True


def _without_address(ports: tuple[PortMapping, ...]) -> str:
    silent = [port.port for port in ports if not port.endpoint]
    return f"Novita has given no address for {_numbers(silent)} yet" if silent else ""


def _unreadable(readiness: Readiness, ports: tuple[PortMapping, ...]) -> str:
    for port in ports:
        try:
            _target(readiness, port)
        except BadEndpoint as error:
            return f"the endpoint that Novita gives for port {port.port} {error}"
    return ""


def _targets(readiness: Readiness, ports: tuple[PortMapping, ...]) -> list[Target]:
    if _without_address(ports) or _unreadable(readiness, ports):
        return []
    return [_target(readiness, port) for port in ports]


def _target(readiness: Readiness, port: PortMapping) -> Target:
    if port.protocol == "HTTP":
        return targets.http(port.port, port.endpoint, readiness.path)
    return targets.tcp(port.port, port.endpoint)


def _hosts(resource: GPUInstance, known: Connection) -> tuple[str, ...]:
    if resource.spec.service is None:
        return ()
    return tuple(sorted({lead.place.host for lead in service.leads(known).found}))


def _numbers(ports: list[int]) -> str:
    return ("port " if len(ports) == 1 else "ports ") + ", ".join(map(str, ports))
