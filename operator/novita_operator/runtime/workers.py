"""The workers: take a key, reconcile it, say when to come back. The last line of defence stands here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Protocol

from novita_operator.clock import Clock
from novita_operator.kube import errors as kube_errors
from novita_operator.kube.cache import Key
from novita_operator.metrics import Metrics
from novita_operator.reconciling.outcome import After, BackOff, Requeue, Woken
from novita_operator.runtime.workqueue import Closed, WorkQueue

logger = logging.getLogger(__name__)

_CONFLICT_SECONDS = 1.0  # a watch event takes milliseconds; a watch that is behind needs no hot loop
# Whoever should wake an object may be gone before: then it comes back by itself.
_WOKEN_AT_LATEST_SECONDS = 30.0


class Reconciles(Protocol):
    """One kind's reconciler."""

    async def reconcile(self, key: Key) -> Requeue:
        """Move the object one step. Raises kube errors: the pass is repeated with back-off."""
        ...

    async def crashed(self, key: Key, error: Exception, pause: float) -> None:
        """Say on the object that its pass ended with this error, and is repeated after so many seconds.

        Raises kube errors.
        """
        ...


class Workers:
    """N tasks on one queue. They are started before kopf, which cancels every task younger than itself at its end."""

    def __init__(
        self, queue: WorkQueue[Key], reconcilers: Mapping[str, Reconciles], clock: Clock, metrics: Metrics
    ) -> None:
        self._queue = queue
        self._reconcilers = reconcilers
        self._clock = clock
        self._metrics = metrics
        for kind in reconcilers:
            metrics.know_kind(kind)
        self._tasks: list[asyncio.Task[None]] = []
        self.last_progress = clock.monotonic()

    def start(self, count: int) -> None:
        self._tasks = [asyncio.create_task(self._work(), name=f"worker-{number}") for number in range(count)]

    async def drain(self, grace_seconds: float) -> bool:
        """Let the passes under way end: paid calls must come back and their ids must be written. True if all did."""
        self._queue.close()
        if not self._tasks:
            return True
        _, pending = await asyncio.wait(self._tasks, timeout=grace_seconds)
        for task in pending:
            task.cancel()
        return not pending

    async def _work(self) -> None:
        while True:
            try:
                key = await self._queue.take()
            except Closed:
                return
            try:
                await self._reconcile(key)
            finally:
                self._queue.done(key)
                self.last_progress = self._clock.monotonic()
                self._metrics.queue_depth.set(len(self._queue))

    async def _reconcile(self, key: Key) -> None:
        outcome = "success"
        with self._metrics.reconcile_seconds.labels(key.kind).time():
            try:
                come_back = await self._reconcilers[key.kind].reconcile(key)
            except kube_errors.Conflict:
                # Somebody wrote first: the newer object is on its way through the watch, or is read anew.
                outcome = "conflict"
                self._queue.add_after(key, _CONFLICT_SECONDS)
            except kube_errors.KubeError as error:
                outcome = "cluster-error"
                pause = self._queue.failed(key, at_least=error.retry_after or 0.0)
                logger.warning("%s: %s; next try in %.0f s", key, error, pause)
                if isinstance(error, kube_errors.Forbidden | kube_errors.Rejected):
                    await self._tell(key, error, pause)
            except Exception as error:
                # One object that cannot be handled must not stop the others.
                outcome = "bug"
                pause = self._queue.failed(key)
                logger.exception("%s: the pass failed; next try in %.0f s", key, pause)
                await self._tell(key, error, pause)
            else:
                outcome = self._requeue(key, come_back)
        self._metrics.reconciles.labels(key.kind, outcome).inc()

    async def _tell(self, key: Key, error: Exception, pause: float) -> None:
        try:
            await self._reconcilers[key.kind].crashed(key, error, pause)
        except kube_errors.KubeError as refused:
            logger.warning("%s: this could not be reported on the object: %s", key, refused)
        except Exception:
            # What cannot even be reported is in the log; the worker has other objects to look after.
            logger.exception("%s: the failure could not be reported on the object", key)

    def _requeue(self, key: Key, come_back: Requeue) -> str:
        match come_back:
            case BackOff(at_least, at_most):
                self._queue.failed(key, at_least=at_least)
                if at_most is not None:
                    self._queue.add_after(key, at_most)
                return "backoff"
            case After(seconds):
                self._queue.succeeded(key)
                self._queue.add_after(key, seconds)
            case Woken():
                self._queue.add_after(key, _WOKEN_AT_LATEST_SECONDS)
                return "waiting"
            case None:
                self._queue.succeeded(key)
        return "success"
