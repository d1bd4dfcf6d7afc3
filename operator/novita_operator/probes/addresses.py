"""IP addresses: which ones are, and what they may be used for. Pure."""

from __future__ import annotations

import ipaddress


def parsed(text: str) -> str | None:
    """The canonical form of an IP address; None where it is a name. A scope such as `%eth0` is no part of it."""
    try:
        return str(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return None


def is_public(address: str) -> bool:
    """Whether it leads out of every private network; addresses of IPv4 in IPv6 are looked through."""
    found = ipaddress.ip_address(address)
    inner = getattr(found, "ipv4_mapped", None) or found
    return bool(inner.is_global) and not inner.is_multicast


def may_be_an_endpoint(address: str) -> bool:
    """Whether Kubernetes takes it into an EndpointSlice: it refuses what means another machine on each machine."""
    found = ipaddress.ip_address(address)
    return not (found.is_loopback or found.is_link_local or found.is_unspecified or found.is_multicast)


def family(address: str) -> str:
    """`IPv4` or `IPv6`, as EndpointSlices call it."""
    return f"IPv{ipaddress.ip_address(address).version}"
