"""Which addresses may be reached. Pure.

Users choose the URLs of webhooks, and Novita's answers name the endpoints of instances; the operator stands inside the
cluster's network. What is not surely public is refused, unless an administrator has named its network.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

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
# Where clouds give credentials to whoever asks. A wide network of the administrator does not open them.
_METADATA: frozenset[Address] = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254",  # AWS, Azure, Google, OpenStack and most others
        "169.254.169.253",  # AWS: names
        "169.254.169.123",  # AWS: time
        "169.254.170.2",  # AWS: credentials of containers
        "169.254.170.23",  # AWS: credentials of pods
        "169.254.42.42",  # Scaleway
        "100.100.100.200",  # Alibaba
        "168.63.129.16",  # Azure's host; it looks public
        "192.0.0.192",  # Oracle
        "fd00:ec2::254",  # AWS
        "fd00:ec2::23",  # AWS: credentials of pods
        "fd20:ce::254",  # Google
        "fd00:42::42",  # Scaleway
    )
)


@dataclass(frozen=True, slots=True)
class Guard:
    """Judges addresses. `allowed`: networks that are not public and may be reached all the same."""

    allowed: tuple[Network, ...] = ()

    def complaint(self, text: str) -> str | None:
        """Why this address is not reached; None if it may be. `text` is an address, with a scope perhaps."""
        found = addresses.parsed(text)
        if found is None:
            return "no IP address"
        address = addresses.meant(found)
        within = [network for network in self.allowed if address in network]
        if address in _METADATA or not _METADATA.isdisjoint(addresses.hidden(address)):
            named = any(network.num_addresses == 1 for network in within)
            return None if named else f"{address}, where a cloud gives out credentials"
        if within or _is_public(address):
            return None
        return f"{address}, which is no public address"


EVERYTHING = Guard((ipaddress.IPv4Network("0.0.0.0/0"), ipaddress.IPv6Network("::/0")))
"""Every network, private ones too; where clouds give out credentials stays closed."""


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address not in _GIVEN_OUT:
        return False
    if any(address in network for network in _NEVER_PUBLIC):
        return False
    return address.is_global and not address.is_multicast
