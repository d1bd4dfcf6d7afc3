"""What an address may be used for."""

from __future__ import annotations

import pytest

from novita_operator.probes import addresses


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_may_be_looked_at(address: str) -> None:
    assert addresses.is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "0.0.0.0",  # noqa: S104 - nobody binds to it here
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fd00::1",
        "fd00:ec2::254",
        "::ffff:169.254.169.254",
        "::ffff:127.0.0.1",
    ],
)
def test_addresses_of_a_private_network_or_of_a_clouds_metadata_are_not_public(address: str) -> None:
    assert not addresses.is_public(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "169.254.1.1", "fe80::1", "::", "224.0.0.1"])
def test_kubernetes_takes_no_address_that_means_another_machine_everywhere(address: str) -> None:
    assert not addresses.may_be_an_endpoint(address)


@pytest.mark.parametrize(("text", "found"), [("1.2.3.4", "1.2.3.4"), ("FE80::1%eth0", "fe80::1"), ("name", None)])
def test_an_address_is_told_from_a_name(text: str, found: str | None) -> None:
    assert addresses.parsed(text) == found
