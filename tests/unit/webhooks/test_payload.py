"""What is sent: the documented payloads of the gateway, to the letter, and the signatures."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from tests.unit.support.builders import NOON, UID, ago, an_object

from novita_operator.api.gpu_instance.notifications import EventName, NotificationError, PendingNotification
from novita_operator.webhooks import payload, signing

STATUS = {"instanceId": "i-2", "connection": {"ssh": "ssh root@proxy.example", "jupyter": "https://jupyter.example"}}


def sent(event: EventName, *, status: Any = None, **more: Any) -> dict[str, Any]:
    told = PendingNotification(id="whk_1", event=event, at=NOON, instance_id="i-2", **more)
    found: dict[str, Any] = json.loads(payload.body(told, an_object(status=STATUS if status is None else status)))
    return found


def test_ready_is_the_documented_payload() -> None:
    assert sent("instance.ready") == {
        "event": "instance.ready",
        "instanceId": "i-2",
        "status": "running",
        "timestamp": "2026-11-24T12:00:00Z",
        "instance": {
            "id": "i-2",
            "name": "demo",
            "connectionDetails": {
                "ssh": "ssh root@proxy.example",
                "jupyter": "https://jupyter.example",
                "webTerminal": None,
            },
        },
        "object": {
            "apiVersion": "gpu.novita.ai/v1alpha1",
            "kind": "GPUInstance",
            "namespace": "team",
            "name": "demo",
            "uid": UID,
        },
        "deliveryId": "whk_1",
    }


@pytest.mark.parametrize(
    ("reason", "code"),
    [("StartupTimeout", "STARTUP_TIMEOUT"), ("Failed", "FAILED"), ("NoCapacityAtStart", "NO_CAPACITY_AT_START")],
)
def test_failed_has_the_code_in_the_spelling_of_the_gateway(reason: str, code: str) -> None:
    found = sent("instance.failed", error=NotificationError(reason=reason, message="It was late."))

    assert found["status"] == "failed"
    assert found["error"] == {"code": code, "reason": reason, "message": "It was late."}


def test_migrated_has_the_old_and_the_new_instance_and_how_long_it_took() -> None:
    found = sent("instance.migrated", original_instance_id="i-1", original_lost_at=ago(95))

    assert (found["instanceId"], found["originalInstanceId"], found["status"]) == ("i-2", "i-1", "running")
    assert found["migration"] == {
        "reason": "spot_reclaim",
        "triggeredBy": "automatic_migration",
        "migrationTime": 95_000,
    }


def test_a_notice_says_when() -> None:
    assert sent("instance.reclaim_notice", reclaim_at=ago(-3600))["reclaimAt"] == "2026-11-24T13:00:00Z"


def test_the_connection_of_another_instance_is_not_shown_as_that_of_this_one() -> None:
    assert sent("instance.ready", status=STATUS | {"instanceId": "i-3"})["instance"]["connectionDetails"] is None


@pytest.mark.parametrize("event", ["instance.ready", "instance.stopped", "instance.deleted", "instance.reclaim_notice"])
def test_only_a_failure_has_an_error(event: EventName) -> None:
    assert "error" not in sent(event)


def test_both_signatures_are_those_of_the_bytes() -> None:
    body = '{"name":"ü"}'.encode()

    found = signing.headers(body, "whk_1", NOON, "a-secret")

    assert found["x-signature"] == f"sha256={hmac.new(b'a-secret', body, hashlib.sha256).hexdigest()}"
    signed = b"whk_1." + str(int(NOON.timestamp())).encode() + b"." + body
    expected = base64.b64encode(hmac.new(b"a-secret", signed, hashlib.sha256).digest()).decode()
    assert found["webhook-signature"] == f"v1,{expected}"


def test_the_signatures_are_those_that_other_programs_compute() -> None:
    """RFC 4231, test case 2, for the body; no code of ours on the other side."""
    found = signing.headers(b"what do ya want for nothing?", "whk_1", NOON, "Jefe")

    assert found["x-signature"] == "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


def test_a_later_try_has_the_same_id_and_another_signature() -> None:
    first, second = (signing.headers(b"{}", "whk_1", at, "a-secret") for at in (ago(10), NOON))

    assert first["webhook-id"] == second["webhook-id"]
    assert first["x-signature"] == second["x-signature"]
    assert first["webhook-signature"] != second["webhook-signature"]


def test_without_a_secret_nothing_is_signed() -> None:
    found = signing.headers(b"{}", "whk_1", NOON, None)

    assert not [name for name in found if "signature" in name]
    assert found["webhook-id"] == "whk_1"
