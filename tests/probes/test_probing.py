"""One look over real sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence

import pytest
from tests.support.listeners import HttpListener, TcpListener

from novita_operator.egress.guard import EVERYTHING, Guard
from novita_operator.egress.names import Names, PublicNames
from novita_operator.probes import targets
from novita_operator.probes.probing import PortProber

_LONG = 30.0  # seconds; nothing in these tests waits so long unless it is broken


async def _everything_is_here(_: str) -> Sequence[str]:
    return ["127.0.0.1"]


@pytest.fixture
async def prober() -> AsyncIterator[PortProber]:
    made = PortProber(PublicNames(Names(monotonic=time.monotonic, lookup=_everything_is_here), EVERYTHING))
    yield made
    await made.aclose()


@pytest.fixture
async def web() -> AsyncIterator[HttpListener]:
    async with HttpListener() as listener:
        yield listener


@pytest.mark.parametrize("status", [200, 204, 302, 401, 403, 404, 429])
async def test_an_answer_below_500_is_a_sign_of_life(prober: PortProber, web: HttpListener, status: int) -> None:
    web.status = status

    assert await prober.probe(targets.http(80, web.endpoint, "/"), _LONG) is None


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_an_answer_of_500_or_more_is_not(prober: PortProber, web: HttpListener, status: int) -> None:
    web.status = status

    assert await prober.probe(targets.http(80, web.endpoint, "/"), _LONG) == f"answers {status}"


async def test_a_redirect_is_not_followed(prober: PortProber, web: HttpListener) -> None:
    async with HttpListener() as elsewhere:
        web.status, web.location = 302, elsewhere.endpoint

        assert await prober.probe(targets.http(80, web.endpoint, "/"), _LONG) is None
        assert (len(web.requests), len(elsewhere.requests)) == (1, 0)


async def test_the_name_is_kept_in_the_request_that_goes_to_its_address(prober: PortProber, web: HttpListener) -> None:
    assert await prober.probe(targets.http(80, f"http://i-1-8888.example:{web.port}", "/x"), _LONG) is None

    assert web.requests[0].host == f"i-1-8888.example:{web.port}"


async def test_no_proxy_of_the_environment_is_used(
    prober: PortProber, web: HttpListener, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with HttpListener() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.endpoint)
        monkeypatch.setenv("http_proxy", proxy.endpoint)

        await prober.probe(targets.http(80, f"http://host.example:{web.port}", "/"), _LONG)

        assert (len(web.requests), len(proxy.requests)) == (1, 0)


async def test_a_tcp_port_only_has_to_accept(prober: PortProber) -> None:
    async with TcpListener() as listener:
        target = targets.tcp(22, listener.endpoint)
        assert await prober.probe(target, _LONG) is None

        await listener.close()
        assert await prober.probe(target, _LONG) == "refuses the connection"


async def test_any_address_of_a_name_will_do() -> None:
    async def two(_: str) -> Sequence[str]:
        return ["127.0.0.2", "127.0.0.1"]

    prober = PortProber(PublicNames(Names(monotonic=time.monotonic, lookup=two), EVERYTHING))
    async with TcpListener() as listener:
        assert await prober.probe(targets.tcp(22, f"proxy.example:{listener.port}"), _LONG) is None


async def test_an_answer_that_does_not_come_is_waited_for_so_long_and_no_longer(
    prober: PortProber, web: HttpListener
) -> None:
    web.hold_after(0)

    said = await prober.probe(targets.http(80, web.endpoint, "/"), 0.2)

    assert said == "does not answer within 0.2 s"


async def test_a_body_without_end_is_not_read(prober: PortProber) -> None:
    sent = 0

    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()
                sent += 65_536
        except ConnectionError:
            writer.close()

    server = await asyncio.start_server(endless, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        assert await prober.probe(targets.http(80, f"127.0.0.1:{port}", "/"), _LONG) is None
    finally:
        server.close()
        await server.wait_closed()
    # What fits into the buffers of the kernel, and no more.
    assert sent < 64 * 1024 * 1024


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000, b"\x00" * 100]
)
async def test_an_answer_that_is_no_http_is_a_sentence_and_no_exception(prober: PortProber, answer: bytes) -> None:
    async def odd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(odd, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        said = await prober.probe(targets.http(80, f"127.0.0.1:{port}", "/"), _LONG)
    finally:
        server.close()
        await server.wait_closed()

    assert said is not None
    assert said.startswith(("cannot be asked", "closes the connection"))


@pytest.mark.parametrize("endpoint", ["127.0.0.1", "inside.example"])
async def test_private_addresses_are_not_touched_unless_allowed(web: HttpListener, endpoint: str) -> None:
    prober = PortProber(PublicNames(Names(monotonic=time.monotonic, lookup=_everything_is_here), Guard()))
    try:
        for target in (
            targets.http(80, f"http://{endpoint}:{web.port}", "/"),
            targets.tcp(22, f"{endpoint}:{web.port}"),
        ):
            said = await prober.probe(target, _LONG)
            assert said is not None
            assert "no public address" in said
    finally:
        await prober.aclose()

    assert web.requests == []


async def test_a_name_that_does_not_resolve_is_named() -> None:
    async def nobody(_: str) -> Sequence[str]:
        raise OSError(-2, "Name or service not known")

    prober = PortProber(PublicNames(Names(monotonic=time.monotonic, lookup=nobody), EVERYTHING))

    said = await prober.probe(targets.tcp(22, "proxy.example:22"), _LONG)

    assert said == "has the host proxy.example, whose name cannot be resolved"


async def test_a_name_is_remembered_for_a_moment_and_then_asked_for_again() -> None:
    asked = 0
    now = 0.0

    async def counted(_: str) -> Sequence[str]:
        nonlocal asked
        asked += 1
        return [f"203.0.113.{asked}"]

    names = PublicNames(Names(monotonic=lambda: now, lookup=counted), EVERYTHING)
    assert await names.find("proxy.example") == ("203.0.113.1",)
    assert await names.find("proxy.example") == ("203.0.113.1",)
    now = 60.0
    assert await names.find("proxy.example") == ("203.0.113.2",)
    assert asked == 2
