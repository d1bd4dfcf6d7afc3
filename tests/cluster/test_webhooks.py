"""Webhooks as their receivers see them: what is told, to whom, signed, and in which order."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.conftest import MakeWorkspace, StartOperator
from tests.support import builders, kube
from tests.support.processes import REPOSITORY
from tests.support.workspace import Workspace
from tests.webhooks import seed_receiver
from tests.webhooks.places import Got, Place, seed_accepts

SECRET = "a-secret-of-the-user-7f3a"
FAST = {
    "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    "WEBHOOK_RETRY_DELAY": "300",
    "WEBHOOK_TIMEOUT": "2000",
}


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with Place() as opened:
        yield opened


@pytest.fixture
async def told(make_workspace: MakeWorkspace, start_operator: StartOperator) -> Workspace:
    """A workspace whose operator sends webhooks to this machine, and a Secret `key` to sign them."""
    made = await make_workspace()
    await made.apply(kube.SECRETS, builders.secret("key", made.namespace, secret=SECRET))
    await start_operator(made, **FAST)
    await made.until_account("Ready", "True")
    return made


def notify(*places: Place, **more: Any) -> list[dict[str, Any]]:
    return [{"url": place.url, "secretRef": {"name": "key"}, **more} for place in places]


async def until_told(workspace: Workspace, place: Place, *events: str, name: str = "gpu") -> list[Got]:
    """Until exactly these events have been told about an object."""

    async def probe() -> bool:
        return len(place.events(name)) >= len(events)

    await workspace.until_novita(probe, f"{events} are told")
    assert place.events(name) == list(events)
    return [got for got in place.got if got.payload["object"]["name"] == name]


async def until_nothing_waits(workspace: Workspace, name: str = "gpu") -> None:
    await workspace.until(lambda body: "notifications" not in body["status"], "no webhook waits", name)


async def test_the_life_of_an_instance_is_told_in_order(told: Workspace, place: Place) -> None:
    created = await told.create(notifications=notify(place))
    status = (await told.until_ready())["status"]
    await until_told(told, place, "instance.ready")
    await told.edit(powerState="Stopped")
    await until_told(told, place, "instance.ready", "instance.stopped")
    await told.edit(powerState="Running")
    await until_told(told, place, "instance.ready", "instance.stopped", "instance.ready")
    await told.delete()
    await told.until_gone()
    got = await until_told(told, place, "instance.ready", "instance.stopped", "instance.ready", "instance.deleted")

    ready = got[0].payload
    assert ready["status"] == "running"
    assert ready["instanceId"] == ready["instance"]["id"] == status["instanceId"]
    assert ready["instance"]["name"] == "gpu"
    assert ready["instance"]["connectionDetails"]["ssh"] == status["connection"]["ssh"]
    assert ready["object"]["uid"] == created["metadata"]["uid"]
    assert ready["object"]["namespace"] == told.namespace
    assert [each.payload["status"] for each in got] == ["running", "stopped", "running", "deleted"]
    assert len({each.headers["webhook-id"] for each in got}) == 4


async def test_each_webhook_is_signed_by_the_secret_of_the_user_in_both_forms(told: Workspace, place: Place) -> None:
    await told.create(notifications=notify(place))
    await told.until_ready()
    (got,) = await until_told(told, place, "instance.ready")

    assert seed_accepts(SECRET, got)
    at = got.headers["webhook-timestamp"]
    signed = f"{got.headers['webhook-id']}.{at}.".encode() + got.raw
    expected = base64.b64encode(hmac.digest(SECRET.encode(), signed, hashlib.sha256)).decode()
    assert got.headers["webhook-signature"] == f"v1,{expected}"
    assert abs(time.time() - int(at)) < 300
    assert got.headers["user-agent"].startswith("novita-operator/")
    assert got.headers["content-type"] == "application/json"


async def test_a_failure_is_told_with_its_code_and_message(told: Workspace, place: Place) -> None:
    await told.create(restartPolicy={"maxAttempts": 0}, notifications=notify(place))
    instance_id = (await told.until_ready())["status"]["instanceId"]
    await told.novita.force(instance_id, status="exited")
    failure = (await told.until_condition("Ready", "False", "Failed"))["status"]["failure"]
    got = await until_told(told, place, "instance.ready", "instance.failed")

    failed = got[1].payload
    assert (failed["status"], failed["instanceId"]) == ("failed", instance_id)
    assert failed["error"] == {"code": "FAILED", "reason": "Failed", "message": failure["message"]}


async def test_a_reclaimed_spot_instance_is_told_as_notice_and_migration(told: Workspace, place: Place) -> None:
    await told.create(billing="Spot", notifications=notify(place))
    first = (await told.until_ready())["status"]["instanceId"]
    reclaimed = time.monotonic()
    await told.novita.force(first, spotStatus="notified", spotReclaimTime=int(time.time()) + 3600)
    await told.until(lambda body: body["status"].get("instanceId") not in {None, first}, "another instance")
    second = (await told.until_ready())["status"]["instanceId"]
    got = await until_told(
        told, place, "instance.ready", "instance.reclaim_notice", "instance.migrated", "instance.ready"
    )

    notice, migrated = got[1].payload, got[2].payload
    assert notice["instanceId"] == first
    assert "reclaimAt" in notice
    assert (migrated["instanceId"], migrated["originalInstanceId"]) == (second, first)
    assert migrated["migration"]["reason"] == "spot_reclaim"
    assert migrated["migration"]["triggeredBy"] == "automatic_migration"
    # The loss is noted with whole seconds, so that it may lie up to one before.
    assert 0 <= migrated["migration"]["migrationTime"] <= (time.monotonic() - reclaimed + 1) * 1000
    assert migrated["instance"]["connectionDetails"]["ssh"]
    body = await told.get()
    assert "reclaimed" not in body["status"]


async def test_a_receiver_hears_only_of_the_events_that_it_wants(told: Workspace, place: Place) -> None:
    async with Place() as all_of_them:
        few = notify(place, events=["instance.stopped"])
        await told.create(notifications=[*few, *notify(all_of_them)])
        await told.until_ready()
        await told.edit(powerState="Stopped")
        await told.until_condition("Ready", "True", "Stopped")
        await until_told(told, all_of_them, "instance.ready", "instance.stopped")
        await until_told(told, place, "instance.stopped")


async def test_what_was_delivered_no_longer_waits_in_the_status(told: Workspace, place: Place) -> None:
    place.hold()
    await told.create(notifications=notify(place))
    waiting = (await told.until_ready())["status"]["notifications"]
    place.go_on()
    await until_nothing_waits(told)

    assert [(each["event"], len(each["to"])) for each in waiting] == [("instance.ready", 1)]
    assert place.url not in str(waiting)
    assert place.events() == ["instance.ready"]


async def test_the_operators_own_receiver_is_told_of_objects_that_name_none(
    make_workspace: MakeWorkspace, start_operator: StartOperator, place: Place
) -> None:
    """WEBHOOK_URL is an administrator's choice: it may be private although no network is allowed."""
    workspace = await make_workspace()
    settings = {"WEBHOOK_URL": place.url, "WEBHOOK_SECRET": SECRET}
    await start_operator(workspace, **settings)
    await workspace.create()
    await workspace.until_ready()
    (got,) = await until_told(workspace, place, "instance.ready")

    assert seed_accepts(SECRET, got)


async def test_the_receiver_of_the_gateways_example_hears_of_a_real_life(
    make_workspace: MakeWorkspace, start_operator: StartOperator, tmp_path: Path
) -> None:
    workspace = await make_workspace()
    async with seed_receiver.running(tmp_path, SECRET) as receiver:
        await start_operator(workspace, WEBHOOK_URL=receiver.url, WEBHOOK_SECRET=SECRET)
        await workspace.create(restartPolicy={"maxAttempts": 0})
        status = (await workspace.until_ready())["status"]
        await until_nothing_waits(workspace)
        await workspace.novita.force(status["instanceId"], status="exited")
        await workspace.until_condition("Ready", "False", "Failed")
        await until_nothing_waits(workspace)
        printed = receiver.output()

    assert f"Instance {status['instanceId']} is ready!" in printed
    assert status["connection"]["ssh"] in printed
    assert f"Instance {status['instanceId']} failed to start" in printed
    assert "Webhook error" not in printed


async def test_the_sample_is_told_of(told: Workspace, place: Place) -> None:
    secret, instance = yaml.safe_load_all((REPOSITORY / "deploy/samples/notifications.yaml").read_text())
    await told.apply(kube.SECRETS, secret | {"metadata": {**secret["metadata"], "namespace": told.namespace}})
    # Its receivers do not exist: this machine stands in for the first, and nobody asks for the others.
    first, *others = instance["spec"]["notifications"]
    await told.create("notifications", notifications=[first | {"url": place.url}, *others])
    await told.until_ready("notifications")
    (got,) = await until_told(told, place, "instance.ready", name="notifications")

    assert seed_accepts(secret["stringData"]["secret"], got)
