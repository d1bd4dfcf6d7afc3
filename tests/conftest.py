"""What tests against real parts share: control planes, the simulator, operators. Each starts when first asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from tests.support.operator_process import OperatorProcess
from tests.support.plane import Plane
from tests.support.simulator import Simulator
from tests.support.workspace import Workspace

# Six virtual seconds from create to running take 0.6 s: a few polls, so that every state is seen on the way.
_ACCELERATION = 10.0

# How long an example takes says how busy the machine is, and nothing about the code.
settings.register_profile("busy-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy-machine")

MakeWorkspace = Callable[..., Awaitable[Workspace]]
StartOperator = Callable[..., Awaitable[OperatorProcess]]


@pytest.fixture(scope="session")
async def plane(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Plane]:
    """The control plane of the tests that share one operator."""
    started = await Plane.start(tmp_path_factory.mktemp("plane"))
    yield started
    await started.close()


@pytest.fixture(scope="session")
async def private_plane(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Plane]:
    """Another one without an operator, for tests that start, stop and kill their own."""
    started = await Plane.start(tmp_path_factory.mktemp("private-plane"))
    yield started
    await started.close()


@pytest.fixture(scope="session")
async def simulator(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Simulator]:
    """The simulated Novita of the whole run."""
    started = await Simulator.start(tmp_path_factory.mktemp("simulator"), acceleration=_ACCELERATION)
    yield started
    await started.close()


@pytest.fixture(scope="session")
async def operator(
    plane: Plane, simulator: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[OperatorProcess]:
    """The operator that the tests share; it watches all namespaces of `plane`."""
    directory = tmp_path_factory.mktemp("operator")
    started = await OperatorProcess.start(directory, plane.operator_kubeconfig, NOVITA_API_URL=simulator.url)
    yield started
    await started.close()


@pytest.fixture
async def workspace(
    plane: Plane, simulator: Simulator, operator: OperatorProcess, request: pytest.FixtureRequest
) -> AsyncIterator[Workspace]:
    """A namespace with a ready account, watched by the shared operator."""
    made = await Workspace.make(plane, simulator, short_name(request))
    made.operator = operator
    await made.until_account("Ready", "True")
    yield made
    await made.close()


@pytest.fixture
async def make_workspace(
    private_plane: Plane, simulator: Simulator, request: pytest.FixtureRequest
) -> AsyncIterator[MakeWorkspace]:
    """Makes namespaces with accounts in the private plane, where no operator runs unless the test starts one."""
    async with AsyncExitStack() as stack:

        async def make(**spec: Any) -> Workspace:
            made = await Workspace.make(private_plane, simulator, short_name(request), **spec)
            stack.push_async_callback(made.close)
            return made

        yield make


@pytest.fixture
async def start_operator(private_plane: Plane, simulator: Simulator, tmp_path: Path) -> AsyncIterator[StartOperator]:
    """Starts operators in the private plane; whatever runs at the end of the test is killed."""
    async with AsyncExitStack() as stack:

        async def start(workspace: Workspace | None = None, **settings: str) -> OperatorProcess:
            usual = {"NOVITA_API_URL": simulator.url}
            if workspace is not None:
                usual["WATCH_NAMESPACES"] = workspace.namespace
            started = OperatorProcess.launch(tmp_path, private_plane.operator_kubeconfig, **usual | settings)
            stack.push_async_callback(started.close)
            await started.until_ready()
            if workspace is not None:
                workspace.operator = started
            return started

        yield start


def short_name(request: pytest.FixtureRequest) -> str:
    """The test's name as a namespace may have it."""
    words = request.node.name.removeprefix("test_").split("[")[0].replace("_", "-")
    return "".join(char for char in words.lower() if char.isalnum() or char == "-")[:32].strip("-")
