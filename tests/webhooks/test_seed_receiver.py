"""The receiver of the gateway's example accepts our webhooks unchanged."""

from __future__ import annotations

import hashlib
import ipaddress
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.unit.support.builders import a_body
from tests.webhooks import seed_receiver
from tests.webhooks.places import Place, seed_accepts

from novita_operator.api.gpu_instance.notifications import EventName, NotificationError, PendingNotification
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.egress.guard import Guard
from novita_operator.egress.names import Names
from novita_operator.webhooks import payload, signing
from novita_operator.webhooks.answers import Answer, Delivered, Refused
from novita_operator.webhooks.sending import Sender

SECRET = "a-secret-of-the-receiver"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
STATUS = {
    "instanceId": "i-1",
    "connection": {
        "ssh": "ssh -p 32787 root@proxy.example",
        "jupyter": "https://jupyter.example/ü",
        "webTerminal": "https://terminal.example/",
    },
}
# The first digits of the SHA-256 of the example's text.
_EXAMPLE = "c8a64be0fb95157a"


def request(event: EventName, secret: str | None = SECRET) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a webhook about one object."""
    error = NotificationError(reason="StartupTimeout", message="It was not Ready in time.")
    told = PendingNotification(
        id="whk_1", event=event, at=NOW, instance_id="i-1", error=error if event == "instance.failed" else None
    )
    body = payload.body(told, GPUInstance.parse(a_body(status=STATUS)))
    return body, signing.headers(body, "whk_1", NOW, secret)


async def post(url: str, body: bytes, headers: dict[str, str]) -> Answer:
    guard = Guard((ipaddress.ip_network("127.0.0.0/8"),))
    sender = Sender(timeout=20, guard=guard, names=Names(monotonic=time.monotonic))
    try:
        return await sender.post(SecretStr(url), body, headers)
    finally:
        sender.close()


def test_the_receiver_is_the_example_letter_for_letter() -> None:
    # The digest of the example's text in the gateway's documentation: whoever edits the copy learns of it here.
    assert hashlib.sha256(seed_receiver.HANDLER.read_bytes()).hexdigest()[:16] == _EXAMPLE


async def test_the_example_receiver_accepts_ready_and_reads_the_connection_details(tmp_path: Path) -> None:
    async with seed_receiver.running(tmp_path, SECRET) as receiver:
        answer = await post(receiver.url, *request("instance.ready"))
        printed = receiver.output()

    assert answer == Delivered()
    assert "Instance i-1 is ready!" in printed
    assert "ssh -p 32787 root@proxy.example" in printed
    assert "https://jupyter.example/ü" in printed


async def test_the_example_receiver_accepts_failed_and_reads_the_error(tmp_path: Path) -> None:
    async with seed_receiver.running(tmp_path, SECRET) as receiver:
        answer = await post(receiver.url, *request("instance.failed"))
        printed = receiver.output()

    assert answer == Delivered()
    assert "Instance i-1 failed to start" in printed
    assert "STARTUP_TIMEOUT" in printed


async def test_the_example_receiver_accepts_events_that_it_does_not_know(tmp_path: Path) -> None:
    async with seed_receiver.running(tmp_path, SECRET) as receiver:
        answer = await post(receiver.url, *request("instance.reclaim_notice"))
        printed = receiver.output()

    assert answer == Delivered()
    assert "Unknown webhook event: instance.reclaim_notice" in printed


@pytest.mark.parametrize("secret", ["another-secret", None])
async def test_the_example_receiver_refuses_what_is_not_signed_with_its_secret(
    tmp_path: Path, secret: str | None
) -> None:
    async with seed_receiver.running(tmp_path, SECRET) as receiver:
        answer = await post(receiver.url, *request("instance.ready", secret))
        printed = receiver.output()

    assert answer == Refused("answers 401")
    assert "is ready" not in printed


async def test_the_example_receiver_refuses_a_changed_body(tmp_path: Path) -> None:
    body, headers = request("instance.ready")
    async with seed_receiver.running(tmp_path, SECRET) as receiver:
        answer = await post(receiver.url, body.replace(b"i-1", b"i-2"), headers)

    assert answer == Refused("answers 401")


@pytest.mark.parametrize("event", ["instance.ready", "instance.failed", "instance.migrated"])
async def test_the_check_of_the_example_ported_to_python_accepts_every_event(event: EventName) -> None:
    async with Place() as place:
        place.answer = lambda got: 200 if seed_accepts(SECRET, got) else 401
        answer = await post(place.url, *request(event))

    assert answer == Delivered()
    assert place.events() == [event]


async def test_the_check_of_the_example_ported_to_python_refuses_another_secret() -> None:
    async with Place() as place:
        place.answer = lambda got: 200 if seed_accepts(SECRET, got) else 401
        answer = await post(place.url, *request("instance.ready", "another-secret"))

    assert answer == Refused("answers 401")
