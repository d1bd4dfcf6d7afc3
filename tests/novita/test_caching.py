"""One call for all who ask at the same time."""

from __future__ import annotations

import asyncio

import pytest
from tests.novita.clocks import TurnedClock, settle

from novita_operator.novita import errors
from novita_operator.novita.caching import FreshValues


class Source:
    """Counts the calls; answers when it is told to."""

    def __init__(self) -> None:
        self.calls = 0
        self.answers: asyncio.Queue[str | Exception] = asyncio.Queue()

    async def __call__(self) -> str:
        self.calls += 1
        answer = await self.answers.get()
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def source() -> Source:
    return Source()


async def test_many_who_ask_at_once_share_one_call(clock: TurnedClock, source: Source) -> None:
    values: FreshValues[str] = FreshValues(clock)
    asking = [asyncio.create_task(values.get("key", source, 0)) for _ in range(20)]
    await settle()

    source.answers.put_nowait("value")

    assert await asyncio.gather(*asking) == ["value"] * 20
    assert source.calls == 1


async def test_a_value_is_believed_until_it_is_old(clock: TurnedClock, source: Source) -> None:
    values: FreshValues[str] = FreshValues(clock)
    for answer in ("old", "new"):
        source.answers.put_nowait(answer)

    first = await values.get("key", source, 60)
    await clock.advance(59)
    second = await values.get("key", source, 60)
    await clock.advance(1)
    third = await values.get("key", source, 60)

    assert [first, second, third] == ["old", "old", "new"]


async def test_a_value_is_as_old_as_its_question(clock: TurnedClock, source: Source) -> None:
    values: FreshValues[str] = FreshValues(clock)
    asking = asyncio.create_task(values.get("key", source, 60))
    await clock.advance(59)
    source.answers.put_nowait("old")
    await asking
    await clock.advance(1)
    source.answers.put_nowait("new")

    assert await values.get("key", source, 60) == "new"


async def test_a_failure_is_told_to_all_who_waited_for_it_and_to_nobody_else(
    clock: TurnedClock, source: Source
) -> None:
    values: FreshValues[str] = FreshValues(clock)
    asking = [asyncio.create_task(values.get("key", source, 60)) for _ in range(20)]
    await settle()
    source.answers.put_nowait(errors.Unavailable("no"))

    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    source.answers.put_nowait("value")

    assert {type(outcome) for outcome in outcomes} == {errors.Unavailable}
    assert source.calls == 1
    assert await values.get("key", source, 60) == "value"


async def test_whoever_gives_up_leaves_the_call_to_the_next(clock: TurnedClock, source: Source) -> None:
    values: FreshValues[str] = FreshValues(clock)
    first = asyncio.create_task(values.get("key", source, 60))
    second = asyncio.create_task(values.get("key", source, 60))
    await settle()

    first.cancel()
    await settle()
    source.answers.put_nowait("value")

    assert await second == "value"
    assert source.calls == 2


async def test_keys_do_not_wait_for_each_other(clock: TurnedClock, source: Source) -> None:
    values: FreshValues[str] = FreshValues(clock)
    waiting = asyncio.create_task(values.get("slow", Source(), 60))
    await settle()
    source.answers.put_nowait("value")

    assert await values.get("fast", source, 60) == "value"

    waiting.cancel()


async def test_old_keys_are_forgotten(clock: TurnedClock, source: Source) -> None:
    values: FreshValues[str] = FreshValues(clock)
    for number in range(100):
        source.answers.put_nowait("value")
        await values.get(number, source, 60)
    await clock.advance(60)
    source.answers.put_nowait("value")

    await values.get("last", source, 60)

    assert len(values) == 1
