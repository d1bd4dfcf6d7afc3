"""Which addresses may be reached."""

from __future__ import annotations

import ipaddress

import pytest

from novita_operator.egress.guard import EVERYTHING, Guard

REFUSED = {
    "127.0.0.1": "loopback",
    "127.255.255.254": "the far end of loopback",
    "0.0.0.0": "this host",  # noqa: S104 - nothing is bound
    "0.1.2.3": "this network",
    "10.0.0.1": "private, class A",
    "10.255.255.255": "its last one",
    "172.16.0.1": "private, class B",
    "172.31.255.255": "its last one",
    "192.168.0.1": "private, class C",
    "169.254.0.1": "link-local",
    "169.254.169.254": "metadata",
    "169.254.170.2": "credentials of containers",
    "100.64.0.1": "carrier-grade NAT",
    "100.127.255.255": "its last one",
    "100.100.100.200": "metadata of Alibaba",
    "168.63.129.16": "the host of Azure, which looks public",
    "192.0.0.1": "protocol assignments",
    "192.0.0.9": "protocol assignments that Python calls global",
    "192.0.0.192": "metadata of Oracle",
    "192.0.2.1": "documentation",
    "198.51.100.1": "documentation",
    "203.0.113.1": "documentation",
    "192.88.99.1": "6to4 relay",
    "198.18.0.1": "benchmarks",
    "224.0.0.1": "multicast, here",
    "239.255.255.250": "multicast, discovery",
    "240.0.0.1": "reserved",
    "255.255.255.255": "broadcast",
    "::": "unspecified",
    "::1": "loopback",
    "::127.0.0.1": "IPv4-compatible",
    "::ffff:127.0.0.1": "loopback as IPv6",
    "::ffff:10.0.0.1": "private as IPv6",
    "::ffff:169.254.169.254": "metadata as IPv6",
    "::ffff:100.64.0.1": "carrier-grade NAT as IPv6",
    "::ffff:0:127.0.0.1": "translated loopback",
    "64:ff9b::7f00:1": "loopback behind NAT64",
    "64:ff9b::808:808": "even a public address behind NAT64",
    "64:ff9b:1::1": "local NAT64",
    "100::1": "discard",
    "2001::1": "Teredo",
    "2001:db8::1": "documentation",
    "2001:10::1": "ORCHID",
    "2002:7f00:1::": "loopback by 6to4",
    "2002:808:808::": "even a public address by 6to4",
    "3fff::1": "documentation",
    "5f00::1": "segment routing",
    "fc00::1": "unique local",
    "fd00:ec2::254": "metadata of AWS",
    "fd20:ce::254": "metadata of Google",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local with a scope",
    "fec0::1": "site-local",
    "ff02::1": "multicast",
    "ff0e::1": "multicast of the whole world",
    "localhost": "a name is no address",
    "": "nothing is no address",
}
PUBLIC = ("8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "192.0.1.1", "2606:4700::1111", "2a00:1450:4001::1")


@pytest.mark.parametrize("address", REFUSED, ids=[f"{address or 'empty'} ({why})" for address, why in REFUSED.items()])
def test_an_address_that_is_not_surely_public_is_refused(address: str) -> None:
    assert Guard().complaint(address) is not None


@pytest.mark.parametrize("address", [*PUBLIC, "::ffff:8.8.8.8"])
def test_a_public_address_is_right(address: str) -> None:
    assert Guard().complaint(address) is None


def test_the_complaint_shows_the_address_that_the_kernel_would_connect_to() -> None:
    assert Guard().complaint("::ffff:10.0.0.1") == "10.0.0.1, which is no public address"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.1.2.3", "10.0.0.0/8"),
        ("::ffff:10.1.2.3", "10.0.0.0/8"),
        ("fd00::7", "fd00::/8"),
        ("127.0.0.1", "0.0.0.0/0"),
    ],
)
def test_a_network_that_an_administrator_names_is_right(address: str, network: str) -> None:
    assert Guard((ipaddress.ip_network(network),)).complaint(address) is None


@pytest.mark.parametrize(
    ("address", "network"), [("10.1.2.3", "192.168.0.0/16"), ("fd00::7", "10.0.0.0/8"), ("::1", "0.0.0.0/0")]
)
def test_another_network_of_the_administrator_opens_nothing(address: str, network: str) -> None:
    assert Guard((ipaddress.ip_network(network),)).complaint(address) is not None


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "168.63.129.16",
        "100.100.100.200",
        "fd00:ec2::254",
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "::ffff:0:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a9fe:a9fe",
        "64:ff9b::a83f:8110",
        "2002:a9fe:a9fe::1",
        "2001:0:a9fe:a9fe::1",
        "2001:0:808:808:0:ffff:5601:5601",
    ],
)
def test_metadata_is_not_opened_by_a_wide_network(address: str) -> None:
    assert "credentials" in (EVERYTHING.complaint(address) or "")


def test_metadata_is_opened_only_by_its_very_address() -> None:
    assert Guard((ipaddress.ip_network("169.254.169.254/32"),)).complaint("169.254.169.254") is None


@pytest.mark.parametrize(
    "address",
    [
        "169.254.0.23",
        "169.254.42.42",
        "169.254.169.249",
        "fd00:ec2::253",
        "fd20:ce::1",
        "192.0.0.192",
        "fe80::a9fe:a9fe",
    ],
)
def test_the_hosts_of_other_clouds_are_not_opened_by_a_wide_network_either(address: str) -> None:
    assert "credentials" in (EVERYTHING.complaint(address) or "")


DENIED = (
    ipaddress.ip_network("8.8.8.0/24"),
    ipaddress.ip_network("2a00:1450::/32"),
    ipaddress.ip_network("10.9.0.0/16"),
)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "::ffff:8.8.8.8", "2a00:1450:4001::1", "10.9.1.1", "64:ff9b::808:808", "2002:808:808::1"]
)
def test_a_denied_network_is_closed_whatever_opens_it(address: str) -> None:
    for guard in (Guard(denied=DENIED), Guard(denied=DENIED).with_private_networks(), Guard(DENIED, DENIED)):
        assert "DENIED_NETWORKS" in (guard.complaint(address) or "")


def test_a_denied_network_closes_nothing_else() -> None:
    assert Guard(denied=DENIED).complaint("8.8.4.4") is None
    assert Guard(denied=DENIED).with_private_networks().complaint("10.8.0.1") is None
