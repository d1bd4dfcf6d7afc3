"""Ends of working instances, in moved time: by age, by idleness and by schedule, across restarts of the operator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.owners import JOBS, SETS, owners
from tests.conftest import short_name
from tests.support import moved_time
from tests.support.history import condition
from tests.support.moved_time import Time
from tests.support.plane import Plane
from tests.support.simulator import Simulator
from tests.support.workspace import Workspace

_HOUR = 3600.0


@pytest.fixture
async def time(
    private_plane: Plane, in_step: Simulator, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[tuple[Workspace, Time, Any]]:
    """A workspace whose operator has clocks that the test moves, and a way to start that operator (again)."""
    async with moved_time.moved(private_plane, in_step, tmp_path, short_name(request)) as found:
        yield found


async def test_after_max_seconds_the_instance_is_deleted_and_the_object_says_why(time: Any) -> None:
    workspace, clock, start = time
    await start()
    await workspace.create(lifetime={"maxSeconds": 7200})
    await workspace.until_ready()

    await clock.passes(_HOUR)
    assert (await workspace.until_ready())["status"].get("endsAt") is None
    await clock.passes(_HOUR)
    ended = await workspace.until_condition("Ready", reason="Ended")

    assert "maxSeconds" in condition(ended, "Ready")["message"] or ended["status"]["ended"]["cause"] == "MaxSeconds"
    assert (await workspace.novita.ledger()).live == ()
    assert "instanceId" not in ended["status"]


async def test_an_end_is_announced_one_period_before(time: Any) -> None:
    workspace, clock, start = time
    await start()
    await workspace.create(lifetime={"maxSeconds": 7200, "action": "Stop"})
    started = (await workspace.until_ready())["status"]["startedAt"]

    # The operator of the tests polls every second, and warns one period before: a few seconds are left to pass.
    passed = (clock.now - datetime.fromisoformat(started)).total_seconds()
    await clock.passes(7200 - passed - 5)
    await workspace.until_condition("Ready", reason="Stopped")

    await workspace.until_reasons("EndingSoon", "Ended", "Stopped")


async def test_a_schedule_stops_in_the_evening_and_starts_in_the_morning_across_a_restart(time: Any) -> None:
    workspace, clock, start = time
    operator = await start()
    evening = clock.now + timedelta(hours=1)
    morning = clock.now + timedelta(hours=3)
    schedule = {
        "stop": f"{evening.minute} {evening.hour} * * *",
        "start": f"{morning.minute} {morning.hour} * * *",
        "timeZone": "UTC",
    }
    await workspace.create(lifetime={"schedule": schedule})
    first = (await workspace.until_ready())["status"]["instanceId"]

    await operator.kill()
    await clock.passes(_HOUR + 60)
    await start()
    await workspace.until_condition("Ready", reason="Stopped")
    await workspace.novita.force(first, status="running")  # as somebody does in the console
    await workspace.until_event("Drifted")
    await workspace.until_condition("Ready", reason="Stopped")
    await clock.passes(2 * _HOUR)
    ready = await workspace.until_condition("Ready", reason="Ready")

    assert ready["status"]["instanceId"] == first
    assert (await workspace.novita.ledger()).created == 1


async def test_outside_its_window_nothing_is_rented_whatever_is_edited_but_for_an_override(time: Any) -> None:
    workspace, clock, start = time
    operator = await start()
    opens, closes = clock.now + timedelta(hours=2), clock.now + timedelta(hours=8)
    schedule = {"start": f"{opens.minute} {opens.hour} * * *", "stop": f"{closes.minute} {closes.hour} * * *"}
    spec = {"accountRef": {"name": workspace.account_name}, "lifetime": {"schedule": schedule}}
    async with owners(workspace, SETS) as sets, owners(workspace, JOBS) as jobs:
        await workspace.create(**spec)
        await sets.create("web", replicas=1, template={"spec": spec})
        await jobs.create("train", template=spec | {"command": "train.sh"})

        closed = await workspace.until_condition("Ready", reason="Stopped")
        resting = await sets.until_condition("web", "Ready", reason="Stopped")
        await jobs.until_condition("train", "Ready", "False", "Stopped")
        await workspace.edit(maxPricePerHour="9.00")
        await workspace.until(lambda body: body["status"]["observedGeneration"] == 2, "the edit was followed")
        created = (await workspace.novita.ledger()).created
        await workspace.annotate(run_until=(clock.now + timedelta(hours=1)).isoformat())
        overridden = await workspace.until_condition("Ready", reason="Ready")
        await operator.kill()
        await clock.passes(_HOUR)
        await start()
        await workspace.until_condition("Ready", reason="Stopped")
        await clock.passes(_HOUR + 60)
        await workspace.until_condition("Ready", reason="Ready")
        await sets.until("web", lambda body: body["status"].get("readyReplicas") == 1, "the set runs")
        await jobs.until_condition("train", "Ready", "False", "Running")

        assert created == 0
        assert closed["status"]["startsAt"][:16] == f"{opens:%Y-%m-%dT%H:%M}"
        assert resting["status"]["stoppedReplicas"] == 1
        assert "run-until" in condition(overridden, "Ready")["message"]
        assert (await workspace.novita.ledger()).created == 3


async def test_an_idle_instance_is_stopped_and_a_busy_one_is_not(time: Any) -> None:
    workspace, clock, start = time
    await start()
    idle = {"idle": {"afterSeconds": 3600, "gpuUtilizationBelow": 10}}
    await workspace.create("idle", lifetime=idle)
    await workspace.create("busy", lifetime=idle)
    lazy = (await workspace.until_ready("idle"))["status"]["instanceId"]
    await workspace.until_ready("busy")
    await workspace.novita.force(lazy, utilisation=0)

    for _ in range(9):
        looks = await _looks(workspace)
        await clock.passes(480)
        await workspace.until_novita(lambda before=looks: _looked(workspace, before), "the GPUs were looked at")
    stopped = await workspace.until_condition("Ready", reason="Stopped", name="idle")

    assert stopped["status"]["ended"]["cause"] == "Idle"
    assert condition(await workspace.get("busy"), "Ready")["reason"] == "Ready"


async def test_the_annotation_last_used_keeps_an_instance_and_wakes_it(time: Any) -> None:
    workspace, clock, start = time
    operator = await start()
    await _create_one_that_idles(workspace)

    await clock.passes(_HOUR - 60)
    await _is_used(workspace, clock.now.isoformat())
    await clock.passes(_HOUR - 60)
    assert condition(await workspace.get(), "Ready")["reason"] == "Ready"
    await operator.kill()
    await clock.passes(120)
    await start()
    await workspace.until_condition("Ready", reason="Stopped")
    await workspace.annotate(last_used=(clock.now + timedelta(seconds=1)).isoformat())

    await workspace.until_ready()


async def test_any_change_of_last_used_counts_as_use_and_one_that_is_no_time_is_told(time: Any) -> None:
    workspace, clock, start = time
    await start()
    await _create_one_that_idles(workspace)

    await clock.passes(_HOUR - 60)
    await _is_used(workspace, "Tue Nov 24 12:00:00 UTC 2026")
    told = await workspace.until_condition("Unreadable", reason="InvalidValue")
    await clock.passes(_HOUR - 60)
    await _is_looked_at(workspace, clock)
    still = condition(await workspace.get(), "Ready")["reason"]
    await clock.passes(120)
    await workspace.until_condition("Ready", reason="Stopped")
    await workspace.annotate(last_used="Tue Nov 24 13:00:00 UTC 2026")

    assert "gpu.novita.ai/last-used" in condition(told, "Unreadable")["message"]
    assert still == "Ready"
    await workspace.until_ready()


async def test_a_set_whose_instances_have_ended_says_so_replaces_none_and_makes_more_when_it_is_scaled(
    time: Any,
) -> None:
    workspace, clock, start = time
    await start()
    async with owners(workspace, SETS) as sets:
        account = {"accountRef": {"name": workspace.account_name}}
        template = {"spec": account | {"lifetime": {"maxSeconds": 7200}}}
        await sets.create("web", replicas=2, createIntervalSeconds=0, template=template)
        await sets.until_condition("web", "Ready", reason="Ready")

        await clock.passes(2 * _HOUR)
        ended = (await sets.until_condition("web", "Ready", reason="Ended"))["status"]
        created = (await workspace.novita.ledger()).created
        await sets.edit("web", replicas=3)
        await sets.until("web", lambda body: body["status"].get("readyReplicas") == 1, "the third one runs")

        assert (ended["replicas"], ended["readyReplicas"], ended["endedReplicas"]) == (2, 0, 2)
        assert ended["pricePerHour"] == "0.00"
        assert created == 2
        assert await sets.names() == ["web-0", "web-1", "web-2"]
        assert (await workspace.novita.ledger()).created == 3


async def test_a_job_that_its_schedule_has_stopped_rents_nothing_in_its_place_and_goes_on_when_it_is_woken(
    time: Any,
) -> None:
    workspace, clock, start = time
    await start()
    stop = clock.now + timedelta(hours=2)
    schedule = {"stop": f"{stop.minute} {stop.hour} * * *"}
    spec = {"accountRef": {"name": workspace.account_name}, "lifetime": {"schedule": schedule}}
    async with owners(workspace, JOBS) as jobs:
        await jobs.create("train", template=spec | {"command": "train.sh"})
        await jobs.until_condition("train", "Ready", "False", "Running")

        await clock.passes(2 * _HOUR + 60)
        await workspace.until_condition("Ready", reason="Stopped", name="train-1")
        stopped = await jobs.until_condition("train", "Ready", "False", "Stopped")
        await workspace.annotate("train-1", reconcile_requested_at=clock.now.isoformat())
        running = await jobs.until_condition("train", "Ready", "False", "Running")

        assert "reconcile-requested-at" in condition(stopped, "Ready")["message"]
        assert (running["status"]["attempts"], running["status"].get("failed", 0)) == (1, 0)
        assert (await workspace.novita.ledger()).created == 1


async def test_a_schedule_that_nobody_can_read_is_told_and_stops_nothing(time: Any) -> None:
    workspace, _, start = time
    await start()
    await workspace.create()
    await workspace.until_ready()
    await workspace.edit(lifetime={"schedule": {"stop": "61 25 * * *", "timeZone": "Mars/Olympus"}})

    body = await workspace.until_condition("Synced", "False", "InvalidSpec")

    assert "spec.lifetime.schedule" in condition(body, "Synced")["message"]
    assert len((await workspace.novita.ledger()).live) == 1


async def _is_looked_at(workspace: Workspace, clock: Time) -> None:
    """Until a pass has seen the object as it is now: it echoes the request."""
    asked = clock.now.isoformat()
    await workspace.annotate(reconcile_requested_at=asked)
    await workspace.until(lambda body: body["status"].get("lastHandledReconcileAt") == asked, "the request was handled")


async def _create_one_that_idles(workspace: Workspace) -> None:
    """Its GPU does nothing: the annotation alone says that it is used."""
    await workspace.create(lifetime={"idle": {"afterSeconds": 3600}})
    made = (await workspace.until_ready())["status"]["instanceId"]
    await workspace.novita.force(made, utilisation=0)


async def _is_used(workspace: Workspace, said: str) -> None:
    """Until the operator knows of it: a moment later, the test moves its clock."""
    await workspace.annotate(last_used=said)
    await workspace.until(lambda body: body["status"].get("lastUse", {}).get("value") == said, "the use was noted")


async def _looks(workspace: Workspace) -> int:
    return (await workspace.novita.calls()).of("metrics")


async def _looked(workspace: Workspace, before: int) -> bool:
    return await _looks(workspace) > before
