"""Which addresses may be reached. Pure.

Users choose the URLs of webhooks, and Novita's answers name the endpoints of instances; the operator stands inside the
cluster's network. What is not surely public is refused, unless an administrator has named its network.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, replace

from novita_operator.egress import addresses
from novita_operator.egress.addresses import Address, Network

# IPv6 that is given out at all (RFC 4291); NAT64, unique local, link-local, multicast, v4-compatible: all lie outside.
_GIVEN_OUT = ipaddress.IPv6Network("2000::/3")
# `is_global` says yes to some of these, depending on the Python version.
_NEVER_PUBLIC: tuple[Network, ...] = (
    ipaddress.IPv4Network("192.0.0.0/24"),  # protocol assignments; 192.0.0.192 is the metadata address of one cloud
    ipaddress.IPv4Network("192.88.99.0/24"),  # 6to4 relays
    ipaddress.IPv6Network("2001::/23"),  # protocol assignments, Teredo among them: an IPv4 address in disguise
    ipaddress.IPv6Network("2001:db8::/32"),  # documentation
    ipaddress.IPv6Network("2002::/16"),  # 6to4: an IPv4 address in disguise
    ipaddress.IPv6Network("3fff::/20"),  # documentation
)
# Where clouds give credentials, names or the time to whoever asks on one of their machines. A wide network of the
# administrator does not open them.
_CLOUD_HOSTS: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "169.254.0.0/16",  # link-local: AWS, Azure, Google, OpenStack, Scaleway, Tencent and most others
        "fe80::/10",  # link-local
        "100.100.100.200/32",  # Alibaba
        "168.63.129.16/32",  # Azure's host; it looks public
        "192.0.0.0/24",  # Oracle: 192.0.0.192
        "fd00:ec2::/32",  # AWS: metadata, credentials of pods, names, time
        "fd20:ce::/32",  # Google
        "fd00:42::42/128",  # Scaleway
    )
)


@dataclass(frozen=True, slots=True)
class Guard:
    """Judges addresses.

    `allowed`: networks that are not public and may be reached all the same; `denied`: which never, whatever they are.
    """

    allowed: tuple[Network, ...] = ()
    denied: tuple[Network, ...] = ()

    def complaint(self, text: str) -> str | None:
        """Why this address is not reached; None if it may be. `text` is an address, with a scope perhaps."""
        found = addresses.parsed(text)
        if found is None:
            return "no IP address"
        address = addresses.meant(found)
        reached = (address, *addresses.hidden(address))
        if any(_within(each, self.denied) for each in reached):
            return f"{address}, which DENIED_NETWORKS closes"
        within = [network for network in self.allowed if address in network]
        if any(_within(each, _CLOUD_HOSTS) for each in reached):
            named = any(network.num_addresses == 1 for network in within)
            return None if named else f"{address}, where a cloud gives out credentials"
        if within or _is_public(address):
            return None
        return f"{address}, which is no public address"

    def with_private_networks(self) -> Guard:
        """The same, but private networks may be reached, too."""
        return replace(self, allowed=_ANYWHERE)


_ANYWHERE: tuple[Network, ...] = (ipaddress.IPv4Network("0.0.0.0/0"), ipaddress.IPv6Network("::/0"))
EVERYTHING = Guard(_ANYWHERE)
"""Every network, private ones too; where clouds give out credentials stays closed."""


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address not in _GIVEN_OUT:
        return False
    if _within(address, _NEVER_PUBLIC):
        return False
    return address.is_global and not address.is_multicast
