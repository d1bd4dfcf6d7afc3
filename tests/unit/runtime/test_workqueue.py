"""The work queue: each key once, never at two workers, in due time, with back-off."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novita_operator.runtime.workqueue import Closed, WorkQueue


@dataclass
class HandClock:
    at: float = 0.0

    def __call__(self) -> float:
        return self.at


def a_queue(clock: HandClock | None = None, *, jitter: float = 1.0) -> WorkQueue[str]:
    return WorkQueue(monotonic=clock or HandClock(), backoff_base=5, backoff_max=600, jitter=lambda: jitter)


async def test_a_key_added_many_times_is_handed_out_once() -> None:
    queue = a_queue()

    for _ in range(3):
        queue.add("a")
    queue.add("b")

    assert [await queue.take(), await queue.take()] == ["a", "b"]
    assert len(queue) == 0


async def test_a_crowd_in_one_share_holds_up_nobody_elses_key() -> None:
    queue: WorkQueue[str] = WorkQueue(
        monotonic=HandClock(), backoff_base=5, backoff_max=600, share_of=lambda key: key[0]
    )
    for key in ("a1", "a2", "a3", "b1", "a4", "b2", "c1"):
        queue.add(key)

    assert [await queue.take() for _ in range(7)] == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]


async def test_a_key_added_while_it_is_worked_on_is_handed_out_again_afterwards() -> None:
    queue = a_queue()
    queue.add("a")
    await queue.take()

    queue.add("a")

    assert len(queue) == 0
    queue.done("a")
    assert await queue.take() == "a"


async def test_a_due_time_hands_the_key_out_when_it_has_come() -> None:
    clock = HandClock()
    queue = a_queue(clock)
    queue.add_after("late", 10)
    queue.add_after("soon", 5)

    clock.at = 10

    assert [await queue.take(), await queue.take()] == ["soon", "late"]


async def test_the_earliest_due_time_wins_and_counts_once() -> None:
    clock = HandClock()
    queue = a_queue(clock)
    queue.add_after("a", 100)
    queue.add_after("a", 5)

    clock.at = 200

    assert await queue.take() == "a"
    queue.done("a")
    assert len(queue) == 0


async def test_an_addition_replaces_the_due_time() -> None:
    clock = HandClock()
    queue = a_queue(clock)
    queue.add_after("a", 5)
    queue.add("a")
    await queue.take()
    queue.done("a")

    clock.at = 10
    queue.add("b")

    assert await queue.take() == "b"
    assert len(queue) == 0


async def test_a_waiting_worker_is_woken_by_an_addition() -> None:
    queue = a_queue()
    waiting = asyncio.create_task(queue.take())
    await asyncio.sleep(0)

    queue.add("a")

    assert await asyncio.wait_for(waiting, 5) == "a"


@pytest.mark.parametrize(
    ("failures", "pause"),
    [(1, 5), (2, 10), (3, 20), (8, 600), (500, 600)],
    ids=["the first is the base", "the second doubles", "the third again", "the maximum", "never overflows"],
)
async def test_failures_wait_longer_each_time(failures: int, pause: float) -> None:
    queue = a_queue()

    pauses = [queue.failed("a") for _ in range(failures)]

    assert pauses[-1] == pause


async def test_success_starts_the_back_off_anew() -> None:
    queue = a_queue()
    for _ in range(4):
        queue.failed("a")

    queue.succeeded("a")

    assert queue.failed("a") == 5


async def test_jitter_shortens_a_pause_to_no_less_than_half() -> None:
    assert a_queue(jitter=0.0).failed("a") == 2.5


async def test_a_failure_never_comes_back_before_the_time_that_was_asked_for() -> None:
    assert a_queue().failed("a", at_least=60) == 60


async def test_an_addition_wakes_one_worker_and_not_all() -> None:
    queue = a_queue()
    workers = [asyncio.create_task(queue.take()) for _ in range(3)]
    await asyncio.sleep(0)

    queue.add("a")

    done, idle = await asyncio.wait(workers, return_when=asyncio.FIRST_COMPLETED)
    assert [worker.result() for worker in done] == ["a"]
    assert len(idle) == 2
    queue.close()
    assert all(isinstance(each, Closed) for each in await asyncio.gather(*idle, return_exceptions=True))


async def test_a_worker_that_waits_is_woken_when_a_due_time_comes() -> None:
    queue: WorkQueue[str] = WorkQueue(monotonic=time.monotonic, backoff_base=5, backoff_max=600)
    waiting = asyncio.create_task(queue.take())
    await asyncio.sleep(0)

    queue.add_after("late", 60)
    queue.add_after("soon", 0.01)

    assert await asyncio.wait_for(waiting, 5) == "soon"


async def test_due_times_that_were_overtaken_do_not_pile_up() -> None:
    queue = a_queue()

    for _ in range(1_000):
        queue.add_after("a", 600)
        queue.add("a")
        queue.done(await queue.take())

    assert queue.remembered < 200


async def test_a_closed_queue_hands_out_nothing_more() -> None:
    queue = a_queue()
    queue.add("a")

    queue.close()

    with pytest.raises(Closed):
        await queue.take()


async def test_closing_wakes_the_workers() -> None:
    queue = a_queue()
    waiting = asyncio.create_task(queue.take())
    await asyncio.sleep(0)

    queue.close()

    with pytest.raises(Closed):
        await asyncio.wait_for(waiting, 5)


@settings(max_examples=100)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["add", "take", "done"])), max_size=60))
def test_no_key_is_ever_at_two_workers_and_none_is_lost(steps: list[tuple[str, str]]) -> None:
    async def play() -> None:
        queue = a_queue()
        at_work: list[str] = []
        owed: set[str] = set()
        for key, step in steps:
            if step == "add":
                queue.add(key)
                owed.add(key)
            elif step == "take" and len(queue):
                taken = await queue.take()
                assert taken not in at_work
                at_work.append(taken)
                owed.discard(taken)
            elif step == "done" and key in at_work:
                at_work.remove(key)
                queue.done(key)
        for key in at_work:
            queue.done(key)
        assert {await queue.take() for _ in range(len(queue))} == owed

    asyncio.run(play())


async def test_what_we_wrote_ourselves_does_not_cut_the_pause_after_a_failure() -> None:
    clock = HandClock()
    queue = a_queue(clock)
    queue.add("a")
    await queue.take()
    queue.failed("a")
    queue.done("a")

    queue.notice("a", lambda: True)

    assert len(queue) == 0
    clock.at = 5.0
    assert await queue.take() == "a"


async def test_whether_a_version_is_our_own_is_asked_when_the_worker_is_through() -> None:
    queue = a_queue()
    written: set[int] = set()
    queue.add("a")
    await queue.take()
    queue.notice("a", lambda: 7 in written)
    written.add(7)
    queue.failed("a")

    queue.done("a")

    assert len(queue) == 0


async def test_what_we_wrote_ourselves_in_a_pass_that_succeeded_hands_the_key_out_again() -> None:
    queue = a_queue()
    queue.add("a")
    await queue.take()
    queue.notice("a", lambda: True)
    queue.succeeded("a")
    queue.done("a")

    assert await queue.take() == "a"


async def test_what_somebody_else_wrote_cuts_the_pause_after_a_failure() -> None:
    queue = a_queue()
    queue.add("a")
    await queue.take()
    queue.notice("a", lambda: True)
    queue.notice("a", lambda: False)
    queue.failed("a")
    queue.done("a")

    assert await queue.take() == "a"
