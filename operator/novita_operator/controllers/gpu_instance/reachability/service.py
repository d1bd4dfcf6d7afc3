"""The Service of spec.service and its EndpointSlices: bodies, and nothing else. Pure.

A Service without a selector and with an IP of the cluster, since only such a one translates ports: clients of the
cluster use 22 for ssh and the container's own port numbers, wherever Novita's proxy has put them today. A headless
Service would hand out the proxy's address and leave its port to be guessed; an ExternalName maps no ports either; and
EndpointSlices of the type FQDN are deprecated and routed by nobody. So the operator resolves the proxy's name itself,
again and again, and writes addresses: one EndpointSlice for each host and address family.

What it does not do:
- Ports of the protocol HTTP are left out. Novita serves them at https addresses on port 443 of a proxy that tells
  instances apart by host name (TLS SNI and the Host header); behind a Service's own name they would all answer 404, or
  fail on the certificate. Their addresses are in `status.connection.ports` and in the Secret.
- A change of the proxy's addresses is followed within the period of the looks, not at once; connections break then.
- Addresses of IPv6 only help in clusters that route IPv6.
- Traffic leaves the cluster: a NetworkPolicy that forbids that forbids this, too.
- The Service leads to where the instance is, whether or not spec.readiness holds: ssh is for finding out why not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from novita_operator.api import meta
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import Connection, ServiceStatus
from novita_operator.controllers.gpu_instance.reachability import connection
from novita_operator.egress import addresses as ip
from novita_operator.probes import targets
from novita_operator.probes.targets import BadEndpoint, Place

Body = dict[str, Any]

_SLICES = "discovery.k8s.io/v1"
SERVICE_LABEL = "kubernetes.io/service-name"
_SSH = 22
# What a Service may be called in every version of Kubernetes: a DNS label that begins with a letter.
_NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_EXAMPLE = "192.0.2.1"  # an address of the documentation (RFC 5737)
_MOST_ADDRESSES = 64  # the bound of status.service.addresses; sixteen per host and family are far below it


@dataclass(frozen=True, slots=True)
class Lead:
    """One port of the Service, and where it leads to."""

    name: str
    port: int
    place: Place


@dataclass(frozen=True, slots=True)
class Leads:
    """All ports that can be led to, and one sentence for each that cannot."""

    found: tuple[Lead, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bodies:
    """What is to exist in the cluster, and how the status tells of it."""

    service: Body
    slices: tuple[Body, ...]
    status: ServiceStatus


def name_of(resource: GPUInstance) -> str | None:
    """The name of the Service; None where none is wanted."""
    wanted = resource.spec.service
    return None if wanted is None else wanted.name or resource.meta.name


def complaint(name: str) -> str | None:
    """Why no Service can have this name; None where one can."""
    if _NAME.fullmatch(name):
        return None
    return (
        f'No Service can be called "{name}": it takes at most 63 letters, digits and dashes, a letter first. '
        "Set spec.service.name."
    )


def leads(known: Connection) -> Leads:
    """ssh, and each TCP port. Of two on port 22, ssh stays: the password in the Secret is its own."""
    endpoints = [("ssh", _SSH, known.endpoint)] if known.endpoint else []
    endpoints += [
        (f"tcp-{port.port}", port.port, port.endpoint)
        for port in known.ports
        if port.protocol == "TCP" and not (endpoints and port.port == _SSH)
    ]
    found: list[Lead] = []
    left_out: list[str] = []
    for name, port, endpoint in endpoints:
        try:
            found.append(Lead(name, port, targets.place(endpoint)))
        except BadEndpoint as error:
            left_out.append(f"Port {port} is left out: its endpoint at Novita {error}.")
    return Leads(tuple(found), tuple(left_out))


def bodies(
    resource: GPUInstance, found: Leads, addresses: Mapping[str, tuple[str, ...]], nowhere: Mapping[str, str]
) -> Bodies:
    """Everything, where these hosts have these addresses, and the others have none for the reason that is given."""
    name = name_of(resource) or resource.meta.name
    usable = {
        host: tuple(address for address in known if ip.may_be_an_endpoint(address)) for host, known in addresses.items()
    }
    slices = _slices(resource, name, found, usable)
    reached = sorted({address for lead in found.found for address in usable.get(lead.place.host, ())})
    told = [*found.left_out, *(_without(lead, addresses, usable, nowhere) for lead in found.found)]
    message = " ".join(dict.fromkeys(sentence for sentence in told if sentence))
    status = ServiceStatus(name=name, addresses=tuple(reached[:_MOST_ADDRESSES]), message=message[:1000] or None)
    return Bodies(_service(resource, name, found), slices, status)


def emptied(slice_: Body) -> Body:
    """The same EndpointSlice, leading nowhere."""
    named = {key: slice_["metadata"][key] for key in ("name", "namespace", "ownerReferences")}
    kept = {key: slice_[key] for key in ("kind", "addressType", "ports")}
    return {"apiVersion": _SLICES, **kept, "metadata": named, "endpoints": []}


def _service(resource: GPUInstance, name: str, found: Leads) -> Body:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": connection.metadata_of(resource, name, {}),
        "spec": {
            "type": "ClusterIP",
            "selector": None,  # with one, Kubernetes would lead it elsewhere
            "ipFamilyPolicy": "PreferDualStack",
            "ports": [
                {"name": lead.name, "port": lead.port, "protocol": "TCP", "targetPort": lead.port}
                for lead in found.found
            ],
        },
    }


def _slices(resource: GPUInstance, name: str, found: Leads, usable: Mapping[str, tuple[str, ...]]) -> tuple[Body, ...]:
    made = []
    by_host = groupby(sorted(found.found, key=lambda lead: lead.place.host), key=lambda lead: lead.place.host)
    for number, (host, there) in enumerate(by_host):
        ports = [{"name": lead.name, "port": lead.place.port, "protocol": "TCP"} for lead in there]
        for family in ("IPv4", "IPv6"):
            reached = [address for address in usable.get(host, ()) if ip.family(address) == family]
            if reached:
                made.append(_slice(resource, name, number, family, ports, reached))
    return tuple(made)


def _slice(
    resource: GPUInstance, service: str, number: int, family: str, ports: list[Body], reached: list[str]
) -> Body:
    labels = {SERVICE_LABEL: service, "endpointslice.kubernetes.io/managed-by": meta.FIELD_MANAGER}
    return {
        "apiVersion": _SLICES,
        "kind": "EndpointSlice",
        "metadata": connection.metadata_of(resource, f"{service}-{family.lower()}-{number}", labels),
        "addressType": family,
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}} for address in reached],
        "ports": ports,
    }


def _without(
    lead: Lead,
    addresses: Mapping[str, tuple[str, ...]],
    usable: Mapping[str, tuple[str, ...]],
    nowhere: Mapping[str, str],
) -> str:
    """Why a port leads nowhere; empty where it leads somewhere."""
    host = lead.place.host
    if usable.get(host):
        return ""
    if addresses.get(host):
        return f"{lead.name} leads nowhere: {addresses[host][0]} is no address that Kubernetes takes for an endpoint."
    return f"{lead.name} leads nowhere: it {nowhere.get(host, 'has no address yet')}. Its name is asked for again."


def rehearsed(resource: GPUInstance) -> tuple[Body, ...]:
    """Service and EndpointSlice as they would be with ssh alone: whether the cluster would take such ones."""
    name, ports = name_of(resource), [{"name": "ssh", "port": _SSH, "protocol": "TCP"}]
    if name is None:
        return ()
    nowhere = Lead("ssh", _SSH, Place(_EXAMPLE, _SSH))
    return _service(resource, name, Leads((nowhere,))), _slice(resource, name, 0, "IPv4", ports, [_EXAMPLE])
