"""Names that hang, in real threads: each tenant waits for its own alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from novita_operator.egress.lookups import SharedLookups, ThreadedLookup

_ANSWER = [(0, 0, 0, "", ("203.0.113.7", 0))]


class NameServer:
    """Answers at once, except about names that hang until it is told to go on."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go_on = threading.Event()

    def __call__(self, host: str) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        self.asked.append(host)
        if "hangs" in host:
            self.go_on.wait()
        return _ANSWER


@pytest.fixture
def server() -> Iterator[NameServer]:
    made = NameServer()
    yield made
    made.go_on.set()


@pytest.fixture
async def lookups(server: NameServer) -> SharedLookups:
    return SharedLookups(ThreadedLookup(server))


async def _begun(server: NameServer, count: int) -> None:
    async with asyncio.timeout(30):
        while len(server.asked) < count:
            await asyncio.sleep(0.01)


async def test_a_hundred_names_that_hang_leave_another_tenant_its_answer(
    lookups: SharedLookups, server: NameServer
) -> None:
    attack = [asyncio.create_task(lookups.find(f"{n}.hangs.example", "attacker")) for n in range(100)]
    await _begun(server, 4)

    assert await lookups.find("receiver.example", "victim") == ["203.0.113.7"]
    assert len([host for host in server.asked if "hangs" in host]) == 4

    server.go_on.set()
    assert await asyncio.gather(*attack) == [["203.0.113.7"]] * 100


async def test_a_name_is_looked_up_once_for_all_of_a_tenant_that_wait_for_it(
    lookups: SharedLookups, server: NameServer
) -> None:
    waiting = [asyncio.create_task(lookups.find("hangs.example", "attacker")) for _ in range(50)]
    await _begun(server, 1)
    other = asyncio.create_task(lookups.find("hangs.example", "victim"))
    await _begun(server, 2)
    server.go_on.set()

    assert len(set(map(tuple, await asyncio.gather(*waiting, other)))) == 1
    assert server.asked == ["hangs.example"] * 2


async def test_who_gives_up_waiting_frees_no_place_while_the_thread_still_hangs(
    lookups: SharedLookups, server: NameServer
) -> None:
    for number in range(20):
        with suppress(TimeoutError):
            async with asyncio.timeout(0.01):
                await lookups.find(f"{number}.hangs.example", "attacker")

    await _begun(server, 4)
    assert len(server.asked) == 4


async def test_an_error_reaches_who_asks_and_is_not_remembered() -> None:
    answers: list[list[str] | OSError] = [OSError("Temporary failure in name resolution"), ["203.0.113.7"]]

    async def lookup(_: str) -> list[str]:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    lookups = SharedLookups(lookup)

    with pytest.raises(OSError, match="Temporary"):
        await lookups.find("receiver.example", "tenant")
    assert await lookups.find("receiver.example", "tenant") == ["203.0.113.7"]
