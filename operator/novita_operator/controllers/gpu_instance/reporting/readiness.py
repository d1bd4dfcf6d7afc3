"""Ready, as a summary: the first thing that stands in the way, in a sentence. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from novita_operator.api import conditions, meta
from novita_operator.api.conditions import Condition
from novita_operator.api.gpu_instance.reasons import ConditionType, Phase, Reason
from novita_operator.api.gpu_instance.status import Failure
from novita_operator.controllers.gpu_instance.policies import restarts
from novita_operator.controllers.gpu_instance.reachability import connection
from novita_operator.controllers.gpu_instance.reporting import rest
from novita_operator.novita.models import Instance, InstanceState
from novita_operator.reconciling.conditions import Cond

if TYPE_CHECKING:
    from novita_operator.controllers.gpu_instance.reporting.facts import Facts


@dataclass(frozen=True, slots=True)
class Verdict:
    """Ready or not, why, and the phase for people."""

    ready: bool
    reason: Reason
    message: str
    phase: Phase
    stalled: bool = False

    @property
    def condition(self) -> Cond:
        return Cond(ConditionType.READY, "True" if self.ready else "False", self.reason, self.message)


def judge(facts: Facts) -> Verdict:
    """The verdict on a pass."""
    if facts.seen.deleting:
        return _deleting(facts)
    verdict = _living(facts)
    if facts.seen.paused and not verdict.ready and not verdict.stalled:
        text = f"Nothing is done while the annotation {meta.PAUSED} is true; remove it to go on."
        return Verdict(False, Reason.PAUSED, text, Phase(facts.old.phase or Phase.PENDING))
    return verdict


def _living(facts: Facts) -> Verdict:
    if facts.problem is not None:
        return _troubled(facts)
    if facts.failure is not None:
        return _failed(facts, facts.failure)
    if facts.instance_id is None:
        return _without_instance(facts)
    instance = facts.result.detail or facts.seen.instance
    if instance is None:
        return _unlisted(facts)
    match facts.seen.power:
        case "Stopped":
            return _towards_stopped(facts, instance)
        case "Released":
            text = f"Deleting instance {instance.id}: {rest.why(facts)}"
            return Verdict(False, Reason.STOPPING, text, Phase.STOPPING)
        case _:
            return _towards_running(facts, instance)


def _deleting(facts: Facts) -> Verdict:
    problem = facts.problem
    if problem is None:
        text = "Deleting the instance at Novita; the object goes when Novita no longer shows it."
        if facts.seen.absence.gone_polls and not facts.seen.belief.believed:
            text = (
                f"Novita shows instance {facts.instance_id} neither in its list nor by id. The object goes when that "
                "is believed: an outage looks the same."
            )
        if facts.seen.unproven:
            text = (
                f"Waiting to see instance {facts.instance_id} at Novita under this object's name, {facts.seen.name}: "
                "nothing is deleted by its id alone. It is looked for with each poll; it goes when that is done, "
                "or surely not there."
            )
        if facts.seen.paused:
            text = f"Deletion waits: the annotation {meta.PAUSED} is true. Remove it to go on."
        return Verdict(False, Reason.DELETING, text, Phase.DELETING)
    price = facts.old.price_per_hour
    bill = f" It may go on costing {price} USD/h meanwhile." if price else ""
    text = (
        f"Deletion of instance {facts.instance_id or facts.seen.name} is blocked. {problem.message}{bill} "
        f"It is tried again by itself; the object stays until the instance is gone. {_way_out(facts)}"
    )
    return Verdict(False, Reason.DELETION_BLOCKED, text, Phase.DELETING, stalled=problem.stalled)


def _way_out(facts: Facts) -> str:
    annotation = f"{meta.FORCE_FINALIZE}={facts.seen.left_behind}"
    if facts.seen.may_be_left:
        return f"To give up and let it cost, annotate the object with {annotation}."
    return f"It is not given up ({annotation}) before spec.tenancy of the account allows retention here."


def _unlisted(facts: Facts) -> Verdict:
    """The list lacks it: it is too young, or gone, or the list has missed it. An instance that runs stays Ready."""
    was = conditions.find(facts.conditions, ConditionType.READY)
    if facts.old.instance_id != facts.instance_id or (was is not None and was.reason == Reason.CREATING):
        text = f"Instance {facts.instance_id} is created; waiting until Novita's list shows it."
        return Verdict(False, Reason.CREATING, text, Phase.CREATING)
    if was is not None and was.status == "True" and _unchanged(facts) and not facts.seen.absence.gone_polls:
        return _as_before(facts, was)
    text = f"Novita's list lacks instance {facts.instance_id}; it is asked for by id before it counts as lost."
    if facts.seen.absence.gone_polls:
        text = f"Novita shows instance {facts.instance_id} neither in its list nor by id, and gave no reason."
        more = facts.seen.doubt or "It counts as lost when it stays away; nothing is rented in its place before."
        text = f"{text} {more}"
    lost = was is not None and was.reason == Reason.INSTANCE_LOST
    reason = Reason.INSTANCE_LOST if lost else Reason.NOT_LISTED
    return Verdict(False, reason, text, Phase(facts.old.phase or Phase.UNKNOWN))


def _as_before(facts: Facts, was: Condition) -> Verdict:
    return Verdict(True, Reason(was.reason), was.message, Phase(facts.old.phase or Phase.RUNNING))


def _troubled(facts: Facts) -> Verdict:
    """A problem of this pass. An instance that runs stays Ready: what cannot be seen now is not gone."""
    problem = facts.problem
    assert problem is not None  # noqa: S101 - the caller's condition, for the type checker
    was = conditions.find(facts.conditions, ConditionType.READY)
    if was is not None and was.status == "True" and problem.about is ConditionType.SYNCED and _unchanged(facts):
        return _as_before(facts, was)
    if facts.instance_id is None:
        phase = Phase.SCHEDULING if problem.about is ConditionType.SCHEDULED else Phase.PENDING
    else:
        phase = _phase(facts)
    return Verdict(False, problem.reason, problem.message, phase, problem.stalled)


def _phase(facts: Facts) -> Phase:
    """What the instance does meanwhile, whatever is in the way: one that runs is billed."""
    instance = facts.result.detail or facts.seen.instance
    if instance is not None and instance.state is InstanceState.RUNNING:
        return Phase.RUNNING
    if instance is not None and instance.state is not InstanceState.EXITED and instance.state in _ON_ITS_WAY:
        return _ON_ITS_WAY[instance.state][1]
    return Phase(facts.old.phase or Phase.CREATING)


def _unchanged(facts: Facts) -> bool:
    return facts.old.observed_generation == facts.seen.resource.meta.generation


def _failed(facts: Facts, failure: Failure) -> Verdict:
    running = facts.seen.instance is not None and facts.seen.instance.state.is_billed
    price = facts.old.price_per_hour
    bill = f" The instance still runs and costs {price} USD/h." if running and price else ""
    if failure.retry_at is not None:
        text = f"{failure.message}{bill} {_next_try(facts, failure, failure.retry_at)}"
        return Verdict(False, Reason(failure.reason), text, Phase.FAILED)
    text = (
        f"{failure.message}{bill} Edit the spec, or set the annotation {meta.RECONCILE_REQUESTED_AT} to the time of "
        "now, to try again."
    )
    return Verdict(False, Reason(failure.reason), text, Phase.FAILED, stalled=True)


def _next_try(facts: Facts, failure: Failure, at: datetime) -> str:
    if failure.reason in restarts.REPLACED:
        if failure.reason == "PriceAboveLimit":
            return "It is deleted, and another one is rented when an offer is within the limit."
        return "It is deleted, and another one is rented in its place."
    count = facts.result.restarts or facts.old.restarts
    most = facts.seen.resource.spec.restart_policy.max_attempts
    number = f" (attempt {count.count} of {most})" if count is not None else ""
    return f"Tried again at {at:%H:%M:%S} UTC{number}, as spec.restartPolicy asks."


def _without_instance(facts: Facts) -> Verdict:
    if facts.seen.may_be_rented and not facts.result.released:
        text = "A create call may have been carried out; looking for its instance by name before anything else is done."
        return Verdict(False, Reason.CREATE_OUTCOME_UNKNOWN, text, Phase.CREATING)
    if facts.seen.power != "Running":
        reason = Reason.ENDED if facts.seen.power == "Released" and facts.seen.ended else Reason.STOPPED
        text = f"{rest.why(facts)} {rest.without_instance(facts)}"
        return Verdict(True, reason, text, Phase.STOPPED)
    if facts.seen.refusal_settles_in:
        text = (
            "Novita refused the last create call, and may have carried it out all the same. Its list may hide that for "
            f"{facts.seen.list_lag.total_seconds():.0f} s; then it is looked for by name, and tried again."
        )
        return Verdict(False, Reason.CREATE_REFUSED, text, Phase.PENDING)
    if facts.seen.unnoted_may_be_rented:
        text = (
            "This object is older than the operator's process, which cannot know whether an instance was rented for it "
            f"a moment before. It is looked for by name for {facts.seen.list_lag.total_seconds():.0f} s before one is "
            "rented."
        )
        return Verdict(False, Reason.SCHEDULING, text, Phase.PENDING)
    text = "Choosing product, region and price."
    return Verdict(False, Reason.SCHEDULING, text, Phase.PENDING)


def _towards_stopped(facts: Facts, instance: Instance) -> Verdict:
    if instance.state is InstanceState.EXITED:
        text = f"Instance {instance.id} is stopped; only its disk is billed. {rest.why(facts)}"
        return Verdict(True, Reason.STOPPED, text, Phase.STOPPED)
    text = f"Stopping instance {instance.id}; Novita says {instance.word}."
    return Verdict(False, Reason.STOPPING, text, Phase.STOPPING)


_ON_ITS_WAY: dict[InstanceState, tuple[Reason, Phase, str]] = {
    InstanceState.PENDING: (Reason.CREATING, Phase.CREATING, "is being created"),
    InstanceState.CREATING: (Reason.CREATING, Phase.CREATING, "is being created"),
    InstanceState.PULLING: (Reason.PULLING, Phase.PULLING, "pulls its image; billing has started"),
    InstanceState.STARTING: (Reason.STARTING, Phase.STARTING, "is starting"),
    InstanceState.RESTARTING: (Reason.STARTING, Phase.STARTING, "is restarting"),
    InstanceState.RESETTING: (Reason.STARTING, Phase.STARTING, "is being reset"),
    InstanceState.MIGRATING: (Reason.MIGRATING, Phase.MIGRATING, "moves to another machine"),
    InstanceState.STOPPING: (Reason.STOPPING, Phase.STOPPING, "is stopping; it is started again afterwards"),
    InstanceState.EXITED: (Reason.STARTING, Phase.STARTING, "is stopped and is being started"),
}


def _towards_running(facts: Facts, instance: Instance) -> Verdict:
    state = instance.state
    if state is InstanceState.RUNNING:
        return _running(facts, instance)
    if state in _ON_ITS_WAY:
        reason, phase, doing = _ON_ITS_WAY[state]
        text = f"Instance {instance.id} {doing}.{_by_when(facts)}"
        return Verdict(False, reason, text, phase)
    if state is InstanceState.FROZEN:
        text = f"Novita has frozen instance {instance.id}, as it does for an account in arrears. Top up the account."
        return Verdict(False, Reason.FROZEN, text, Phase.FAILED, stalled=True)
    if state.is_leaving:
        text = f"Instance {instance.id} is being removed at Novita, and not by this object."
        return Verdict(False, Reason.INSTANCE_LOST, text, Phase.FAILED)
    text = f'Novita says "{instance.word}" of instance {instance.id}, which this version does not know.'
    return Verdict(False, Reason.UNKNOWN_STATUS, text, Phase.UNKNOWN)


def _running(facts: Facts, instance: Instance) -> Verdict:
    described = facts.result.detail is not None and connection.is_complete(facts.result.detail)
    if described or connection.is_current(facts.old, instance):
        if not facts.seen.reach.usable:
            return _unreached(facts, instance)
        if facts.seen.resource.spec.service is not None and not (facts.result.service or facts.old.service):
            text = f"Instance {instance.id} runs; its Service is made as soon as it is known where it leads to."
            return Verdict(False, Reason.NOT_REACHABLE, text, Phase.RUNNING)
        text = f"Instance {instance.id} runs; status.connection and its Secret say how to reach it.{rest.until(facts)}"
        return Verdict(True, Reason.READY, text, Phase.RUNNING)
    text = f"Instance {instance.id} runs; Novita has not given its connection details yet.{_by_when(facts)}"
    return Verdict(False, Reason.NOT_REACHABLE, text, Phase.RUNNING)


def _unreached(facts: Facts, instance: Instance) -> Verdict:
    reach, readiness = facts.seen.reach, facts.seen.resource.spec.readiness
    again = ""
    if readiness is not None and reach.keys.usable:
        again = f" It is looked at every {readiness.period_seconds} s."
    text = f"Instance {instance.id} runs, but {reach.why}.{again}{_by_when(facts)}"
    return Verdict(False, Reason.NOT_REACHABLE, text, Phase.RUNNING, reach.stalled)


def _by_when(facts: Facts) -> str:
    started = facts.result.started_at or facts.old.started_at
    in_time = facts.old.ready_at is not None and facts.result.started_at is None
    if started is None or in_time:
        return ""
    action = {"Delete": "deleted", "Stop": "stopped", "Keep": "kept and reported"}
    end = action[facts.seen.resource.spec.startup.on_timeout]
    begins = max(started, facts.seen.hindered_at or started)
    return f" If it is not Ready by {begins + facts.seen.startup:%H:%M:%S} UTC, it is {end}."
