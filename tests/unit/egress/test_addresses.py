"""What an address may be used for."""

from __future__ import annotations

import pytest

from novita_operator.egress import addresses


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "169.254.1.1", "fe80::1", "::", "224.0.0.1"])
def test_kubernetes_takes_no_address_that_means_another_machine_everywhere(address: str) -> None:
    assert not addresses.may_be_an_endpoint(address)


@pytest.mark.parametrize(("text", "found"), [("1.2.3.4", "1.2.3.4"), ("FE80::1%eth0", "fe80::1"), ("name", None)])
def test_an_address_is_told_from_a_name(text: str, found: str | None) -> None:
    assert (str(addresses.parsed(text)) if found else addresses.parsed(text)) == found
