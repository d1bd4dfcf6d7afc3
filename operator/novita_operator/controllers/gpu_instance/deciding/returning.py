"""When an object is looked at again after a pass. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from novita_operator.controllers.gpu_instance import action as actions
from novita_operator.controllers.gpu_instance.deciding import deadline
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.policies import lifetime as lifetimes
from novita_operator.controllers.gpu_instance.policies import window
from novita_operator.controllers.gpu_instance.result import Result
from novita_operator.reconciling.outcome import After, BackOff, Requeue, Woken


@dataclass(frozen=True, slots=True)
class Due:
    """`began` and `now`: of the pass. `resync`: the longest pause, seconds. `warning`: how early an end is told."""

    began: datetime
    now: datetime
    resync: float
    warning: timedelta


def requeue(decided: actions.Action, result: Result, seen: Observation, due: Due) -> Requeue:
    """What the queue is told."""
    if result.released and seen.deleting:
        return None  # the object goes: its due time would outlive it
    if result.queued:
        return Woken()  # nothing was tried: earlier failures still count
    problem = result.problem
    if problem is not None and problem.back_off:
        return BackOff(problem.retry_after or 0.0, at_most=min(_pauses(seen, due), default=None))
    if problem is not None and problem.retry_after is not None:
        return After(min([problem.retry_after, *_pauses(seen, due)]))
    if result.again or isinstance(decided, actions.Take | actions.ProvePrice | actions.Fail | actions.End):
        return After(0.0)
    pauses = [due.resync, *_pauses(seen, due)]
    if isinstance(decided, actions.Wait) and decided.seconds is not None:
        pauses.append(decided.seconds)
    return After(max(0.0, min(pauses)))


def _pauses(seen: Observation, due: Due) -> Iterator[float]:
    """Seconds until moments that no event announces; 0 for one that came while the pass was under way, unseen."""
    lifetime = seen.resource.spec.lifetime
    coming = (each for each in _moments(seen, due) if each is not None and each > due.began)
    yield from (max(0.0, (each - due.now).total_seconds()) for each in coming)
    if lifetime is not None and lifetime.idle is not None:
        yield lifetimes.measuring_pause(lifetime.idle.after_seconds)


def _moments(seen: Observation, due: Due) -> Iterator[datetime | None]:
    """Another try, an end and the word of it, a start, the end of an override, the deadline of a start."""
    resource, failure = seen.resource, seen.resource.status.failure
    if failure is not None:
        yield failure.retry_at
    if seen.end is not None:
        yield seen.end.at
        yield seen.end.at - due.warning
    yield lifetimes.starts_at(resource, seen.standing, due.began, ended=seen.ended)
    yield window.override(resource, due.began)
    if (left := deadline.seconds_left(seen, due.began)) is not None:
        yield due.began + timedelta(seconds=left)
