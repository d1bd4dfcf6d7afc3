"""Desired x observed -> Action: ordered checks, first match wins. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from novita_operator.controllers.gpu_instance import action
from novita_operator.controllers.gpu_instance.deciding import checks as guards
from novita_operator.controllers.gpu_instance.deciding import deadline, deletion, ending, holding
from novita_operator.controllers.gpu_instance.deciding.checks import Check
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.policies import drift, restarts
from novita_operator.controllers.gpu_instance.reachability import connection
from novita_operator.novita.models import Instance, InstanceState


def decide(seen: Observation, now: datetime) -> action.Action:
    """The next step for this object."""
    checks = deletion.CHECKS if seen.deleting else _LIVING
    for check in checks:
        if (found := check(seen, now)) is not None:
            return found
    return action.Nothing()


def _unreadable(seen: Observation, now: datetime) -> action.Action | None:
    """Of a spec that cannot be read as a whole, what can be read still ends: a stop, and every deadline."""
    unreadable = seen.resource.unreadable
    return None if unreadable is None else _what_ends(seen, now) or action.Nothing()


def _ends_all_the_same(seen: Observation, now: datetime) -> action.Action | None:
    """An account that rents nothing can still end what costs: where lists fail, a stop or a delete may work."""
    if seen.account.state == "NotAdmitted":
        # Nothing is asked about an instance that does not carry our name: it may be anybody's.
        ours = seen.fresh and seen.adopts is None and bool(seen.found)
        return guards.more_than_one(seen, now) or _what_ends(seen, now) if ours else None
    if seen.account.state not in {"Unreachable", "KeyRejected"} or seen.not_ours is not None:
        return None
    match step := _what_ends(seen, now):
        case action.Stop():
            asked = seen.resource.status.stopped_at is not None
        case action.Delete():
            asked = seen.absence.delete_settles
        case action.End() | action.Fail():
            asked = False
        case _:
            return None
    # What was called for is not repeated by a list that was read before the call.
    return step if seen.fresh or not asked else None


def _what_ends(seen: Observation, now: datetime) -> action.Action | None:
    """A stop that the spec asks for, and deadlines; each only where it can be read."""
    unreadable, instance = seen.resource.unreadable, seen.instance
    if unreadable is not None and not unreadable.can_delete:
        return None
    end = _lifetime_is_over(seen, now)
    if end is None and instance is not None and seen.power == "Stopped":
        end = _towards_stopped(instance)
    if end is None and (unreadable is None or "startup" not in unreadable.fields):
        end = _startup_is_over(seen, now)
    return end


def _startup_is_over(seen: Observation, now: datetime) -> action.Action | None:
    failure, instance = seen.resource.status.failure, seen.instance
    if failure is not None and seen.failure_stands:
        return _end_billing(seen, now) if failure.reason == "StartupTimeout" and instance is not None else None
    return deadline.too_late(seen, instance, now) if instance is not None and seen.power == "Running" else None


def _id_not_recorded(seen: Observation, _: datetime) -> action.Action | None:
    if seen.instance_id is None and seen.live:
        return action.Take(seen.live[0].id)
    return None


def _price_is_unproven(seen: Observation, _: datetime) -> action.Action | None:
    """Once after each poll, and nothing waits for it: the rest goes on where the price cannot be seen."""
    if seen.instance_id is None or not seen.price_due:
        return None
    return action.ProvePrice(seen.instance_id)


def _failed_before(seen: Observation, now: datetime) -> action.Action | None:
    """After a recorded failure: end what is billed, as `startup.onTimeout` says, and rent nothing."""
    failure = seen.resource.status.failure
    if failure is None or not seen.failure_stands:
        return None
    if seen.instance_id is None and not seen.found:
        return action.Nothing() if not seen.held else ending.let_go(seen)
    if failure.reason == "StartupTimeout":
        return _end_billing(seen, now)
    if failure.retry_at is not None and seen.instance is not None:
        # Its time will come; until then the instance is left as it is, unless spec.lifetime ends it.
        return _lifetime_is_over(seen, now) or (
            _towards_stopped(seen.instance) if seen.power == "Stopped" else action.Nothing()
        )
    if failure.reason == "InstanceLost":
        return _gone(seen, now)
    return None


def _end_billing(seen: Observation, now: datetime) -> action.Action | None:
    match seen.resource.spec.startup.on_timeout:
        case "Delete":
            return ending.delete_all(seen, now)
        case "Stop":
            instance = seen.instance
            return None if instance is None else ending.stop(instance)
        case "Keep":
            return None
        case other:
            assert_never(other)


def _replaced(seen: Observation, now: datetime) -> action.Action | None:
    """The instance of such a failure is of no use: it goes before another one comes."""
    failure = seen.resource.status.failure
    if failure is None or seen.failure_stands or failure.reason not in restarts.REPLACED or seen.power != "Running":
        return None
    old = failure.instance_id is not None and failure.instance_id == seen.instance_id
    return ending.delete_all(seen, now) if old else None


def _reclaimed(seen: Observation, _: datetime) -> action.Action | None:
    """Novita takes the spot instance back, or has done so."""
    instance, failure = seen.instance, seen.resource.status.failure
    if instance is None or seen.power != "Running" or not instance.reclaimed:
        return None
    if instance.state is InstanceState.MIGRATING or instance.jobs:
        # Novita moves it by itself; what comes of that is seen in the list.
        return action.Wait(moving=True)
    if failure is not None and failure.reason == "SpotReclaimed" and failure.instance_id == instance.id:
        return None
    if seen.resource.spec.on_spot_reclaim == "Stop" and instance.state is not InstanceState.EXITED:
        return None
    when = f" at {instance.spot_reclaim_at:%H:%M:%S} UTC" if instance.spot_reclaim_at else ""
    text = f"Novita takes spot instance {instance.id} back{when}."
    return action.Fail("SpotReclaimed", text, "the spot instance was taken back")


def _lifetime_is_over(seen: Observation, now: datetime) -> action.Action | None:
    if seen.power == "Released" and (seen.instance_id is not None or seen.found):
        return ending.delete_all(seen, now)
    end = seen.end
    if end is not None and end.cause == "Schedule" and seen.standing is not None:
        return None  # a window that has closed is wanted power, and no end
    if seen.power == "Running" and seen.instance_id is not None and end is not None and end.at <= now:
        return action.End(end.cause, end.action, end.message)
    return None


def _no_instance(seen: Observation, _: datetime) -> action.Action | None:
    if seen.instance_id is not None or seen.found:
        return None
    if seen.may_be_rented:
        return guards.NEXT_POLL
    if seen.power != "Running" or seen.flaw is not None:
        return action.Nothing()
    if seen.doubt is not None or seen.frozen is not None:
        return action.Wait(poll=True)
    if seen.denied is not None:
        # An edit of the account wakes the object.
        return action.Nothing()
    if seen.refusal_settles_in:
        return action.Wait(seconds=seen.refusal_settles_in.total_seconds())
    if seen.unnoted_may_be_rented:
        return guards.NEXT_POLL
    return action.Launch() if seen.adopts is None else action.Adopt(seen.adopts)


def _gone(seen: Observation, _: datetime) -> action.Action | None:
    """An id that the list no longer shows: believed after the list lag, and after two looks by id."""
    if seen.instance_id is None or seen.instance is not None:
        return None
    if seen.create_may_be_hidden:
        return guards.NEXT_POLL
    if not seen.belief.believed:
        return ending.check_again(seen, seen.instance_id)
    if seen.live:
        # The recorded one is gone, and another carries our name: what was a duplicate is now the instance.
        return action.Take(seen.live[0].id)
    failure = seen.resource.status.failure
    # Told already: a user who asks for another try before it is let go asks for the next one, and for no second report.
    told = failure is not None and failure.reason == "InstanceLost" and failure.instance_id == seen.instance_id
    if told or (failure is not None and seen.failure_stands):
        return action.Release(check_first=True)
    return action.Fail(
        "InstanceLost",
        f"Instance {seen.instance_id} no longer exists at Novita; somebody else deleted it, or Novita did.",
    )


def _present(seen: Observation, now: datetime) -> action.Action | None:
    instance = seen.instance
    if instance is None:
        return None
    if seen.power == "Stopped":
        return _towards_stopped(instance)
    return _towards_running(seen, instance, now)


def _towards_stopped(instance: Instance) -> action.Action:
    if instance.state is InstanceState.EXITED:
        return action.Nothing()
    return ending.stop(instance)


def _towards_running(seen: Observation, instance: Instance, now: datetime) -> action.Action:
    match instance.state:
        case InstanceState.RUNNING:
            if connection.is_current(seen.resource.status, instance):
                return _in_place(seen, instance) if seen.reach.usable else _unreached(seen, instance, now)
            return deadline.too_late(seen, instance, now) or action.Describe(instance.id)
        case InstanceState.EXITED:
            return _exited(seen, instance)
        case InstanceState.REMOVING | InstanceState.REMOVED:
            return guards.NEXT_POLL
        case InstanceState.FROZEN:
            return action.Nothing()
        case _:
            return deadline.too_late(seen, instance, now) or _under_way(seen, now)


def _in_place(seen: Observation, instance: Instance) -> action.Action:
    """It runs, and is described: what is left is to change what the spec changed, and to see whether it is used."""
    if instance.bare:
        return action.Describe(instance.id, again=True)
    change = drift.edit(seen.resource.spec, instance, seen.most_rootfs_gb)
    if change is not None:
        return action.Wait(moving=True) if seen.edit_settles else change
    return action.Measure(instance.id) if seen.measure else action.Nothing()


def _unreached(seen: Observation, instance: Instance, now: datetime) -> action.Action:
    """It runs, and spec.readiness does not hold: the deadline counts on, and so does what the spec asks for."""
    step = deadline.too_late(seen, instance, now) or _in_place(seen, instance)
    seconds = deadline.seconds_left(seen, now)
    return step if seconds is None or not isinstance(step, action.Nothing) else action.Wait(seconds=seconds)


def _exited(seen: Observation, instance: Instance) -> action.Action:
    failure = seen.resource.status.failure
    if failure is not None and seen.failure_stands:
        return action.Nothing()
    if failure is not None or (seen.resource.status.stopped_at is not None and not instance.error):
        # We stopped it, or it failed and the user asks for another try.
        return action.Start(instance.id) if seen.denied is None and seen.flaw is None else action.Nothing()
    if instance.bare and instance.is_spot:
        return action.Describe(instance.id)  # only a check by id tells whether it was taken back
    said = (
        f"Novita says: {instance.error}." if instance.error else "Novita gives no reason; its command may have ended."
    )
    return action.Fail("Failed", f"Instance {instance.id} ended by itself. {said}", instance.error or None)


def _under_way(seen: Observation, now: datetime) -> action.Wait:
    """A change in the list wakes the object, and so does the deadline."""
    return action.Wait(moving=True, seconds=deadline.seconds_left(seen, now))


_LIVING: tuple[Check, ...] = (
    holding.not_held,
    guards.paused,
    _ends_all_the_same,
    guards.account_is_of_no_use,
    guards.not_ours,
    _id_not_recorded,
    _price_is_unproven,
    guards.view_is_old,
    guards.more_than_one,
    _unreadable,
    _failed_before,
    _replaced,
    _lifetime_is_over,
    _no_instance,
    _gone,
    _reclaimed,
    _present,
)
