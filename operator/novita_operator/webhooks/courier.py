"""Delivers what the status of the objects says is still to be told: at least once, in order per object and receiver.

The status is the queue: a transition and the webhooks about it are one write, so that a crash neither loses nor invents
any. Its workers are its own: no reconcile ever waits for a receiver.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from novita_operator import crashpoints
from novita_operator.api.events import Event, EventReason
from novita_operator.api.gpu_instance.notifications import FailedTries
from novita_operator.clock import Clock
from novita_operator.kube import errors
from novita_operator.kube.cache import Body, Key
from novita_operator.kube.recorder import Recorder
from novita_operator.metrics import Metrics
from novita_operator.runtime.parking import Parkings
from novita_operator.runtime.workqueue import Closed, WorkQueue
from novita_operator.webhooks import receivers
from novita_operator.webhooks.answers import LONGEST_WISH, Answer, Delivered, Failed, Refused
from novita_operator.webhooks.outbox import Lane, Outbox, Waiting
from novita_operator.webhooks.posting import Poster
from novita_operator.webhooks.receivers import Default

logger = logging.getLogger(__name__)

TRIES = 5
"""How often a webhook is tried. With pauses of 10, 20, 40 and 80 s, of each at least the half, it outlasts a minute."""
WORKERS = 64
"""Posts at a time: each is a socket and some kilobytes."""
_PER_PLACE = 4  # posts at a time to one host for one namespace: a slow one leaves places to its other receivers
_PER_NAMESPACE = 8  # posts at a time to all hosts of one namespace: one whose receivers all hang leaves 56 workers
_STRIKE_PAUSE = 5.0  # seconds until the API server is asked again to note what was settled
_LOOK_PAUSE = 0.05  # seconds between two looks whether the last posts are through, at the end of the process

_Place = tuple[str, str]


@dataclass(slots=True)
class Courier:
    """One per process. `retry_delay`: the first pause between two tries, seconds; it doubles each time."""

    outbox: Outbox
    poster: Poster
    recorder: Recorder
    default: Default
    clock: Clock
    metrics: Metrics
    retry_delay: float
    jitter: Callable[[], float] = random.random
    _queue: WorkQueue[Lane] = field(init=False)
    _places: Parkings[_Place, Lane] = field(init=False)
    _shares: Parkings[str, Lane] = field(init=False)
    _open: set[Lane] = field(default_factory=set)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        # The queue's own back-off is for keys that fail without end; here the pauses are counted per webhook.
        self._queue = WorkQueue(monotonic=self.clock.monotonic, backoff_base=_STRIKE_PAUSE, backoff_max=_STRIKE_PAUSE)
        self._places = Parkings(_PER_PLACE, self._queue.add)
        self._shares = Parkings(_PER_NAMESPACE, self._queue.add)

    def start(self, workers: int = WORKERS) -> None:
        """Begin to deliver. Before kopf, which cancels every task younger than itself at its end."""
        self._tasks = [asyncio.create_task(self._work(), name=f"courier-{number}") for number in range(workers)]

    def seen(self, key: Key) -> None:
        """The object is new in the cache, or has changed there."""
        self._admit(self.outbox.lanes(key))

    def gone(self, body: Body) -> None:
        """The object goes: what its status still has to tell is delivered from memory, if this process lives on."""
        self._admit(self.outbox.keep(body))

    async def drain(self, seconds: float) -> None:
        """Give what could be posted now a last chance, then end. What is cut off stays in the status."""
        end = self.clock.monotonic() + seconds
        while (len(self._queue) or self._queue.active) and self.clock.monotonic() < end:
            await asyncio.sleep(_LOOK_PAUSE)
        self._queue.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.poster.sender.close()

    def _admit(self, lanes: tuple[Lane, ...]) -> None:
        """A lane that is known already goes on at its own pace: a watch event must not shorten a pause."""
        for lane in lanes:
            if lane not in self._open:
                self._open.add(lane)
                self._enqueue(lane)

    def _enqueue(self, lane: Lane) -> None:
        """At once, or after what is left of the pause that an earlier process began."""
        waiting = self.outbox.first(lane)
        tried = None if waiting is None else self.outbox.tried(lane, waiting.told)
        seconds = 0.0 if tried is None else pause_left(tried, self.clock.now(), self.retry_delay)
        if seconds:
            self._queue.add_after(lane, seconds)
        else:
            # Waits in line at once: the end of the process counts the line alone.
            self._queue.add(lane)

    async def _work(self) -> None:
        while True:
            try:
                lane = await self._queue.take()
            except Closed:
                return
            try:
                await self._advance(lane)
            except errors.KubeError as error:
                logger.warning("%s: webhooks wait, the API server does not take our notes: %s", lane.key, error)
                self._queue.add_after(lane, _STRIKE_PAUSE)
            except Exception:
                # One object that cannot be handled must not stop the webhooks of the others.
                logger.exception("%s: a webhook could not be handled", lane.key)
                self._queue.add_after(lane, _STRIKE_PAUSE)
            finally:
                self._queue.done(lane)

    async def _advance(self, lane: Lane) -> None:
        """One try of the next webhook of the lane, or its end. Raises kube errors."""
        waiting = self.outbox.first(lane)
        if waiting is None:
            await self._end(lane)
            return
        if waiting.resource.unreadable is not None:
            # Nobody knows whom to tell; the next version of the object brings the lane back.
            self._open.discard(lane)
            return
        receiver = receivers.find(receivers.of(waiting.resource, self.default), lane.receiver, waiting.told.event)
        if receiver is None:
            # Taken out of the spec since: nobody wants to hear it any more.
            await self._settle(lane, waiting)
            return
        # The administrator's receiver is one place for all namespaces; else each namespace has its own share.
        place = ("" if receiver.trusted else waiting.resource.meta.namespace, receiver.shown)
        if not self._try_take(place, lane):
            return
        try:
            answer = await self.poster.post(waiting, receiver)
        finally:
            self._places.give_back(place)
            self._shares.give_back(place[0])
        await self._conclude(lane, waiting, answer)

    def _try_take(self, place: _Place, lane: Lane) -> bool:
        """A place there and one of the namespace's share; or neither, and the lane is woken when one is free."""
        if not self._places.try_take(place, lane):
            return False
        if not self._shares.try_take(place[0], lane):
            self._places.give_back(place)
            return False
        return True

    async def _conclude(self, lane: Lane, waiting: Waiting, answer: Answer) -> None:
        before = self.outbox.tried(lane, waiting.told)
        count = 1 if before is None else before.count + 1
        match answer:
            case Delivered():
                self._count(waiting, "delivered")
            case Failed(reason, at_least) if count < TRIES:
                self._count(waiting, "retried")
                logger.info("%s: %s; next try of its webhook %s follows", lane.key, reason, waiting.told.id)
                await self._pause(lane, waiting, count, at_least)
                return
            case Failed(reason):
                await self._give_up(waiting, f"{reason}. Given up after {TRIES} tries")
            case Refused(reason):
                await self._give_up(waiting, f"{reason}. Given up at once, since another try would end the same way")
        await self._settle(lane, waiting)

    async def _pause(self, lane: Lane, waiting: Waiting, count: int, at_least: float) -> None:
        """Until the next try, and noted for the process that may be there by then."""
        seconds = max(at_least, pause_after(count, self.retry_delay, self.jitter()))
        self._queue.add_after(lane, seconds)
        # Whole seconds, as Kubernetes writes times, and never earlier: a receiver may have asked for the pause.
        at = (self.clock.now() + timedelta(seconds=seconds)).replace(microsecond=0) + timedelta(seconds=1)
        try:
            await self.outbox.note(lane, waiting.told, FailedTries(receiver=lane.receiver, count=count, next=at))
            crashpoints.reached("webhook.after-note")
        except errors.KubeError as error:
            # It counts in memory all the same; the worker's answer to this error would shorten the pause.
            logger.warning("%s: a failed try of a webhook could not be noted: %s", lane.key, error)

    async def _give_up(self, waiting: Waiting, why: str) -> None:
        self._count(waiting, "given-up")
        told = waiting.told
        text = (
            f"The webhook {told.event} of {told.at:%H:%M:%S} UTC was not delivered: {why}; "
            "conditions and Events of this object tell the same."
        )
        event = Event(type="Warning", reason=EventReason.NOTIFICATION_FAILED, message=text)
        # Before it is struck out: a crash in between says it twice, and never not at all.
        await self.recorder.post("GPUInstance", waiting.resource.meta, event, self.clock.now())

    async def _settle(self, lane: Lane, waiting: Waiting) -> None:
        self.outbox.settle(lane, waiting.told)
        self._queue.add(lane)
        await self.outbox.strike(lane)

    async def _end(self, lane: Lane) -> None:
        await self.outbox.strike(lane)
        if self.outbox.first(lane) is not None:
            self._queue.add(lane)
            return
        self.outbox.end(lane)
        self._open.discard(lane)

    def _count(self, waiting: Waiting, outcome: str) -> None:
        self.metrics.webhooks.labels(waiting.told.event, outcome).inc()


def pause_after(tries: int, first: float, share: float) -> float:
    """Seconds to wait after so many tries; `share` is from 0 to 1.

    Half of each pause is sure. With all of it left to chance, five tries could be over within a second.
    """
    return first * 2.0 ** (tries - 1) * (0.5 + share / 2)


def pause_left(tried: FailedTries, now: datetime, first: float) -> float:
    """Seconds until the noted moment, and never more than a pause can be: clocks jump."""
    longest = max(LONGEST_WISH, pause_after(min(tried.count, TRIES), first, 1.0))
    return min(max((tried.next - now).total_seconds(), 0.0), longest)
