"""A control plane whose CRDs come and go; each test finds all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.cluster.kinds.crds import Start, apply_crds, starting
from tests.support.plane import Plane
from tests.support.simulator import Simulator
from tests.support.workspace import Workspace


@pytest.fixture(scope="module")
async def own_plane(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Plane]:
    """A control plane whose CRDs no other test needs."""
    started = await Plane.start(tmp_path_factory.mktemp("kinds"))
    yield started
    await started.close()


@pytest.fixture
async def whole(own_plane: Plane) -> AsyncIterator[Plane]:
    """The same; at the end it has all its CRDs again."""
    yield own_plane
    await apply_crds(own_plane)


@pytest.fixture
async def workspace(whole: Plane, simulator: Simulator) -> AsyncIterator[Workspace]:
    made = await Workspace.make(whole, simulator, "kinds", orphans="Delete")
    yield made
    await apply_crds(whole)
    await made.close()


@pytest.fixture
async def start(workspace: Workspace, simulator: Simulator, tmp_path: Path) -> AsyncIterator[Start]:
    async with starting(workspace, tmp_path, simulator.url) as launch:
        yield launch
