"""Whoever breaks a run off, in whatever phase, leaves nothing behind."""

from __future__ import annotations

import signal

import pytest
from tests.plugin.run.conftest import PHASES, Runs


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
async def test_a_run_that_is_broken_off_lets_go_in_each_phase(runs: Runs, number: signal.Signals) -> None:
    held = await runs.in_each_phase()
    objects = [await runs.object(phase) for phase in PHASES]

    for process in held.values():
        process.send_signal(number)
    codes = {phase: await process.wait() for phase, process in held.items()}

    assert codes == dict.fromkeys(PHASES, 128 + number)
    idle = [body["spec"]["lifetime"]["idle"] for body in objects if body is not None]
    assert idle == [{"afterSeconds": 300, "action": "Delete", "gpuUtilizationBelow": None}] * len(PHASES)
    assert await runs.nothing_is_left(rented=len(PHASES))
