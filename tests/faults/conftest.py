"""One stage for the harness' tests: the control plane without an operator, and a simulator in real time."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.faults.world import Stage
from tests.support.plane import Plane
from tests.support.simulator import Simulator


@pytest.fixture(scope="session")
async def stage(private_plane: Plane, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """What the cases of a run share."""
    simulator = await Simulator.start(tmp_path_factory.mktemp("faults-simulator"), acceleration=1)
    yield Stage(private_plane, simulator, tmp_path_factory.mktemp("worlds"))
    await simulator.close()
