"""A create call is sent once or not at all, and says which, wherever the connection breaks."""

from __future__ import annotations

import asyncio
import socket

import pytest
from pydantic import SecretStr
from tests.novita.accounts import a_request
from tests.novita.clocks import HastyClock
from tests.novita.servers import Connection, Script, an_answer, answering, serving

from novita_operator.novita import errors
from novita_operator.novita.account import NovitaAccountClient

KEY = "sk_canary_key"


def a_client(url: str, **settings: object) -> NovitaAccountClient:
    """A client that would repeat ten times at once, if it were to repeat."""
    defaults: dict[str, object] = {"timeout_seconds": 5.0, "max_retries": 10, "retry_delay_seconds": 0.0}
    return NovitaAccountClient.open(base_url=url, api_key=SecretStr(KEY), **(defaults | settings))  # type: ignore[arg-type]


async def accepts_and_hangs_up(_connection: Connection) -> None:
    return


async def hangs_up_within_the_request(connection: Connection) -> None:
    await connection.read_line()


async def hangs_up_after_the_request(connection: Connection) -> None:
    await connection.read_request()


async def hangs_up_within_the_status_line(connection: Connection) -> None:
    await connection.read_request()
    await connection.send(b"HTTP/1.1 20")


async def hangs_up_within_the_headers(connection: Connection) -> None:
    await connection.read_request()
    await connection.send(b"HTTP/1.1 200 OK\r\nContent-Le")


async def hangs_up_within_the_body(connection: Connection) -> None:
    await connection.read_request()
    await connection.send(b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"id": "37d')


async def resets_after_the_request(connection: Connection) -> None:
    await connection.read_request()
    connection.reset()


async def speaks_no_http(connection: Connection) -> None:
    await connection.read_request()
    await connection.send(b"SSH-2.0-OpenSSH_9.6\r\n")


BREAKS: list[Script] = [
    accepts_and_hangs_up,
    hangs_up_within_the_request,
    hangs_up_after_the_request,
    hangs_up_within_the_status_line,
    hangs_up_within_the_headers,
    hangs_up_within_the_body,
    resets_after_the_request,
    speaks_no_http,
]


@pytest.mark.parametrize("breaks", BREAKS, ids=lambda script: script.__name__)
async def test_a_connection_that_breaks_leaves_the_outcome_unknown(breaks: Script) -> None:
    async with serving(breaks) as seen:
        client = a_client(seen.url)

        with pytest.raises(errors.OutcomeUnknown):
            await client.create_instance(a_request())

        await client.aclose()
    assert seen.connections == 1
    assert seen.requests("POST") <= 1


ANSWERS = {
    "500 with the reason for a refusal": an_answer(b'{"reason": "INSUFFICIENT_RESOURCE"}', "500 Internal Server Error"),
    "502 of a gateway": an_answer(b"<html>Bad Gateway</html>", "502 Bad Gateway", "Content-Type: text/html"),
    "503": an_answer(b"", "503 Service Unavailable", "Retry-After: 3"),
    "504": an_answer(b"", "504 Gateway Timeout"),
    "400 that says nothing": an_answer(b"", "400 Bad Request"),
    "400 invalid state": an_answer(b'{"message": "invalid state change"}', "400 Bad Request"),
    "408": an_answer(b"", "408 Request Timeout"),
    "409": an_answer(b'{"reason": "CONFLICT"}', "409 Conflict"),
    "a redirect": an_answer(b"", "307 Temporary Redirect", "Location: /elsewhere"),
    "200 without an id": an_answer(b"{}"),
    "200 without a body": an_answer(b""),
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "200 with a list": an_answer(b"[]"),
    "200 with an error": an_answer(b'{"error": {"code": "INSUFFICIENT_RESOURCE", "message": "no gpu"}}'),
    "200 with not found": an_answer(b'{"code": 404, "reason": "RESOURCE_NOT_FOUND", "message": "no"}'),
    "200 with a rate limit": an_answer(b'{"code": 429, "reason": "RATE_LIMIT_EXCEEDED", "message": "no"}'),
    "200 with half a body": an_answer(b'{"id": "37d'),
    "200 that cannot be unpacked": an_answer(b'{"id": "37d"}', "200 OK", "Content-Encoding: gzip"),
    "200 packed unasked": an_answer(b'{"id": "37d"}', "200 OK", "Content-Encoding: br"),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
async def test_every_answer_that_is_no_clear_refusal_leaves_the_outcome_unknown(answer: bytes) -> None:
    async with serving(answering(answer)) as seen:
        client = a_client(seen.url)

        with pytest.raises(errors.OutcomeUnknown):
            await client.create_instance(a_request())

        await client.aclose()
    assert seen.requests("POST") == 1


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        ("400 Bad Request", b'{"reason": "INSUFFICIENT_RESOURCE", "message": "no gpu"}', errors.OutOfCapacity),
        ("400 Bad Request", b'{"reason": "VALIDATOR_PARAM", "message": "rootfsSize"}', errors.Invalid),
        ("400 Bad Request", b'{"message": "gpuNum must be at most 8"}', errors.Invalid),
        ("400 Bad Request", b'{"reason": "RESOURCE_NOT_FOUND", "message": "no product"}', errors.Invalid),
        ("404 Not Found", b"404 page not found", errors.Invalid),
        ("400 Bad Request", b'{"reason": "BALANCE_NOT_ENOUGH", "message": "no money"}', errors.InsufficientBalance),
        ("400 Bad Request", b'{"reason": "CREATE_GPU_NUM_LIMIT", "message": "8"}', errors.QuotaExceeded),
        ("401 Unauthorized", b'{"reason": "UNAUTHORIZED"}', errors.CredentialsRejected),
        ("403 Forbidden", b"<html>", errors.CredentialsRejected),
        ("429 Too Many Requests", b"", errors.RateLimited),
    ],
)
async def test_a_clear_refusal_is_said_as_such(status: str, body: bytes, kind: type[errors.NovitaError]) -> None:
    async with serving(answering(an_answer(body, status))) as seen:
        client = a_client(seen.url)

        with pytest.raises(kind) as raised:
            await client.create_instance(a_request())

        await client.aclose()
    assert type(raised.value) is kind
    assert seen.requests("POST") == 1


async def test_an_id_is_never_thrown_away_whatever_comes_with_it() -> None:
    answer = an_answer(b'{"id": "37d3", "error": "the volume could not be attached", "code": 500}')
    async with serving(answering(answer)) as seen:
        client = a_client(seen.url)

        assert await client.create_instance(a_request()) == "37d3"

        await client.aclose()


async def test_a_server_that_never_answers_leaves_the_outcome_unknown() -> None:
    async def answers_only_once(connection: Connection) -> None:
        await connection.read_request()
        await connection.send(an_answer(b'{"availableBalance": "1"}'))
        await connection.read_request()
        await asyncio.Event().wait()

    async with serving(answers_only_once) as seen:
        client = a_client(seen.url, timeout_seconds=0.2)
        # A connection is there, so that a busy machine cannot be late with one: that would mean "not sent".
        await client.balance()

        with pytest.raises(errors.OutcomeUnknown, match=r"within 0\.2 s"):
            await client.create_instance(a_request())

        await client.aclose()
    assert seen.requests("POST") == 1


async def test_a_kept_connection_that_dies_under_a_create_is_not_replaced_by_a_second_post() -> None:
    async def answers_only_once(connection: Connection) -> None:
        await connection.read_request()
        await connection.send(an_answer(b'{"availableBalance": "1"}'))
        await connection.read_request()

    async with serving(answers_only_once) as seen:
        client = a_client(seen.url)
        await client.balance()

        with pytest.raises(errors.OutcomeUnknown):
            await client.create_instance(a_request())

        await client.aclose()
    assert (seen.connections, seen.requests("POST")) == (1, 1)


async def test_nobody_listening_means_not_sent() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        client = a_client(f"http://127.0.0.1:{held.getsockname()[1]}")

        with pytest.raises(errors.NotSent, match="could not be reached"):
            await client.create_instance(a_request())

        await client.aclose()


async def test_an_address_that_does_not_accept_in_time_means_not_sent() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        # The queue of the socket holds two; who comes later gets no answer to its first packet.
        crowd = [socket.socket() for _ in range(4)]
        for each in crowd:
            each.setblocking(False)
            each.connect_ex(address)
        client = a_client(f"http://127.0.0.1:{address[1]}", timeout_seconds=0.4)

        with pytest.raises(errors.NotSent):
            await client.create_instance(a_request())

        await client.aclose()
        for each in crowd:
            each.close()


async def test_a_create_that_waited_too_long_is_not_sent() -> None:
    async with serving(answering(an_answer(b'{"id": "37d3"}'))) as seen:
        clock = HastyClock()
        client = a_client(seen.url, requests_per_minute=1, clock=clock)
        for _ in range(7):  # of the burst, three are kept for what ends billing
            await client.create_instance(a_request(), not_after=clock.at + 5)

        with pytest.raises(errors.NotSent, match="waited too long"):
            await client.create_instance(a_request(), not_after=clock.at + 5)

        assert seen.requests("POST") == 7
        await client.aclose()


async def test_creates_that_were_never_sent_do_not_open_the_breaker() -> None:
    async with serving(answering(an_answer(b'{"id": "37d3"}'))) as seen:
        clock = HastyClock()
        client = a_client(seen.url, clock=clock)
        for _ in range(20):
            with pytest.raises(errors.NotSent):
                await client.create_instance(a_request(), not_after=clock.at - 1)

        assert client.breaker_states()["create"] == "closed"
        assert seen.received == b""
        await client.aclose()


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "schlüssel", "tab\t"])
async def test_a_key_that_cannot_be_sent_is_refused_without_a_call(key: str) -> None:
    async with serving(answering(an_answer(b'{"id": "37d3"}'))) as seen:
        client = a_client(seen.url)
        client.replace_key(SecretStr(key))

        with pytest.raises(errors.CredentialsRejected) as raised:
            await client.create_instance(a_request())

        await client.aclose()
    assert seen.connections == 0
    assert not key or key not in str(raised.value)


async def test_a_cancelled_create_was_sent_at_most_once() -> None:
    arrived = asyncio.Event()

    async def never_answers(connection: Connection) -> None:
        await connection.read_request()
        arrived.set()
        await asyncio.Event().wait()

    async with serving(never_answers) as seen:
        client = a_client(seen.url)
        creating = asyncio.create_task(client.create_instance(a_request()))
        await arrived.wait()
        creating.cancel()

        with pytest.raises(asyncio.CancelledError):
            await creating

        await client.aclose()
    assert seen.requests("POST") == 1


async def test_closing_waits_for_a_create_that_is_under_way() -> None:
    arrived, answer = asyncio.Event(), asyncio.Event()

    async def answers_when_told(connection: Connection) -> None:
        await connection.read_request()
        arrived.set()
        await answer.wait()
        await connection.send(an_answer(b'{"id": "37d3"}'))

    async with serving(answers_when_told) as seen:
        client = a_client(seen.url)
        creating = asyncio.create_task(client.create_instance(a_request()))
        await arrived.wait()
        closing = asyncio.create_task(client.aclose())
        answer.set()

        assert await creating == "37d3"

        await closing
    assert seen.requests("POST") == 1


async def test_a_closed_client_sends_nothing() -> None:
    async with serving(answering(an_answer(b'{"id": "37d3"}'))) as seen:
        client = a_client(seen.url)
        await client.aclose()

        with pytest.raises(errors.NotSent, match="was closed"):
            await client.create_instance(a_request())

    assert seen.connections == 0
