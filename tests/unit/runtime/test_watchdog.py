"""What makes liveness fail: a loop, a queue or a watch that stands still."""

from __future__ import annotations

from typing import Any, cast

import pytest
from tests.unit.support.parts import KEY, HandClock

from novita_operator.kube.cache import Cache, Key
from novita_operator.kube.client import KubeClient
from novita_operator.metrics import Metrics
from novita_operator.runtime.resync import Resync
from novita_operator.runtime.watchdog import Watchdog
from novita_operator.runtime.workers import Workers
from novita_operator.runtime.workqueue import WorkQueue

_STUCK_AFTER = 120.0


def _watchdog(clock: HandClock) -> tuple[Watchdog, WorkQueue[Key], Resync]:
    queue: WorkQueue[Key] = WorkQueue(monotonic=clock.monotonic, backoff_base=5, backoff_max=600)
    workers = Workers(queue, {}, clock, Metrics())
    resync = Resync(cast("KubeClient", cast("Any", None)), Cache(), (), (), 60, Metrics())
    watchdog = Watchdog(queue, workers, resync, clock, _STUCK_AFTER)
    watchdog._beat = clock.monotonic()
    return watchdog, queue, resync


def test_a_process_that_works_has_no_complaints() -> None:
    watchdog, _, _ = _watchdog(HandClock())

    assert watchdog.complaints() == []


def test_an_event_loop_that_hangs_is_told() -> None:
    clock = HandClock()
    watchdog, _, _ = _watchdog(clock)

    clock.turned += 31

    assert watchdog.complaints() == ["the event loop has not run for 31 s"]


def test_keys_that_wait_while_no_pass_ends_are_told() -> None:
    clock = HandClock()
    watchdog, queue, _ = _watchdog(clock)
    queue.add(KEY)

    clock.turned += _STUCK_AFTER + 1
    watchdog._beat = clock.monotonic()

    assert watchdog.complaints() == ["1 keys wait and no pass has ended for 121 s"]


def test_a_queue_that_was_empty_all_night_is_not_stuck_when_work_comes() -> None:
    clock = HandClock()
    watchdog, queue, _ = _watchdog(clock)

    clock.turned += 10_000
    queue.add(KEY)
    watchdog._beat = clock.monotonic()

    assert watchdog.complaints() == []


@pytest.mark.parametrize(("rounds", "complaints"), [(0, 0), (2, 0), (3, 1), (9, 1)])
def test_a_watch_that_keeps_missing_changes_is_told(rounds: int, complaints: int) -> None:
    watchdog, _, resync = _watchdog(HandClock())

    resync.rounds_behind = rounds

    assert len(watchdog.complaints()) == complaints
