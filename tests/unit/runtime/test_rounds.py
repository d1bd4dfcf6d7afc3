"""Looking in the background: again after a pause, and never for what another has taken the place of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.unit.support.parts import KEY, HandClock

from novita_operator.kube.cache import Key
from novita_operator.runtime import rounds
from novita_operator.runtime.rounds import Rounds


class Looks:
    """What was looked at; each look ends when it is let go, with the pause that is asked for."""

    def __init__(self, pause: float | None) -> None:
        self.pause, self.seen = pause, list[str]()
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def __call__(self, _: Key, watch: str) -> float | None:
        self.seen.append(watch)
        self.begun.set()
        await self.go_on.wait()
        return self.pause


@asynccontextmanager
async def running(made: Rounds[str]) -> AsyncIterator[None]:
    task = asyncio.create_task(made.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_has_taken_the_place_of_another_is_looked_at_by_its_own_pause() -> None:
    clock, looks = HandClock(), Looks(pause=5.0)
    made = Rounds(clock.monotonic, 1, looks)
    made.put(KEY, "old")
    async with running(made):
        await looks.begun.wait()
        made.put(KEY, "new", 60.0)
        looks.go_on.set()
        clock.turned += 6
        await asyncio.sleep(0.05)

        assert looks.seen == ["old"]
        assert made.find(KEY) == "new"


async def test_what_is_forgotten_is_looked_at_no_more() -> None:
    looks = Looks(pause=0.0)
    made = Rounds(HandClock().monotonic, 1, looks)
    made.put(KEY, "gone")
    async with running(made):
        await looks.begun.wait()

        assert made.forget(KEY) == "gone"

        looks.go_on.set()
        await asyncio.sleep(0.05)
        assert looks.seen == ["gone"]
        assert len(made) == 0


def test_pauses_are_spread_a_tenth_either_way() -> None:
    assert [round(rounds.spread(100.0, share), 6) for share in (0.0, 0.5, 1.0)] == [90.0, 100.0, 110.0]
