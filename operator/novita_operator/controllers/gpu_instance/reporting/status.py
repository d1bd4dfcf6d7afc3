"""Facts -> status, conditions and Events. Pure; runs in every pass, also after a failure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from novita_operator.api import conditions, meta
from novita_operator.api.conditions import Condition
from novita_operator.api.gpu_instance.reasons import ConditionType, Phase, Reason
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import Binding, Connection, Failure, GPUInstanceStatus, HostKeyStatus
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.policies import cost, edits, use, window
from novita_operator.controllers.gpu_instance.policies import lifetime as lifetimes
from novita_operator.controllers.gpu_instance.reachability import authorized_keys, connection, host_keys
from novita_operator.controllers.gpu_instance.reporting import abnormal, blockers, owner, readiness
from novita_operator.controllers.gpu_instance.reporting import events as transitions
from novita_operator.controllers.gpu_instance.reporting.facts import Facts
from novita_operator.controllers.gpu_instance.result import Result
from novita_operator.reconciling.conditions import Cond, crash
from novita_operator.reconciling.outcome import Outcome

_TYPE = ConditionType
_WORD_CHARS = 64  # the bound of the schema


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a status is written for what always grows, seconds; and how long before an end it is announced."""

    cost_interval: float
    warning: timedelta


def report(seen: Observation, result: Result, now: datetime, pace: Pace) -> Outcome:
    """The status after this pass, and the Events for what changed since the one in the object."""
    if _nothing_is_known(seen, result):
        return Outcome(status=seen.resource.status.to_wire(), events=())
    problem = blockers.flaw(seen) or result.problem or blockers.problem(seen)
    facts = Facts(seen, result, problem, now)
    ready = readiness.judge(facts)
    status = _status(facts, ready, pace)
    events = transitions.events(facts.old, status, facts.result, seen)
    return Outcome(status=status.to_wire(), events=events)


def _nothing_is_known(seen: Observation, result: Result) -> bool:
    """Before an account's first poll has ended, as after each restart, and while a create call waits for its turn.

    What the status says is still the best guess: to take it back for a moment would tell the same Event again.
    """
    old = seen.resource.status
    same = bool(old.conditions) and old.observed_generation == seen.resource.meta.generation
    idle = replace(result, again=False, held_again=False, secret_restored=False) == Result()
    return same and (result == Result(queued=True) or (seen.account.state == "Starting" and idle))


def _status(facts: Facts, ready: readiness.Verdict, pace: Pace) -> GPUInstanceStatus:
    old, result, seen = facts.old, facts.result, facts.seen
    instance = result.detail or seen.instance
    in_place = facts.instance_id is not None
    changes = {
        "observed_generation": seen.resource.meta.generation,
        "conditions": _conditions(facts, ready),
        "phase": ready.phase,
        "instance_id": facts.instance_id,
        "instance_name": seen.name,
        "owner": owner.of(seen.resource),
        "connection": _connection(facts, ready),
        "authorized_keys": authorized_keys.noted(seen.reach.keys, seen.resource, seen.instance, facts.instance_id),
        "binding": _binding(facts),
        "service": (result.service or old.service) if seen.resource.spec.service is not None else None,
        "created_at": (result.created_at or old.created_at) if in_place else None,
        "novita_created_at": facts.novita_created_at if in_place else None,
        "started_at": _started_at(facts),
        "ready_at": _ready_at(facts, ready),
        "stopped_at": _stopped_at(facts, ready),
        "price_per_hour": str(price) if (price := facts.price_per_hour) is not None else None,
        "price_limit": _price_limit(facts),
        "attempts": result.attempt or old.attempts,
        "novita_status": instance.word[:_WORD_CHARS] if instance is not None and in_place else None,
        "failure": _failure(facts, ready),
        "restarts": result.restarts or old.restarts,
        **_life(facts, pace),
        "last_handled_reconcile_at": seen.resource.meta.reconcile_requested_at,
    }
    if (chosen := result.chosen) is not None:
        changes |= {
            "product": chosen.product,
            "region": chosen.region,
            "billing": chosen.billing,
            "image": chosen.image,
            "template": chosen.template,
            "selection": chosen.sentence,
        }
    updated = old.model_copy(update=changes).fitted()
    return updated.model_copy(update={"cost": cost.accrued(old, updated, facts.now, pace.cost_interval)})


def _price_limit(facts: Facts) -> str | None:
    if facts.instance_id is None:
        return None
    price = facts.result.price
    if price is None:
        return facts.old.price_limit
    return None if price.limit is None else str(price.limit)


def _started_at(facts: Facts) -> datetime | None:
    """From when the deadline counts: the last create or start call, or when another try was asked for."""
    if facts.result.released:
        return None
    if facts.seen.deadline_begins_anew:
        return facts.now
    return facts.result.started_at or facts.old.started_at


def _failure(facts: Facts, ready: readiness.Verdict) -> Failure | None:
    """A failure is remembered until another try has worked, so that each pass knows what is being repaired."""
    if ready.ready or facts.result.started_at is not None or facts.seen.deadline_begins_anew:
        return None
    return facts.result.failure or edits.carried(facts.old.failure, facts.seen.resource)


def _life(facts: Facts, pace: Pace) -> dict[str, Any]:
    """What spot, schedule and stops add."""
    old, result, seen, instance = facts.old, facts.result, facts.seen, facts.seen.instance
    power_state, overridden = seen.resource.spec.power_state, window.override(seen.resource, facts.now)
    starts_at = lifetimes.starts_at(seen.resource, seen.standing, facts.now, ended=seen.ended)
    fell_back = result.failure is not None and result.failure.reason == "SpotReclaimed"
    falls_back = fell_back and facts.seen.resource.spec.on_spot_reclaim == "FallbackOnDemand"
    end = facts.seen.end
    soon = end is not None and facts.ended is None and facts.now >= end.at - pace.warning
    runs = instance is not None and instance.state.is_billed and result.stopped_at is None
    kept = None if result.released or (runs and facts.seen.power == "Running") else old.data_kept_until
    ended = edits.carried(old.ended, seen.resource)
    return {
        "fallback_on_demand": True if falls_back else old.fallback_on_demand,
        "spot_reclaim_at": instance.spot_reclaim_at if instance is not None and instance.reclaimed else None,
        "ended": result.ended or (ended if result.started_at is None or overridden is not None else None),
        "starts_at": starts_at if power_state == "Running" and not seen.deleting else None,
        "overridden_until": overridden,
        "ends_at": end.at.replace(microsecond=0) if end is not None and soon else None,
        "last_busy_at": _busy_at(facts),
        "last_use": use.noted(facts.seen.resource, facts.now),
        "data_kept_until": result.data_kept_until or kept,
    }


def _busy_at(facts: Facts) -> datetime | None:
    """Written when it has moved by a quarter of the idle time: exact enough for a restart, and no write per look."""
    lifetime, old, new = facts.seen.resource.spec.lifetime, facts.old.last_busy_at, facts.result.busy_at
    if lifetime is None or lifetime.idle is None:
        return None
    if new is None or (old is not None and new - old < timedelta(seconds=lifetime.idle.after_seconds / 4)):
        return old
    return new


def _conditions(facts: Facts, ready: readiness.Verdict) -> tuple[Condition, ...]:
    wanted = [ready.condition, _scheduled(facts), _provisioned(facts), _synced(facts)]
    if (stalled := _stalled(facts, ready)) is not None:
        wanted.append(stalled)
    elif not ready.ready and not facts.seen.paused:
        wanted.append(Cond(_TYPE.RECONCILING, "True", ready.reason, ready.message))
    wanted += abnormal.conditions(facts)
    generation = facts.seen.resource.meta.generation
    return conditions.merge(facts.conditions, [cond.at(facts.reported_at, generation) for cond in wanted])


def _stalled(facts: Facts, ready: readiness.Verdict) -> Cond | None:
    """What needs a person, also where the instance runs on meanwhile."""
    problem = facts.problem
    if ready.stalled:
        return Cond(_TYPE.STALLED, "True", ready.reason, ready.message)
    if problem is not None and problem.reason is Reason.NAME_DIFFERS:
        return Cond(_TYPE.STALLED, "True", problem.reason, problem.message)
    if facts.seen.renamed and facts.seen.frozen is not None:
        return Cond(_TYPE.STALLED, "True", Reason.CLUSTER_ID_CHANGED, facts.seen.frozen)
    return None


def _scheduled(facts: Facts) -> Cond:
    problem = facts.problem
    if problem is not None and problem.about is _TYPE.SCHEDULED:
        return Cond(_TYPE.SCHEDULED, "False", problem.reason, problem.message)
    chosen = facts.result.chosen
    sentence = chosen.sentence if chosen is not None else facts.old.selection
    if facts.instance_id is not None:
        return Cond(_TYPE.SCHEDULED, "True", Reason.SELECTED, sentence or "An instance of this object exists.")
    return Cond(_TYPE.SCHEDULED, "Unknown", Reason.SCHEDULING, "No product, region and price is chosen yet.")


def _provisioned(facts: Facts) -> Cond:
    problem, failure = facts.problem, facts.failure
    if facts.instance_id is not None:
        if failure is not None and failure.reason == "InstanceLost":
            return Cond(_TYPE.PROVISIONED, "False", Reason.INSTANCE_LOST, failure.message)
        if problem is not None and problem.about is _TYPE.PROVISIONED and problem.reason is Reason.NAME_DIFFERS:
            return Cond(_TYPE.PROVISIONED, "False", problem.reason, problem.message)
        return Cond(_TYPE.PROVISIONED, "True", Reason.CREATED, f"Instance {facts.instance_id} exists at Novita.")
    if problem is not None and problem.about is _TYPE.PROVISIONED:
        unknown = problem.reason is Reason.CREATE_OUTCOME_UNKNOWN
        return Cond(_TYPE.PROVISIONED, "Unknown" if unknown else "False", problem.reason, problem.message)
    intent = facts.seen.intent
    if intent is not None and intent.pending and not facts.result.released:
        text = f"A create call of {intent.at:%H:%M:%S} UTC may have been carried out; looking for its instance by name."
        return Cond(_TYPE.PROVISIONED, "Unknown", Reason.CREATE_OUTCOME_UNKNOWN, text)
    if failure is not None:
        return Cond(_TYPE.PROVISIONED, "False", Reason(failure.reason), failure.message)
    return Cond(_TYPE.PROVISIONED, "False", Reason.NOT_CREATED, "No instance is rented for this object.")


def _synced(facts: Facts) -> Cond:
    problem = facts.problem
    if facts.seen.paused:
        text = f"Nothing is done while the annotation {meta.PAUSED} is true; remove it to go on."
        return Cond(_TYPE.SYNCED, "False", Reason.PAUSED, text)
    if problem is not None and problem.about is _TYPE.SYNCED:
        return Cond(_TYPE.SYNCED, "False", problem.reason, problem.message)
    if problem is not None:
        return Cond(_TYPE.SYNCED, "False", problem.reason, "The last pass could not do what the spec asks; see Ready.")
    if (refused := facts.seen.disk_denied) is not None:
        return Cond(_TYPE.SYNCED, "False", Reason.NOT_ALLOWED, f"The root disk does not grow. {refused.message}")
    return Cond(_TYPE.SYNCED, "True", Reason.SUCCESS, "The last pass did what the spec asks.")


def crashed(resource: GPUInstance, error: Exception, pause: float, now: datetime) -> dict[str, Any]:
    """The status after a pass that ended with an error nobody expected: all else stays as it was."""
    old = resource.status
    reason, text = crash(error, pause)
    generation = resource.meta.generation
    told = [Cond(_TYPE.SYNCED, "False", reason, text)]
    if conditions.find(old.conditions, _TYPE.READY) is None:
        told.append(Cond(_TYPE.READY, "Unknown", reason, text))
    new = {cond.type: cond.at(now, generation) for cond in told}
    kept = [known for known in old.conditions if known.type not in new]
    merged = conditions.merge(old.conditions, [*kept, *new.values()])
    return old.model_copy(update={"conditions": merged}).to_wire()


def _connection(facts: Facts, ready: readiness.Verdict) -> Connection | None:
    if facts.instance_id is None or ready.phase in {Phase.STOPPED, Phase.STOPPING}:
        return None
    detail, known = facts.result.detail, facts.old.connection
    if detail is not None and connection.is_complete(detail):
        described = connection.describe(detail, connection.secret_name(facts.seen.resource))
        # What the list lacks must not stay in the status: it would count as out of date for ever.
        known = connection.as_listed(described, facts.seen.instance)
    return None if known is None else known.model_copy(update={"host_key": _host_key(facts)})


def _host_key(facts: Facts) -> HostKeyStatus | None:
    """The recorded one stays until the operator itself starts the instance again, whatever else happens to it."""
    old = facts.old.connection.host_key if facts.old.connection is not None else None
    if facts.result.host_key is None and (facts.result.started_at is not None or host_keys.recorded(facts.old) is None):
        return None
    # Where another try is asked for, the deadline begins anew, and nothing is started.
    found = facts.result.host_key or old
    return None if found is None else found.model_copy(update={"started_at": _started_at(facts)})


def _binding(facts: Facts) -> Binding | None:
    """The Secret stays as long as the object, once it is written."""
    if facts.result.detail is not None and connection.is_complete(facts.result.detail):
        return Binding(name=connection.secret_name(facts.seen.resource))
    secret = facts.old.connection.secret_ref if facts.old.connection is not None else None
    return Binding(name=secret.name) if secret is not None else facts.old.binding


def _ready_at(facts: Facts, ready: readiness.Verdict) -> datetime | None:
    """The first Ready after the last create or start call; it stays until the next such call."""
    if facts.result.released or facts.result.started_at is not None:
        return None
    if ready.reason is Reason.READY:
        return facts.old.ready_at or facts.now
    return facts.old.ready_at


def _stopped_at(facts: Facts, ready: readiness.Verdict) -> datetime | None:
    if facts.result.released or facts.result.started_at is not None:
        return None
    if facts.result.stopped_at is not None:
        return facts.result.stopped_at
    if ready.reason is Reason.STOPPED and facts.instance_id is not None:
        return facts.old.stopped_at or facts.now
    # It runs, whatever Novita said of the start call: what ends it next is no stop of ours.
    return None if ready.reason is Reason.READY else facts.old.stopped_at
