"""A simulator on a real socket for the whole run, and an account of its own for each test."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import web
from tests.novita.accounts import SimulatedAccount

from novita_operator.simulator import server
from novita_operator.simulator.settings import Settings

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
async def simulator_url() -> AsyncIterator[str]:
    """The address of a simulator whose virtual minute takes a second."""
    runner = web.AppRunner(server.create_app(server.Config(settings=Settings(acceleration=60))))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    await runner.cleanup()


@pytest.fixture
async def new_account(simulator_url: str) -> AsyncIterator[Callable[[], SimulatedAccount]]:
    """Makes accounts that no other test uses."""
    made: list[SimulatedAccount] = []

    def make() -> SimulatedAccount:
        made.append(SimulatedAccount(simulator_url, f"sk_test_{next(_numbers):04d}"))
        return made[-1]

    yield make
    for account in made:
        await account.aclose()


@pytest.fixture
def account(new_account: Callable[[], SimulatedAccount]) -> SimulatedAccount:
    """An account that no other test uses."""
    return new_account()
