"""A cluster with the chart in it, namespaces of neighbours, and the people in them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from tests.attacks.installation import Installation
from tests.attacks.people import Person
from tests.conftest import short_name
from tests.support.sharing import Sharing
from tests.support.simulator import Simulator
from tests.support.workspace import Workspace

Settle = Callable[..., Awaitable[Workspace]]
Employ = Callable[..., Awaitable[Person]]


@pytest.fixture(scope="session")
async def installation(sharing: Sharing, simulator: Simulator) -> AsyncIterator[Installation]:
    """The chart, installed by helm, and the operator with the rights that it renders."""
    found = await Installation.shared(sharing, simulator)
    yield found
    await found.plane.close()


@pytest.fixture
async def settle(
    installation: Installation, simulator: Simulator, request: pytest.FixtureRequest
) -> AsyncIterator[Settle]:
    """Makes namespaces: `settle("victim")` has an account that is Ready, `settle("neighbour", account=False)` none."""
    async with AsyncExitStack() as stack:

        async def make(role: str, *, account: bool = True, **spec: Any) -> Workspace:
            name = f"{role}-{short_name(request)}"
            made = await Workspace.make(installation.plane, simulator, name, account=account, **spec)
            made.operator = installation.operator
            stack.push_async_callback(made.close)
            if account:
                await made.until_account("Ready", "True")
            return made

        yield make


@pytest.fixture
async def employ(installation: Installation) -> AsyncIterator[Employ]:
    """Makes people: `employ("admin", workspace)` has Kubernetes' role `admin` in that namespace."""
    async with AsyncExitStack() as stack:

        async def make(role: str, workspace: Workspace, *, everywhere: bool = False) -> Person:
            person = await Person.with_role(role, workspace.namespace, installation.plane, everywhere=everywhere)
            stack.push_async_callback(person.kube.aclose)
            return person

        yield make
