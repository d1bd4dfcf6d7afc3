"""Spec x instances -> Step: ordered checks, first match wins. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from novita_operator.api.gpu_instance_set.spec import GPUInstanceSetSpec
from novita_operator.controllers.gpu_instance_set import action
from novita_operator.controllers.gpu_instance_set.deciding import replicas
from novita_operator.controllers.gpu_instance_set.observing.observation import Observation
from novita_operator.reconciling.owned import Child

# The API server cuts creation times down to whole seconds: an instance may be so much younger than it looks.
_CUT_OFF = timedelta(seconds=1)


def decide(seen: Observation, now: datetime) -> action.Step:
    """The next step for this set."""
    spec = seen.spec
    if spec is None or seen.paused or seen.deleting:
        # The instances of a set that is being deleted go through their ownerReferences.
        return action.Nothing()
    return (
        _too_many(seen, spec)
        or _outdated(seen, spec)
        or _too_few(seen, spec, now)
        or (action.Wait() if _under_way(seen) else action.Nothing())
    )


def _too_many(seen: Observation, spec: GPUInstanceSetSpec) -> action.Step | None:
    surplus = len(seen.live) - spec.replicas
    if surplus <= 0:
        return None
    return action.Remove(tuple(sorted(seen.live, key=_least_missed)[:surplus]), "Surplus")


def _least_missed(child: Child) -> tuple[bool, bool, bool, bool, Decimal, float, int]:
    """The order in which instances go: the failed, the ended, the not ready, the stopped, the dearest, the youngest."""
    price = child.price_per_hour or Decimal(0)
    youngest_first = -child.created_at.timestamp()
    rank = (child.trouble is None, not child.over, child.ready, child.running)
    return *rank, -price, youngest_first, -replicas.index_of(child.name)


def _outdated(seen: Observation, spec: GPUInstanceSetSpec) -> action.Step | None:
    """Replace old instances: no more than so many may be missing, on their way, or broken in their new form."""
    strategy = spec.update_strategy
    if strategy.type == "OnDelete" or not seen.outdated:
        return None
    missing = spec.replicas - len(seen.live)
    renewed_but_not_ready = sum(not child.ready for child in seen.live if seen.is_updated(child))
    budget = strategy.max_unavailable - missing - renewed_but_not_ready
    if budget <= 0:
        return None
    # Old ones that are not Ready anyway go first: nobody misses them.
    return action.Remove(tuple(sorted(seen.outdated, key=_least_missed)[:budget]), "Outdated")


def _too_few(seen: Observation, spec: GPUInstanceSetSpec, now: datetime) -> action.Step | None:
    """One more, if there is room. An instance that is being deleted keeps its place: it may still be billed."""
    if len(seen.children) >= spec.replicas:
        return None
    if len(seen.in_flight) >= spec.max_concurrent:
        return action.Wait()
    pause = _pause(seen, spec, now)
    if pause > 0:
        return action.Wait(pause)
    present = {child.name for child in seen.children}
    return action.Make(replicas.free_name(seen.resource.meta.name, present, seen.taken))


def _pause(seen: Observation, spec: GPUInstanceSetSpec, now: datetime) -> float:
    """Seconds until the next instance may be made."""
    interval = spec.create_interval_seconds
    made = [child.created_at for child in seen.children]
    if seen.resource.status.last_created_at is not None:
        made.append(seen.resource.status.last_created_at)
    if not made or not interval:
        return 0.0
    pause = timedelta(seconds=interval) + _CUT_OFF
    # A clock that was set back must not hold the set back for longer than the interval.
    return min(max(made) + pause - now, pause).total_seconds()


def _under_way(seen: Observation) -> bool:
    waiting = any(child.trouble is not None and not child.trouble.lasting for child in seen.live)
    returning = any(not child.ready and child.trouble is None for child in seen.live)
    return waiting or returning or bool(seen.going)
