"""Names of endpoints, which come from Novita's answers: what webhooks may not reach, they may not lead to either."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.unit.egress.test_guard import PUBLIC, REFUSED

from novita_operator.egress.guard import EVERYTHING, Guard
from novita_operator.egress.names import Names, NoAddress, PublicNames

ADDRESSES = [text for text in REFUSED if text not in {"", "localhost"}]
METADATA = ["169.254.169.254", "168.63.129.16", "::ffff:168.63.129.16", "64:ff9b::a9fe:a9fe", "2002:a83f:8110::1"]


def named(*addresses: str, guard: Guard) -> PublicNames:
    """Every name has these addresses."""

    async def lookup(_: str) -> Sequence[str]:
        return addresses

    return PublicNames(Names(monotonic=lambda: 0.0, lookup=lookup), guard)


@pytest.mark.parametrize("address", ADDRESSES)
async def test_an_endpoint_leads_nowhere_that_a_webhook_may_not_be_sent_to(address: str) -> None:
    with pytest.raises(NoAddress):
        await named(guard=Guard()).find(address)


@pytest.mark.parametrize("address", ADDRESSES)
async def test_nor_does_its_name(address: str) -> None:
    with pytest.raises(NoAddress):
        await named(address, guard=Guard()).find("proxy.example")


@pytest.mark.parametrize("address", PUBLIC)
async def test_a_public_address_is_found(address: str) -> None:
    assert await named(address, guard=Guard()).find("proxy.example") == (address,)


async def test_of_several_addresses_only_the_right_ones_are_found() -> None:
    assert await named("10.0.0.1", "8.8.8.8", guard=Guard()).find("proxy.example") == ("8.8.8.8",)


@pytest.mark.parametrize("address", METADATA)
async def test_where_a_cloud_gives_out_credentials_is_closed_even_with_private_endpoints(address: str) -> None:
    with pytest.raises(NoAddress, match=r"credentials$"):
        await named(address, guard=EVERYTHING).find("proxy.example")


async def test_the_message_names_the_setting_where_it_would_help_and_only_there() -> None:
    with pytest.raises(NoAddress, match=r"ALLOW_PRIVATE_ENDPOINTS would have to be true$"):
        await named("10.0.0.1", guard=Guard()).find("proxy.example")
    with pytest.raises(NoAddress, match=r"credentials$"):
        await named("168.63.129.16", guard=Guard()).find("proxy.example")


async def test_a_name_without_addresses_is_told() -> None:
    with pytest.raises(NoAddress, match="which has no address"):
        await named(guard=Guard()).find("proxy.example")
