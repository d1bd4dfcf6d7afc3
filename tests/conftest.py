"""What tests against real parts share: control planes, the simulator, operators. Each starts when first asked for."""

from __future__ import annotations

import gc
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from tests.support import ordering
from tests.support.operator_process import OperatorProcess
from tests.support.plane import Plane
from tests.support.sharing import Sharing
from tests.support.simulator import Simulator
from tests.support.workspace import Workspace

from novita_operator import startup

# Six virtual seconds from create to running take 0.6 s: a few polls, so that every state is seen on the way.
_ACCELERATION = 10.0

# How long an example takes says how busy the machine is, and nothing about the code.
settings.register_profile("other-examples", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples in each run, so that a run is red for what was changed: `--hypothesis-profile other-examples` looks
# for new ones, and for three times as many. Where money or a lock is at stake, the test itself asks for a hundred.
settings.register_profile("same-examples", settings.get_profile("other-examples"), derandomize=True, max_examples=30)
settings.load_profile("same-examples")

MakeWorkspace = Callable[..., Awaitable[Workspace]]
StartOperator = Callable[..., Awaitable[OperatorProcess]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ordering.long_ones_first(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ordering.Schedule:
    config.option.loadscopereorder = False  # the order is ours
    return ordering.Schedule(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and collected stays to the end: no collection of garbage has to go through it."""
    with startup.loading():
        collected = yield
        gc.collect()  # what is left over of collecting
    return collected


def pytest_configure(config: pytest.Config) -> None:
    """SIGTERM ends a run as Ctrl-C does: in order, so that nothing goes on running."""
    if not _is_worker(config):
        signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(_: int, __: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one would cut the ending short
    raise KeyboardInterrupt


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """When all workers have ended, what they shared is stopped, and what a worker that was killed has left."""
    if not _is_worker(session.config):
        # There is no public name for this folder here; xdist takes it from the same place.
        Sharing(session.config._tmp_path_factory.getbasetemp()).end()


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


@pytest.fixture(scope="session")
def sharing(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Sharing:
    """What the workers of this run have in common."""
    own = tmp_path_factory.getbasetemp()
    return Sharing(own.parent if _is_worker(pytestconfig) else own)


@pytest.fixture(scope="session")
async def plane(sharing: Sharing) -> AsyncIterator[Plane]:
    """The control plane of the run, with the operator that tests share."""
    found = await Plane.shared(sharing)
    yield found
    await found.close()


@pytest.fixture(scope="session")
async def private_plane(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Plane]:
    """One of this worker without an operator, for tests that start, stop and kill their own.

    An operator works for all accounts of its control plane, so two tests with operators cannot have one at a time.
    """
    started = await Plane.start(tmp_path_factory.mktemp("private-plane"))
    yield started
    await started.close()


@pytest.fixture(scope="session")
async def simulator(sharing: Sharing) -> Simulator:
    """The simulated Novita of the run."""
    return await Simulator.shared(sharing, "simulator", acceleration=_ACCELERATION)


@pytest.fixture(scope="session")
async def in_step(sharing: Sharing) -> Simulator:
    """Another one, whose time goes as fast as the operator's: both speak of the same moments."""
    return await Simulator.shared(sharing, "simulator-in-step", acceleration=1)


@pytest.fixture(scope="session")
async def operator(plane: Plane, simulator: Simulator, sharing: Sharing) -> OperatorProcess:
    """The operator that the tests share; it watches all namespaces of `plane`."""
    return await OperatorProcess.shared(sharing, plane.operator_kubeconfig, NOVITA_API_URL=simulator.url)


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
