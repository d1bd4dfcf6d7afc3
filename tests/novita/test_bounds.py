"""Answers that are too large, too deep, too slow, too clever: none hangs, crashes, or fills the memory."""

from __future__ import annotations

import asyncio
import gzip
import json
import resource
import zlib

import pytest
from pydantic import SecretStr
from tests.novita.accounts import SimulatedAccount, a_request
from tests.novita.servers import Connection, an_answer, answering, serving

from novita_operator.novita import errors
from novita_operator.novita.account import NovitaAccountClient

KEY = "sk_canary_key"
MIB = 1024 * 1024


def a_client(url: str, timeout_seconds: float = 5.0) -> NovitaAccountClient:
    return NovitaAccountClient.open(
        base_url=url,
        api_key=SecretStr(KEY),
        timeout_seconds=timeout_seconds,
        max_retries=1,
        retry_delay_seconds=0.0,
    )


async def products(answer: bytes, timeout_seconds: float = 5.0) -> object:
    """What reading the products brings from a server that answers so."""
    async with serving(answering(answer)) as seen:
        client = a_client(seen.url, timeout_seconds)
        try:
            return await client.products()
        finally:
            await client.aclose()


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def a_zip(data: bytes) -> bytes:
    return gzip.compress(data, compresslevel=9)


async def test_a_packed_answer_is_unpacked() -> None:
    body = json.dumps({"data": [{"id": "p", "name": "P" * 200_000}]}).encode()

    assert await products(an_answer(a_zip(body), "200 OK", "Content-Encoding: gzip"))


async def test_an_answer_of_just_under_eight_mib_is_read() -> None:
    body = b'{"data": []}' + b" " * (8 * MIB - 12)

    assert await products(an_answer(body)) == ()


async def test_an_answer_that_is_larger_is_not() -> None:
    with pytest.raises(errors.InvalidResponse, match="larger than 8 MiB"):
        await products(an_answer(b'{"data": []}' + b" " * 8 * MIB))


async def test_an_answer_without_an_end_is_not_read_to_it() -> None:
    async def pours(connection: Connection) -> None:
        await connection.read_request()
        await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await connection.send(b"10000\r\n" + b" " * 0x10000 + b"\r\n")

    async with serving(pours) as seen:
        client = a_client(seen.url)

        with pytest.raises(errors.InvalidResponse, match="larger than 8 MiB"):
            await client.products()

        await client.aclose()
    assert seen.connections == 1


async def test_a_bomb_never_unfolds() -> None:
    packer = zlib.compressobj(1, wbits=31)
    zeros = bytes(MIB)
    bomb = b"".join(packer.compress(zeros) for _ in range(256)) + packer.flush()
    before = peak_mib()

    with pytest.raises(errors.InvalidResponse, match="larger than 8 MiB"):
        await products(an_answer(bomb, "200 OK", "Content-Encoding: gzip"))

    # Unfolded, it has 256 MiB.
    assert peak_mib() - before < 64


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip"])
async def test_what_was_not_asked_for_is_not_unpacked(encoding: str) -> None:
    with pytest.raises(errors.InvalidResponse, match="not asked for"):
        await products(an_answer(a_zip(a_zip(b"{}")), "200 OK", f"Content-Encoding: {encoding}"))


@pytest.mark.parametrize(
    "body", [b"not gzip", a_zip(b'{"data": []}')[:-12], a_zip(b'{"data": [')], ids=["none", "cut", "of half a text"]
)
async def test_a_broken_pack_is_not_understood(body: bytes) -> None:
    with pytest.raises(errors.InvalidResponse):
        await products(an_answer(body, "200 OK", "Content-Encoding: gzip"))


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"data": ' + b"9" * 5_000 + b"}",
        b"\xff\xfe\xfa",
        b'{"data": [',
        b"NaN",
        b'"text"',
        b"<html>OK</html>",
    ],
    ids=[
        "deep list",
        "deep object",
        "deep inside",
        "a number of 5000 digits",
        "no text",
        "half",
        "NaN",
        "text",
        "html",
    ],
)
async def test_a_body_that_makes_no_sense_is_not_understood(body: bytes) -> None:
    with pytest.raises(errors.InvalidResponse):
        await products(an_answer(body))


async def test_a_trickle_ends_with_the_deadline() -> None:
    async def trickles(connection: Connection) -> None:
        await connection.read_request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            await connection.send(b" ")
            await asyncio.sleep(0.01)

    async with serving(trickles) as seen:
        client = a_client(seen.url, timeout_seconds=0.8)  # a quarter of it is for connecting, on a busy machine, too

        with pytest.raises(errors.TimedOut):
            await client.products()

        await client.aclose()
    assert seen.connections == 2  # one, and its repeat


async def test_headers_without_an_end_are_not_read_to_it() -> None:
    async def pours(connection: Connection) -> None:
        await connection.read_request()
        await connection.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            await connection.send(b"X-Header: " + b"x" * 4096 + b"\r\n")

    async with serving(pours) as seen:
        client = a_client(seen.url)

        with pytest.raises(errors.Unavailable):
            await client.products()

        await client.aclose()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_the_key_does_not_follow_a_redirect(status: int) -> None:
    async with serving(answering(an_answer(b"{}"))) as elsewhere:
        location = f"Location: {elsewhere.url}/gpu-instance/openapi/v1/products"
        with pytest.raises(errors.InvalidResponse):
            await products(an_answer(b"", f"{status} Elsewhere", location))

    assert elsewhere.connections == 0


async def test_proxies_of_the_environment_are_not_used(
    account: SimulatedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(answering(an_answer(b"{}"))) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        client = account.open()

        await client.balance()

        await client.aclose()
    assert proxy.connections == 0


async def test_an_instance_of_another_id_than_asked_for_is_not_taken(account: SimulatedAccount) -> None:
    instance_id = await account.client.create_instance(a_request())
    other = await account.get(f"instances/{instance_id}")
    async with serving(answering(an_answer(json.dumps(other).encode()))) as seen:
        client = a_client(seen.url)

        with pytest.raises(errors.InvalidResponse, match="another instance"):
            await client.get_instance("0123456789abcdef")

        await client.aclose()


@pytest.mark.parametrize("kind", ["huge-body", "deep-json", "gzip-bomb", "truncated-body", "trickle", "empty-body"])
async def test_a_bad_answer_of_the_list_is_an_error_and_no_empty_list(account: SimulatedAccount, kind: str) -> None:
    await account.begin()
    await account.post("instances", {"name": "nvo-a", "frozen": True})
    await account.fault(kind, route="list", times=None, seconds=5)
    client = account.open(timeout_seconds=0.5, max_retries=0)

    with pytest.raises((errors.InvalidResponse, errors.Unavailable)):
        await client.list_instances(name="nvo-")

    await client.aclose()
