"""One stage for the harness' tests: the control plane without an operator, and a simulator in real time."""

from __future__ import annotations

import pytest
from tests.faults.world import Stage
from tests.support.plane import Plane
from tests.support.simulator import Simulator


@pytest.fixture(scope="session")
def stage(private_plane: Plane, in_step: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """What the cases of a worker share."""
    return Stage(private_plane, in_step, tmp_path_factory.mktemp("worlds"))
