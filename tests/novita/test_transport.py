"""Calls that may be repeated: headers, retries, pauses, breakers, metrics."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import respx
from pydantic import SecretStr
from tests.novita.accounts import a_request
from tests.novita.clocks import HastyClock

from novita_operator import __version__
from novita_operator.novita import errors
from novita_operator.novita.account import NovitaAccountClient
from novita_operator.novita.limits import Priority, RateLimiter
from novita_operator.novita.models import PortSpec
from novita_operator.novita.transport import Transport

URL = "https://novita.test"
KEY = "sk_canary_key"
INSTANCE = "/gpu-instance/openapi/v1/gpu/instance"
PATH = "/gpu-instance/openapi/v1/products"


@pytest.fixture
def novita() -> Iterator[respx.MockRouter]:
    """Novita, as far as a test says what it answers; anything else fails the test."""
    with respx.mock(base_url=URL, assert_all_called=False) as router:
        yield router


@pytest.fixture
def clock() -> HastyClock:
    return HastyClock()


def a_transport(clock: HastyClock, **settings: Any) -> Transport:
    """Three repeats after 1, 2 and 4 seconds at most, of which the jitter takes the whole."""
    defaults: dict[str, Any] = {
        "timeout_seconds": 30.0,
        "max_retries": 3,
        "retry_delay_seconds": 1.0,
        "limiter": RateLimiter(600_000, 100, clock),
        "clock": clock,
        "jitter": lambda: 1.0,
    }
    return Transport(URL, SecretStr(KEY), **(defaults | settings))


async def read(transport: Transport, priority: Priority = Priority.READ_FOR_USER) -> Any:
    return await transport.request("GET", PATH, idempotent=True, priority=priority)


async def change(transport: Transport) -> Any:
    path = f"{INSTANCE}/delete"
    return await transport.request("POST", path, json={"instanceId": "a"}, idempotent=True, priority=Priority.DELETE)


async def create(transport: Transport) -> Any:
    return await transport.request(
        "POST", f"{INSTANCE}/create", json={}, idempotent=False, priority=Priority.CREATE_OR_CHANGE
    )


async def test_every_call_carries_key_content_type_and_our_name(novita: respx.MockRouter, clock: HastyClock) -> None:
    novita.get(PATH).respond(json={"data": []})
    transport = a_transport(clock)

    await read(transport)

    sent = novita.calls.last.request.headers
    assert sent["Authorization"] == f"Bearer {KEY}"
    assert sent["Content-Type"] == "application/json"
    assert sent["User-Agent"] == f"novita-operator/{__version__}"
    await transport.aclose()


async def test_a_base_url_may_have_a_path(novita: respx.MockRouter, clock: HastyClock) -> None:
    route = novita.get(f"/mirror{PATH}").respond(json={})
    limiter = RateLimiter(60, 1, clock)
    transport = Transport(
        f"{URL}/mirror/",
        SecretStr(KEY),
        timeout_seconds=1,
        max_retries=0,
        retry_delay_seconds=0,
        limiter=limiter,
        clock=clock,
    )

    await read(transport)

    assert route.call_count == 1
    await transport.aclose()


def test_an_address_that_is_none_is_said_at_once(clock: HastyClock) -> None:
    with pytest.raises(errors.Invalid, match="not valid"):
        NovitaAccountClient.open(base_url="http://[::1", api_key=SecretStr(KEY), clock=clock)


PASSING = [
    httpx.Response(500),
    httpx.Response(502, text="<html>"),
    httpx.Response(503, headers={"Retry-After": "1"}),
    httpx.Response(429),
    httpx.ReadTimeout("slow"),
    httpx.ConnectError("refused"),
    httpx.RemoteProtocolError("half an answer"),
]


@pytest.mark.parametrize("trouble", PASSING, ids=repr)
@pytest.mark.parametrize("call", [read, change])
async def test_trouble_that_passes_is_not_seen(
    novita: respx.MockRouter, clock: HastyClock, trouble: Any, call: Any
) -> None:
    route = novita.route().mock(side_effect=[trouble, trouble, httpx.Response(200, json={"data": []})])
    transport = a_transport(clock)

    assert await call(transport) == {"data": []}

    assert route.call_count == 3
    await transport.aclose()


async def test_pauses_double_with_full_jitter(novita: respx.MockRouter, clock: HastyClock) -> None:
    novita.get(PATH).respond(500)
    jitter = iter([1.0, 0.5, 0.0])
    transport = a_transport(clock, jitter=lambda: next(jitter))

    with pytest.raises(errors.Unavailable):
        await read(transport)

    assert clock.slept == [1.0, 1.0, 0.0]
    await transport.aclose()


@pytest.mark.parametrize(("max_retries", "calls"), [(0, 1), (1, 2), (3, 4)])
async def test_no_more_repeats_than_asked_for(
    novita: respx.MockRouter, clock: HastyClock, max_retries: int, calls: int
) -> None:
    route = novita.get(PATH).mock(side_effect=httpx.ReadTimeout("slow"))
    transport = a_transport(clock, max_retries=max_retries)

    with pytest.raises(errors.TimedOut, match="within 30 s"):
        await read(transport)

    assert route.call_count == calls
    await transport.aclose()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
async def test_a_refusal_is_not_repeated(novita: respx.MockRouter, clock: HastyClock, status: int) -> None:
    route = novita.get(PATH).respond(status, json={"message": "no"})
    transport = a_transport(clock)

    with pytest.raises(errors.NovitaError):
        await read(transport)

    assert route.call_count == 1
    await transport.aclose()


async def test_retry_after_is_waited_for_before_the_repeat(novita: respx.MockRouter, clock: HastyClock) -> None:
    novita.get(PATH).mock(
        side_effect=[httpx.Response(429, headers={"Retry-After": "4"}), httpx.Response(200, json={"data": []})]
    )
    transport = a_transport(clock)

    await read(transport)

    assert clock.at == 4
    await transport.aclose()


async def test_a_long_retry_after_goes_to_the_caller_and_pauses_the_whole_account(
    novita: respx.MockRouter, clock: HastyClock
) -> None:
    route = novita.route().respond(429, headers={"Retry-After": "60"})
    transport = a_transport(clock)
    with pytest.raises(errors.RateLimited) as raised:
        await read(transport)

    for call in (read, change, create):
        with pytest.raises(errors.RateLimited) as again:
            await call(transport)
        assert again.value.retry_after == 60

    assert raised.value.retry_after == 60
    assert (route.call_count, clock.at) == (1, 0)
    clock.at = 60
    route.respond(200, json={"id": "a"})
    assert await create(transport) == {"id": "a"}
    await transport.aclose()


async def test_a_rate_limit_after_a_create_pauses_the_account_too(novita: respx.MockRouter, clock: HastyClock) -> None:
    novita.route().respond(429, headers={"Retry-After": "60"})
    transport = a_transport(clock)
    with pytest.raises(errors.RateLimited):
        await create(transport)

    with pytest.raises(errors.RateLimited, match="until 12:01:00 UTC"):
        await change(transport)

    await transport.aclose()


async def test_a_poll_waits_out_what_novita_asks_for(novita: respx.MockRouter, clock: HastyClock) -> None:
    novita.get(PATH).mock(
        side_effect=[httpx.Response(429, headers={"Retry-After": "600"}), httpx.Response(200, json={"data": []})]
    )
    transport = a_transport(clock)

    assert await read(transport, Priority.POLL) == {"data": []}

    assert clock.at == 120
    await transport.aclose()


async def test_an_outage_costs_a_bounded_number_of_calls_and_heals_by_itself(
    novita: respx.MockRouter, clock: HastyClock
) -> None:
    route = novita.get(PATH).respond(503)
    transport = a_transport(clock, max_retries=0)

    for _ in range(300):
        with pytest.raises(errors.Unavailable):
            await read(transport)
        clock.at += 1

    # Five that open it, then one probe after 30, 60 and 120 seconds, the next ones after 120 each.
    assert route.call_count == 5 + 3
    assert transport.breaker_states() == {"create": "closed", "read": "open", "delete": "closed"}
    route.respond(200, json={"data": []})
    clock.at += 120
    assert await read(transport) == {"data": []}
    assert transport.breaker_states()["read"] == "closed"
    await transport.aclose()


async def test_creates_that_fail_do_not_hold_back_deletes(novita: respx.MockRouter, clock: HastyClock) -> None:
    novita.post(f"{INSTANCE}/create").respond(500)
    novita.post(f"{INSTANCE}/delete").respond(200)
    transport = a_transport(clock)
    for _ in range(5):
        with pytest.raises(errors.OutcomeUnknown):
            await create(transport)

    with pytest.raises(errors.NotSent, match="create calls"):
        await create(transport)
    assert await change(transport) == {}

    await transport.aclose()


async def test_an_open_breaker_is_not_waited_for(novita: respx.MockRouter, clock: HastyClock) -> None:
    novita.get(PATH).respond(500)
    transport = a_transport(clock)
    for _ in range(2):
        with pytest.raises(errors.Unavailable):
            await read(transport)
    before = clock.at

    with pytest.raises(errors.NotSent):
        await read(transport)

    assert clock.at == before
    await transport.aclose()


async def test_a_new_key_is_used_from_the_next_call_on(novita: respx.MockRouter, clock: HastyClock) -> None:
    novita.get(PATH).respond(json={})
    transport = a_transport(clock)

    changed = [transport.replace_key(SecretStr(key)) for key in (KEY, "sk_other", "sk_other")]
    await read(transport)

    assert changed == [False, True, False]
    assert novita.calls.last.request.headers["Authorization"] == "Bearer sk_other"
    await transport.aclose()


async def test_calls_are_observed_with_route_outcome_and_seconds(novita: respx.MockRouter, clock: HastyClock) -> None:
    seen: list[tuple[str, str, float]] = []
    answers = iter([httpx.Response(503), httpx.ConnectError("no"), httpx.Response(200, json={})])
    took = iter([1.0, 2.0, 3.0, 4.0])

    def answer(_: httpx.Request) -> httpx.Response:
        clock.at += next(took)
        given = next(answers, httpx.Response(200, text="not JSON"))
        if isinstance(given, Exception):
            raise given
        return given

    novita.get(PATH).mock(side_effect=answer)
    novita.post(f"{INSTANCE}/create").mock(side_effect=answer)
    transport = a_transport(clock, observe=lambda *call: seen.append(call))

    await read(transport)
    with pytest.raises(errors.OutcomeUnknown):
        await create(transport)

    assert seen == [
        ("GET products", "503", 1.0),
        ("GET products", "NotSent", 2.0),
        ("GET products", "200", 3.0),
        ("POST gpu/instance/create", "200", 4.0),
    ]
    await transport.aclose()


async def test_secrets_never_reach_an_error(novita: respx.MockRouter, clock: HastyClock) -> None:
    request = a_request(env=(("TOKEN", SecretStr("hunter22")),), image_auth=SecretStr("user:hunter33"))
    body = {"reason": "VALIDATOR_PARAM", "message": f"bad: hunter22, user:hunter33, hunter33, Bearer {KEY}"}
    novita.post(f"{INSTANCE}/create").respond(400, json=body)
    client = NovitaAccountClient(a_transport(clock), catalog_max_age_seconds=60)

    with pytest.raises(errors.Invalid) as raised:
        await client.create_instance(request)

    said = f"{raised.value} {raised.value!r} {raised.value.__dict__} {request} {request!r}"
    assert "hunter" not in said
    assert KEY not in said
    await client.aclose()


async def test_a_body_that_is_no_json_is_not_held_by_the_error(novita: respx.MockRouter, clock: HastyClock) -> None:
    novita.get(PATH).respond(200, text='{"password": "hunter22"')
    transport = a_transport(clock)

    with pytest.raises(errors.InvalidResponse, match="GET products is not JSON") as raised:
        await read(transport)

    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
    await transport.aclose()


async def test_bodies_of_changes_are_those_of_the_documents(novita: respx.MockRouter, clock: HastyClock) -> None:
    novita.post(url__startswith=f"{URL}{INSTANCE}").respond(200)
    client = NovitaAccountClient(a_transport(clock), catalog_max_age_seconds=60)

    await client.start_instance("a")
    await client.stop_instance("a")
    await client.delete_instance("a")
    await client.edit_instance("a", ports=[PortSpec(80, "HTTP"), PortSpec(22, "TCP")], expand_root_gb=5)

    sent = [(call.request.url.path.rpartition("/")[2], json.loads(call.request.content)) for call in novita.calls]
    ports = [{"port": 80, "type": "http"}, {"port": 22, "type": "tcp"}]
    assert sent == [
        ("start", {"instanceId": "a"}),
        ("stop", {"instanceId": "a"}),
        ("delete", {"instanceId": "a"}),
        ("edit", {"instanceId": "a", "ports": ports, "expandRootDisk": 5}),
    ]
    await client.aclose()


def test_a_full_create_request_on_the_wire() -> None:
    request = a_request(
        gpu_count=2,
        cluster_id="us-ca-6",
        billing="Spot",
        image_auth=SecretStr("user:password"),
        image_auth_id="7",
        ports=(PortSpec(80, "HTTP"), PortSpec(3306, "TCP")),
        env=(("K", SecretStr("V")),),
        jupyter=True,
        command="run",
        entrypoint="/bin/sh",
    )

    assert request.to_wire() == {
        "name": "nvo-test-a",
        "kind": "gpu",
        "productId": "4090.16c62g",
        "gpuNum": 2,
        "rootfsSize": 60,
        "imageUrl": "docker.io/library/ubuntu:22.04",
        "clusterId": "us-ca-6",
        "billingMode": "spot",
        "ports": "80/http, 3306/tcp",
        "envs": [{"key": "K", "value": "V"}],
        "command": "run",
        "entrypoint": "/bin/sh",
        "imageAuth": "user:password",
        "imageAuthId": "7",
        "tools": [{"name": "Jupyter", "port": "8888", "type": "http"}],
    }


def test_a_small_create_request_says_nothing_that_was_not_asked_for() -> None:
    assert set(a_request().to_wire()) == {
        *("name", "kind", "productId", "gpuNum", "rootfsSize", "imageUrl", "clusterId", "billingMode"),
    }
