"""A run that is killed, as a laptop is that is lost: nothing is billed after the promised time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.conftest import short_name
from tests.plugin.conftest import Plugin
from tests.plugin.run.conftest import PHASES, Runs
from tests.support import moved_time
from tests.support.moved_time import Time
from tests.support.plane import Plane
from tests.support.sharing import Sharing
from tests.support.simulator import Simulator

_AFTER_THE_LAST_HEARTBEAT = 300
_LONGEST_START = 600  # STARTUP_TIMEOUT


@pytest.fixture
async def lost(
    private_plane: Plane, sharing: Sharing, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[tuple[Runs, Time]]:
    """Runs in moved time, on machines that are real."""
    in_step = await Simulator.shared(sharing, "machines-in-step", acceleration=1, machines=True)
    async with moved_time.moved(private_plane, in_step, tmp_path, short_name(request)) as (workspace, time, start):
        await start()
        await workspace.until_account("Ready", "True")
        runs = Runs(Plugin(workspace, tmp_path, private_plane.kubeconfig))
        yield runs, time
        await runs.close()


async def test_whatever_it_was_doing_billing_ends_in_the_promised_time(lost: tuple[Runs, Time]) -> None:
    runs, time = lost
    held = await runs.in_each_phase()
    renting = await runs.workspace.get("renting")

    for process in held.values():
        process.kill()
        await process.wait()
    before = len((await runs.workspace.novita.ledger()).billing)
    await time.passes(_AFTER_THE_LAST_HEARTBEAT)
    await runs.workspace.until_live(renting["status"]["instanceId"])
    await time.passes(_LONGEST_START - _AFTER_THE_LAST_HEARTBEAT)
    await runs.workspace.until_live()

    assert before == len(PHASES)
    causes = [((await runs.workspace.get(phase))["status"].get("ended") or {}).get("cause") for phase in PHASES]
    assert causes == [None, "Idle", "Idle", "Idle"]


async def test_as_long_as_it_goes_on_nothing_ends(lost: tuple[Runs, Time]) -> None:
    """Its heartbeat comes once a minute; each counts from when it is seen."""
    runs, time = lost
    held = await runs.in_each_phase()

    before = (await runs.workspace.get("running"))["metadata"]["annotations"]["gpu.novita.ai/last-used"]
    await time.passes(_AFTER_THE_LAST_HEARTBEAT - 100)
    await runs.workspace.until(
        lambda body: body["metadata"]["annotations"]["gpu.novita.ai/last-used"] != before,
        "its heart beats",
        "running",
        seconds=150,
    )
    await runs.workspace.until(
        lambda body: "changedAt" in (body["status"].get("lastUse") or {}), "the operator has seen it", "running"
    )
    await time.passes(_AFTER_THE_LAST_HEARTBEAT - 100)

    assert held["running"].returncode is None
    assert (await runs.workspace.get("running"))["status"].get("ended") is None
