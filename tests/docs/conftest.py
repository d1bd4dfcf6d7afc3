"""A reader for each test: a control plane where nothing is installed, thrown away afterwards."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.docs.reader import Reader
from tests.support import kube
from tests.support.plane import Plane
from tests.support.simulator import Simulator

from local_cluster.control_plane import ControlPlane


@pytest.fixture
async def reader(simulator: Simulator, tmp_path: Path) -> AsyncIterator[Reader]:
    control = await asyncio.to_thread(ControlPlane.start, tmp_path / "plane")
    plane = Plane(control, kube.Kube.of(control.kubeconfig), control.kubeconfig)
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    made = Reader(plane, simulator.account(f"sk_docs-{secrets.token_hex(8)}"), checkout)
    made.settle()
    yield made
    await made.close()
    await plane.close()
