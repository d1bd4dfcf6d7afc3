"""Messages for people: what each event says in each form, and that no name or error can do anything there."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from tests.unit.support.builders import NOON, ago, an_object
from tests.webhooks import products
from tests.webhooks.places import Got

from novita_operator.api.gpu_instance.notifications import (
    MESSAGE_CHARS,
    EventName,
    NotificationError,
    NotificationFormat,
    PendingNotification,
)
from novita_operator.webhooks.formats import rendering

STATUS = {
    "instanceId": "i-2",
    "pricePerHour": "0.35",
    "product": {"id": "p-1", "name": "RTX 4090 24GB"},
    "connection": {"ssh": "ssh root@proxy.example -p 32787"},
    "cost": {"amount": "1.24", "since": "2026-11-24T08:00:00Z", "asOf": "2026-11-24T12:00:00Z"},
}
PRODUCTS: dict[NotificationFormat, Any] = {
    "Slack": products.slack,
    "Teams": products.teams,
    "Discord": products.discord,
}
NASTY = "<!channel> @everyone <@U1> [win](https://evil.example) *b* `c` & \u202e" + "x" * MESSAGE_CHARS


def sent(wanted: NotificationFormat, event: EventName, *, status: Any = None, **more: Any) -> bytes:
    told = PendingNotification(id="whk_1", event=event, at=NOON, instance_id="i-2", **more)
    return rendering.body(wanted, told, an_object(status=STATUS if status is None else status))


def got(raw: bytes, path: str = "/hook") -> Got:
    return Got(path, {"content-type": "application/json"}, raw)


@pytest.mark.parametrize("event", get_args(EventName))
@pytest.mark.parametrize("wanted", list(PRODUCTS))
@pytest.mark.parametrize("status", [STATUS, {}], ids=["known", "nothing known"])
def test_every_event_is_taken_by_the_product_and_names_the_object(
    wanted: NotificationFormat, event: EventName, status: Any
) -> None:
    raw = sent(wanted, event, status=status)

    assert PRODUCTS[wanted](got(raw)) in {200, 202, 204}
    assert "team/demo" in raw.decode()


@pytest.mark.parametrize(
    ("event", "more", "words"),
    [
        ("instance.ready", {}, ["is Ready", "ssh root@proxy.example -p 32787", "0.35 USD/h", "RTX 4090 24GB"]),
        (
            "instance.failed",
            {"error": NotificationError(reason="StartupTimeout", message="It was late.")},
            ["has failed", "StartupTimeout: It was late.", "i-2", "1.24 USD"],
        ),
        ("instance.stopped", {}, ["is stopped", "Its GPU costs nothing any more"]),
        ("instance.deleted", {}, ["is deleted", "Nothing is billed for it any more."]),
        ("instance.migrated", {"original_instance_id": "i-1"}, ["runs again", "spot instance i-1"]),
        ("instance.reclaim_notice", {"reclaim_at": ago(-300)}, ["12:05:00 UTC", "What is not saved by then is lost."]),
    ],
)
@pytest.mark.parametrize("wanted", list(PRODUCTS))
def test_a_message_says_what_happened_to_what_and_what_it_costs(
    wanted: NotificationFormat, event: EventName, more: dict[str, Any], words: list[str]
) -> None:
    text = sent(wanted, event, **more).decode().replace("\\\\", "")  # Markdown's own escapes

    assert [word for word in words if word not in text] == []


@pytest.mark.parametrize("wanted", list(PRODUCTS))
def test_an_error_of_novita_mentions_nobody_and_links_nowhere(wanted: NotificationFormat) -> None:
    error = NotificationError(reason="Failed", message=NASTY[:MESSAGE_CHARS])

    raw = sent(wanted, "instance.failed", error=error)

    assert PRODUCTS[wanted](got(raw)) in {200, 202, 204}
    if wanted == "Slack":
        assert "<" not in raw.decode()
    else:
        assert "[win](" not in json.dumps(json.loads(raw), ensure_ascii=False)


def test_a_failure_fires_an_alert_that_the_next_ready_resolves() -> None:
    manager = products.Alertmanager()
    failed = sent("Alertmanager", "instance.failed", error=NotificationError(reason="Failed", message="It ended."))

    assert manager(got(failed, "/api/v2/alerts")) == 200
    assert manager.firing(at=ago(-3600)) == {"NovitaInstanceFailed"}

    assert manager(got(sent("Alertmanager", "instance.ready"), "/api/v2/alerts")) == 200
    assert manager.firing(at=ago(-3600)) == set()


@pytest.mark.parametrize("end", ["instance.migrated", "instance.deleted", "instance.stopped", "instance.failed"])
def test_a_reclaim_fires_an_alert_until_it_is_over(end: EventName) -> None:
    manager = products.Alertmanager()

    assert manager(got(sent("Alertmanager", "instance.reclaim_notice"), "/api/v2/alerts")) == 200
    assert manager.firing(at=ago(-1)) == {"NovitaInstanceReclaimed"}

    manager(got(sent("Alertmanager", end), "/api/v2/alerts"))
    assert "NovitaInstanceReclaimed" not in manager.firing(at=ago(-1))


def test_the_labels_of_an_alert_are_those_of_its_object_and_not_of_one_instance() -> None:
    alerts = json.loads(sent("Alertmanager", "instance.failed"))

    assert [each["labels"] for each in alerts] == [
        {"alertname": name, "severity": "warning", "namespace": "team", "gpuinstance": "demo"}
        for name in ("NovitaInstanceFailed", "NovitaInstanceReclaimed")
    ]
    assert alerts[0]["annotations"]["instance_id"] == "i-2"
