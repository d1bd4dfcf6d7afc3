"""IP addresses: which ones are, which IPv4 address hides in one, and what Kubernetes takes. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Each carries an IPv4 address in its last 32 bits.
_CARRY_IN_THE_END = (
    ipaddress.IPv6Network("::/96"),  # IPv4-compatible (RFC 4291)
    ipaddress.IPv6Network("::ffff:0:0:0/96"),  # translated (RFC 2765)
    ipaddress.IPv6Network("64:ff9b::/96"),  # NAT64 (RFC 6052)
    ipaddress.IPv6Network("64:ff9b:1::/48"),  # NAT64 of a network's own (RFC 8215), in the usual form
)
_LAST_32_BITS = 0xFFFF_FFFF


def parsed(text: str) -> Address | None:
    """The address; None where the text is a name. A scope such as `%eth0` is no part of it."""
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def meant(address: Address) -> Address:
    """An IPv4 address written as IPv6 is that IPv4 address to the kernel."""
    return getattr(address, "ipv4_mapped", None) or address


def hidden(address: Address) -> Iterator[ipaddress.IPv4Address]:
    """The IPv4 addresses that a gateway or a tunnel on the way may make of it."""
    if isinstance(address, ipaddress.IPv4Address):
        return
    if address.sixtofour is not None:
        yield address.sixtofour
    yield from address.teredo or ()
    if any(address in network for network in _CARRY_IN_THE_END):
        yield ipaddress.IPv4Address(int(address) & _LAST_32_BITS)


def may_be_an_endpoint(address: str) -> bool:
    """Whether Kubernetes takes it into an EndpointSlice: it refuses what means another machine on each machine."""
    found = ipaddress.ip_address(address)
    return not (found.is_loopback or found.is_link_local or found.is_unspecified or found.is_multicast)


def family(address: str) -> str:
    """`IPv4` or `IPv6`, as EndpointSlices call it."""
    return f"IPv{ipaddress.ip_address(address).version}"
