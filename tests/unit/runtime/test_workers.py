"""The workers: whatever one pass ends with, the key comes back in due time and the others are not delayed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from tests.unit.support.parts import HandClock

from novita_operator.kube import errors
from novita_operator.kube.cache import Key
from novita_operator.metrics import Metrics
from novita_operator.reconciling.outcome import After, BackOff, Requeue, Woken
from novita_operator.runtime.workers import Workers
from novita_operator.runtime.workqueue import WorkQueue

A, B = (Key("gpuinstances", "team", name) for name in "ab")
Pass = Callable[[Key], Awaitable[Requeue]]


@dataclass
class Scripted:
    """A kind whose passes end as they are told to; others end well."""

    ends: dict[Key, Pass] = field(default_factory=dict)
    passes: list[Key] = field(default_factory=list)
    told: list[tuple[Key, str, float]] = field(default_factory=list)
    telling_fails: bool = False

    async def reconcile(self, key: Key) -> Requeue:
        self.passes.append(key)
        return await self.ends[key](key) if key in self.ends else None

    async def crashed(self, key: Key, error: Exception, pause: float) -> None:
        self.told.append((key, type(error).__name__, pause))
        if self.telling_fails:
            raise errors.Unreachable("down")


def raising(error: Exception) -> Pass:
    async def end(_: Key) -> Requeue:
        raise error

    return end


def returning(come_back: Requeue) -> Pass:
    async def end(_: Key) -> Requeue:
        return come_back

    return end


@dataclass
class Stage:
    clock: HandClock
    queue: WorkQueue[Key]
    kind: Scripted
    workers: Workers
    metrics: Metrics

    async def settled(self) -> None:
        """Until every key that was added has been worked on."""
        while len(self.queue) or self.queue.active:
            await asyncio.sleep(0)

    async def passed(self, *keys: Key) -> list[Key]:
        """Add these keys; the passes that it took."""
        before = len(self.kind.passes)
        for key in keys:
            self.queue.add(key)
        await self.settled()
        return self.kind.passes[before:]

    async def due_after(self, key: Key) -> float | None:
        """Seconds until the key comes back by itself, within 100 s; looked for in tenths of a second."""
        before = self.kind.passes.count(key)
        for tenths in range(1, 1_000):
            self.clock.turned += 0.1
            self.queue.add(B)
            await self.settled()
            if self.kind.passes.count(key) > before:
                return tenths / 10
        return None

    def count(self, outcome: str) -> float:
        value = self.metrics.registry.get_sample_value(
            "novita_reconciles_total", {"kind": "gpuinstances", "outcome": outcome}
        )
        return value or 0.0


@asynccontextmanager
async def a_stage(workers: int = 1, **ends: Pass) -> AsyncIterator[Stage]:
    clock = HandClock()
    queue: WorkQueue[Key] = WorkQueue(monotonic=clock.monotonic, backoff_base=5, backoff_max=600, jitter=lambda: 1.0)
    kind = Scripted({Key("gpuinstances", "team", name): end for name, end in ends.items()})
    metrics = Metrics()
    crew = Workers(queue, {"gpuinstances": kind}, clock, metrics)
    crew.start(workers)
    yield Stage(clock, queue, kind, crew, metrics)
    assert await crew.drain(5)


# --- When a key comes back ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "seconds", "outcome"),
    [
        pytest.param(returning(After(7.0)), 7.0, "success", id="after the time it asked for"),
        pytest.param(returning(BackOff()), 5.0, "backoff", id="after the first pause of the back-off"),
        pytest.param(returning(BackOff(17.0, at_most=2.0)), 2.0, "backoff", id="when a deadline is due"),
        pytest.param(returning(BackOff(17.0)), 17.0, "backoff", id="not before the time that Novita asked for"),
        pytest.param(raising(errors.Conflict("somebody wrote")), 1.0, "conflict", id="soon after a conflict"),
        pytest.param(
            raising(errors.Unreachable("down")), 5.0, "cluster-error", id="with back-off where the cluster fails"
        ),
        pytest.param(
            raising(errors.Unreachable("wait", retry_after=30.0)),
            30.0,
            "cluster-error",
            id="when the API server asks to",
        ),
        pytest.param(raising(KeyError("bug")), 5.0, "bug", id="with back-off after a bug"),
        pytest.param(returning(Woken()), 30.0, "waiting", id="in the end, where nobody wakes it"),
    ],
)
async def test_a_key_comes_back(end: Pass, seconds: float, outcome: str) -> None:
    async with a_stage(a=end) as stage:
        await stage.passed(A)

        assert stage.count(outcome) == 1
        assert await stage.due_after(A) == pytest.approx(seconds, abs=0.11)


async def test_a_key_that_asks_for_nothing_does_not_come_back() -> None:
    async with a_stage() as stage:
        await stage.passed(A)
        stage.clock.turned += 100_000

        assert await stage.passed(B) == [B]


async def test_each_failure_waits_longer_and_success_starts_anew() -> None:
    ends: list[Requeue] = [BackOff(), BackOff(), BackOff(), After(1.0), BackOff(), None]

    async def next_end(_: Key) -> Requeue:
        return ends.pop(0)

    async with a_stage(a=next_end) as stage:
        await stage.passed(A)
        pauses = [await stage.due_after(A) for _ in range(5)]

    assert pauses == pytest.approx([5, 10, 20, 1, 5], abs=0.11)


# --- Nobody delays anybody ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [errors.Conflict("c"), errors.Unreachable("u"), errors.Rejected("r"), ValueError("bug"), RecursionError()]
)
async def test_an_object_that_fails_does_not_stop_the_others(error: Exception) -> None:
    async with a_stage(a=raising(error)) as stage:
        assert await stage.passed(A, B, A, B) == [A, B]


async def test_an_object_that_hangs_holds_one_worker_only() -> None:
    release = asyncio.Event()

    async def hang(_: Key) -> Requeue:
        await release.wait()
        return None

    async with a_stage(workers=2, a=hang) as stage:
        stage.queue.add(A)
        stage.queue.add(B)
        while B not in stage.kind.passes or len(stage.queue) or stage.queue.active != 1:
            await asyncio.sleep(0)

        assert stage.kind.passes == [A, B]
        release.set()


async def test_a_bug_is_told_on_the_object() -> None:
    async with a_stage(a=raising(KeyError("bug"))) as stage:
        await stage.passed(A)

    assert stage.kind.told == [(A, "KeyError", 5.0)]


async def test_an_error_of_the_cluster_is_not_told_as_a_bug() -> None:
    async with a_stage(a=raising(errors.Unreachable("down"))) as stage:
        await stage.passed(A)

    assert stage.kind.told == []


async def test_a_bug_that_cannot_be_told_stops_nobody() -> None:
    async with a_stage(a=raising(KeyError("bug"))) as stage:
        stage.kind.telling_fails = True

        assert await stage.passed(A, B) == [A, B]


async def test_a_key_of_an_unknown_kind_stops_nobody() -> None:
    async with a_stage() as stage:
        assert await stage.passed(Key("strangers", "team", "a"), B) == [B]


# --- The end --------------------------------------------------------------------------------------------------------


async def test_the_end_waits_for_passes_under_way_and_takes_no_new_ones() -> None:
    release, begun = asyncio.Event(), asyncio.Event()

    async def slow(_: Key) -> Requeue:
        begun.set()
        await release.wait()
        return None

    async with a_stage(a=slow) as stage:
        stage.queue.add(A)
        await begun.wait()
        stage.queue.add(B)
        ending = asyncio.create_task(stage.workers.drain(5))
        await asyncio.sleep(0)
        release.set()

        assert await ending
        assert stage.kind.passes == [A]


async def test_the_end_gives_up_on_passes_that_do_not_end() -> None:
    begun = asyncio.Event()

    async def for_ever(_: Key) -> Requeue:
        begun.set()
        await asyncio.Event().wait()
        return None

    async with a_stage(a=for_ever) as stage:
        stage.queue.add(A)
        await begun.wait()

        assert not await stage.workers.drain(0)


async def test_without_workers_there_is_nothing_to_wait_for() -> None:
    async with a_stage(workers=0) as stage:
        assert await stage.workers.drain(0)


async def test_each_pass_is_progress() -> None:
    async with a_stage() as stage:
        stage.clock.turned = 50
        await stage.passed(A)

        assert stage.workers.last_progress == stage.clock.monotonic()
