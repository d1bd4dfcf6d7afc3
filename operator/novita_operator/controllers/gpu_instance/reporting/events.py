"""Status before and after -> Events: on transitions only, so that neither a loop nor a restart repeats one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from novita_operator.api import conditions, meta
from novita_operator.api.events import Event, EventReason
from novita_operator.api.gpu_instance.reasons import TROUBLES, ConditionType, Phase, Reason
from novita_operator.api.gpu_instance.status import GPUInstanceStatus
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.reachability import connection
from novita_operator.controllers.gpu_instance.result import Result

_READY = ConditionType.READY


def events(old: GPUInstanceStatus, new: GPUInstanceStatus, result: Result, seen: Observation) -> tuple[Event, ...]:
    """The Events of one pass, in the order in which things happened."""
    return (
        tuple(_from_result(old, new, result, seen))
        + tuple(_from_repairs(new, result, seen))
        + tuple(_from_end(old, new, result, seen))
        + tuple(_from_life(old, new))
        + tuple(_from_phase(old, new))
        + tuple(_from_trouble(old, new))
    )


def _from_result(old: GPUInstanceStatus, new: GPUInstanceStatus, result: Result, seen: Observation) -> Iterator[Event]:
    if result.chosen is not None:
        yield Event(type="Normal", reason=EventReason.SCHEDULED, message=result.chosen.sentence)
    if result.instance_id is not None and result.instance_id != old.instance_id:
        yield _gained(old, new, result, seen)


def _from_repairs(new: GPUInstanceStatus, result: Result, seen: Observation) -> Iterator[Event]:
    """What somebody had removed or changed, and what was one too many."""
    if result.held_again:
        yield _held_again()
    if result.secret_restored:
        yield _restored(connection.secret_name(seen.resource))
    if result.duplicates_removed:
        yield _duplicates_removed(new, result, seen)


def _from_end(old: GPUInstanceStatus, new: GPUInstanceStatus, result: Result, seen: Observation) -> Iterator[Event]:
    if result.failure is not None and result.failure.reason == "StartupTimeout":
        yield Event(type="Warning", reason=EventReason.STARTUP_TIMEOUT, message=_after_timeout(result, seen))
    if result.abandoned is not None:
        yield _abandoned(old, result.abandoned)
    elif result.released and old.instance_id is not None:
        yield _released(old, new, seen)


def _duplicates_removed(new: GPUInstanceStatus, result: Result, seen: Observation) -> Event:
    ids = ", ".join(result.duplicates_removed)
    text = f"Several instances carried the name {seen.name}; kept {new.instance_id}, deleted {ids}."
    return Event(type="Warning", reason=EventReason.DUPLICATES_REMOVED, message=text)


def _restored(secret: str) -> Event:
    text = f"Somebody had deleted or changed Secret {secret}; it was written again, as Novita says how to reach it."
    return Event(type="Warning", reason=EventReason.SECRET_RESTORED, message=text)


def _gained(old: GPUInstanceStatus, new: GPUInstanceStatus, result: Result, seen: Observation) -> Event:
    if result.adopted and seen.adopts is not None:
        text = f"Took over instance {new.instance_id}, as spec.adopt asks; it is deleted with this object."
        return Event(type="Normal", reason=EventReason.ADOPTED, message=text)
    if result.adopted:
        text = f"Found instance {new.instance_id} under this object's name, from a call whose answer was lost."
        return Event(type="Normal", reason=EventReason.ADOPTED, message=text)
    text = f"Rented instance {new.instance_id} in {new.region} for {new.price_per_hour} USD/h"
    if old.failure is not None and old.failure.instance_id is not None:
        text = f"{text} in place of {old.failure.instance_id}: {old.failure.message}"
        return Event(type="Normal", reason=EventReason.RECREATED, message=text)
    return Event(type="Normal", reason=EventReason.CREATED, message=f"{text}.")


def _held_again() -> Event:
    text = (
        f"This object has, or may have, an instance, and its finalizer {meta.FINALIZER} was gone; it was put back. "
        "Without it the object could go and leave an instance that costs. kubectl replace and Argo CD's Replace=true "
        "drop it: use kubectl apply, or server-side apply."
    )
    return Event(type="Warning", reason=EventReason.HELD_AGAIN, message=text)


def _after_timeout(result: Result, seen: Observation) -> str:
    said = result.failure.message if result.failure else ""
    match seen.resource.spec.startup.on_timeout:
        case "Delete":
            return f"{said} Deleting it, which ends the billing (spec.startup.onTimeout is Delete)."
        case "Stop":
            return f"{said} Stopping it (spec.startup.onTimeout is Stop)."
        case _:
            return f"{said} It is kept and goes on costing money (spec.startup.onTimeout is Keep)."


def _abandoned(old: GPUInstanceStatus, left_behind: str) -> Event:
    price = f" and may go on costing {old.price_per_hour} USD/h" if old.price_per_hour else ""
    text = f"Deletion was given up by annotation: {left_behind} may still exist at Novita{price}. Delete it there."
    return Event(type="Warning", reason=EventReason.FORCE_FINALIZED, message=text)


def _released(old: GPUInstanceStatus, new: GPUInstanceStatus, seen: Observation) -> Event:
    if not seen.deleting or seen.resource.spec.deletion_policy == "Delete":
        text = f"Instance {old.instance_id} is gone at Novita; nothing of it is billed any more."
        failure = old.failure
        if failure is not None and failure.reason == Reason.PRICE_ABOVE_LIMIT:
            spent = new.cost.amount if new.cost is not None else "0.0000"
            text += f" It was above the price limit; this object has cost {spent} USD so far."
        return Event(type="Normal", reason=EventReason.DELETED, message=text)
    state = "is left as it is" if seen.resource.spec.deletion_policy == "Retain" else "is left stopped"
    price = f" It goes on costing {old.price_per_hour} USD/h while it runs." if old.price_per_hour else ""
    text = f"spec.deletionPolicy: instance {old.instance_id} ({seen.name}) {state} at Novita.{price}"
    return Event(type="Warning", reason=EventReason.RETAINED, message=text)


def _from_life(old: GPUInstanceStatus, new: GPUInstanceStatus) -> Iterator[Event]:
    """The ends that spec.lifetime makes, and what somebody did at Novita."""
    if new.ends_at is not None and new.ends_at != old.ends_at:
        text = f"spec.lifetime ends the instance at {new.ends_at:%H:%M:%S} UTC; edit it to go on longer."
        yield Event(type="Normal", reason=EventReason.ENDING_SOON, message=text)
    if new.ended is not None and (old.ended is None or old.ended.at != new.ended.at):
        verb = "stopping" if new.ended.action == "Stop" else "deleting"
        text = f"spec.lifetime has ended the instance ({new.ended.cause}): {verb} it."
        yield Event(type="Normal", reason=EventReason.ENDED, message=text)
    for kind, reason in _ABNORMAL.items():
        found = conditions.find(new.conditions, kind)
        if found is not None and conditions.find(old.conditions, kind) is None:
            yield Event(type="Warning", reason=reason, message=found.message)


_ABNORMAL: dict[ConditionType, EventReason] = {
    ConditionType.DRIFTED: EventReason.DRIFTED,
    ConditionType.HOST_KEY_CHANGED: EventReason.HOST_KEY_CHANGED,
    ConditionType.AUTHORIZED_KEYS_PENDING: EventReason.AUTHORIZED_KEYS_PENDING,
    ConditionType.PRICE_ABOVE_LIMIT: EventReason.PRICE_ABOVE_LIMIT,
    ConditionType.SPOT_RECLAIMING: EventReason.SPOT_RECLAIMED,
}
"""Conditions that are told once, when they appear."""

_PHASES: dict[Phase, EventReason] = {
    Phase.PULLING: EventReason.PULLING,
    Phase.STOPPED: EventReason.STOPPED,
}


def _from_phase(old: GPUInstanceStatus, new: GPUInstanceStatus) -> Iterator[Event]:
    ready = conditions.find(new.conditions, _READY)
    if ready is None:
        return
    was = conditions.find(old.conditions, _READY)
    if old.phase != new.phase and new.phase in _PHASES and new.instance_id is not None:
        yield Event(type="Normal", reason=_PHASES[Phase(new.phase)], message=ready.message)
    if old.phase == Phase.STOPPED and new.phase == Phase.STARTING:
        yield Event(type="Normal", reason=EventReason.STARTED, message=ready.message)
    became_ready = ready.status == "True" and (was is None or was.status != "True")
    was_ready = was is not None and was.status == "True" and was.reason == Reason.READY
    if was_ready and ready.status != "True" and ready.reason == Reason.NOT_REACHABLE:
        yield Event(type="Warning", reason=EventReason.NOT_REACHABLE, message=ready.message)
    if became_ready and ready.reason == Reason.READY:
        yield Event(type="Normal", reason=EventReason.READY, message=ready.message)


_WATCHED: tuple[Callable[[GPUInstanceStatus], conditions.Condition | None], ...] = (
    lambda status: conditions.find(status.conditions, _READY),
    lambda status: conditions.find(status.conditions, ConditionType.SYNCED),
)


def _from_trouble(old: GPUInstanceStatus, new: GPUInstanceStatus) -> Iterator[Event]:
    """A Warning when a condition takes on a reason that a person should hear of; once, whichever shows it first."""
    told: set[EventReason] = set()
    for watched in _WATCHED:
        before, after = watched(old), watched(new)
        if after is None or (before is not None and before.reason == after.reason):
            continue
        reason = TROUBLES.get(Reason(after.reason)) if after.status != "True" else None
        if reason is not None and reason not in told:
            told.add(reason)
            yield Event(type="Warning", reason=reason, message=after.message)
