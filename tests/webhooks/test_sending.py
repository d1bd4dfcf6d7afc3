"""One POST over real sockets: what is refused, what is tried again, and what is never read."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time

import pytest
from pydantic import SecretStr
from tests.webhooks.places import HOST, Names, Place

from novita_operator.egress import names as egress
from novita_operator.egress.guard import Guard
from novita_operator.egress.names import Lookup
from novita_operator.webhooks.answers import Answer, Delivered, Failed, Refused
from novita_operator.webhooks.sending import Sender

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
BODY = b'{"event":"instance.ready"}'


async def post(
    url: str, *, allowed: tuple[ipaddress.IPv4Network, ...] = (), lookup: Lookup | None = None, within: float = 5
) -> Answer:
    names = egress.Names(monotonic=time.monotonic, lookup=lookup, remember=0.0)
    sender = Sender(timeout=within, guard=Guard(allowed), names=names)
    try:
        return await sender.post(SecretStr(url), BODY, {"Content-Type": "application/json"})
    finally:
        sender.close()


# Ways to write an address inside, as users have tried them on others. Port 9 is discard: nobody listens anyway.
DISGUISES = [
    "127.0.0.1",
    "127.1",
    "0x7f.1",
    "0x7f000001",
    "0177.0.0.1",
    "2130706433",
    "127.0.0.1.",
    "0",
    "0.0.0.0",  # noqa: S104 - nothing is bound
    "localhost",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "169.254.169.254",
    "0xa9.0xfe.0xa9.0xfe",
    "2852039166",
    "10.0.0.1",
    "100.64.0.1",
    "127。0。0。1",
    "①②⑦.0.0.1",
]


@pytest.mark.parametrize("host", DISGUISES)
async def test_an_address_inside_is_refused_however_it_is_written(host: str) -> None:
    answer = await post(f"http://{host}:9/hook")

    assert isinstance(answer, Refused), answer


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.1.2.3", "169.254.169.254", "::ffff:127.0.0.1", "fd00::1"])
async def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    answer = await post("http://receiver.example:9/hook", lookup=Names({"receiver.example": [address]}))

    assert isinstance(answer, Refused)
    assert "leads to" in answer.reason


async def test_nobody_is_connected_to_before_the_address_is_checked() -> None:
    async with Place() as place:
        answer = await post(f"http://receiver.example:{place.port}/", lookup=Names({"receiver.example": [HOST]}))

    assert isinstance(answer, Refused)
    assert place.got == []


async def test_a_name_that_changes_is_judged_by_the_address_that_is_connected_to() -> None:
    """Rebinding: whatever a look-up said before, the socket is opened for the address of now, or not at all."""
    names = Names({"receiver.example": ["127.0.0.1"]})
    async with Place() as place:
        first = await post(place.url.replace(HOST, "receiver.example"), lookup=names, allowed=LOOPBACK)
        names.known = {"receiver.example": ["127.0.0.1", "10.255.255.1"]}
        second = await post(place.url.replace(HOST, "receiver.example"), lookup=names)

    assert isinstance(first, Delivered)
    assert isinstance(second, Refused)
    assert len(place.got) == 1


async def test_of_several_addresses_only_the_right_ones_are_connected_to() -> None:
    async with Place() as place:
        names = Names({"receiver.example": ["10.255.255.1", HOST]})
        answer = await post(place.url.replace(HOST, "receiver.example"), lookup=names, allowed=LOOPBACK)

    assert isinstance(answer, Delivered)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_a_success_is_a_delivery(status: int) -> None:
    async with Place(status=status) as place:
        assert await post(place.url, allowed=LOOPBACK) == Delivered()

    assert [got.raw for got in place.got] == [BODY]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422])
async def test_a_refusal_of_the_receiver_is_final(status: int) -> None:
    async with Place(status=status) as place:
        assert await post(place.url, allowed=LOOPBACK) == Refused(f"answers {status}")


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_trouble_of_the_receiver_is_worth_another_try(status: int) -> None:
    async with Place(status=status) as place:
        assert await post(place.url, allowed=LOOPBACK) == Failed(f"answers {status}")


@pytest.mark.parametrize(("wish", "pause"), [("7", 7.0), ("86400", 300.0), ("tomorrow", 0.0), ("-1", 0.0), ("²", 0.0)])
async def test_a_wish_to_wait_is_respected_within_reason(wish: str, pause: float) -> None:
    headers = {"Retry-After": wish}
    async with Place(status=429, headers=headers) as place:
        assert await post(place.url, allowed=LOOPBACK) == Failed("answers 429", pause)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    async with Place() as inside, Place(status=status, headers={"Location": inside.url}) as place:
        answer = await post(place.url, allowed=LOOPBACK)

    assert isinstance(answer, Refused)
    assert inside.got == []


async def test_a_receiver_that_is_silent_is_left_after_the_timeout() -> None:
    async with Place() as place:
        place.hold()
        answer = await post(place.url, allowed=LOOPBACK, within=0.2)
        place.go_on()

    assert answer == Failed("does not answer within 0.2 s")


async def test_a_closed_port_is_worth_another_try() -> None:
    async with Place() as place:
        url = place.url

    assert await post(url, allowed=LOOPBACK) == Failed("refuses the connection")


async def test_a_name_that_nobody_knows_is_worth_another_try() -> None:
    assert await post("http://nobody.example/", lookup=Names({})) == Failed("has a host whose name cannot be resolved")


async def test_what_the_receiver_says_is_never_repeated() -> None:
    secret = "canary-of-the-answer"
    async with Place(status=500, body=secret.encode() * 10_000, headers={"X-Canary": secret}) as place:
        answer = await post(f"{place.url}?token=canary-of-the-url", allowed=LOOPBACK)

    assert "canary" not in repr(answer)


async def test_a_receiver_that_speaks_no_http_is_worth_another_try() -> None:
    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n" * 1000)
        writer.close()

    server = await asyncio.start_server(babble, HOST, 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        answer = await post(f"http://{HOST}:{port}/", allowed=LOOPBACK)

    assert isinstance(answer, Failed)
    assert "mail.example" not in answer.reason


@pytest.mark.parametrize("url", ["http://[::1", "http://ex ample/", "ftp://example.org/", "http://", "https://a..b/"])
async def test_a_url_that_cannot_be_read_raises_nothing(url: str) -> None:
    answer = await post(url, lookup=Names({}))

    assert isinstance(answer, Refused | Failed)


async def test_settings_of_a_proxy_are_not_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Place() as proxy, Place() as place:
        monkeypatch.setenv("http_proxy", proxy.url)
        answer = await post(place.url, allowed=LOOPBACK)

    assert answer == Delivered()
    assert proxy.got == []


async def test_the_names_stub_is_no_resolver_of_this_machine() -> None:
    with pytest.raises(socket.gaierror):
        await Names({})("localhost")
