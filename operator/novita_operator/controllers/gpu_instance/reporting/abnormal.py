"""Conditions that exist only while they are true, beside Stalled and Reconciling. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from novita_operator.api import conditions as api_conditions
from novita_operator.api import meta
from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.controllers.gpu_instance.reachability import host_keys
from novita_operator.controllers.gpu_instance.reporting import interference
from novita_operator.controllers.gpu_instance.result import data_at_risk
from novita_operator.novita.models import InstanceState
from novita_operator.reconciling.conditions import Cond

if TYPE_CHECKING:
    from novita_operator.controllers.gpu_instance.reporting.facts import Facts

_TYPE = ConditionType


def conditions(facts: Facts) -> list[Cond]:
    """Those of this pass."""
    found = (
        _spot(facts),
        _drifted(facts),
        _other_host_key(facts),
        _keys_pending(facts),
        _too_dear(facts),
        _at_risk(facts),
        _unreadable(facts),
    )
    return [cond for cond in found if cond is not None]


def _spot(facts: Facts) -> Cond | None:
    instance = facts.seen.instance
    if instance is None or not instance.reclaimed or facts.seen.deleting:
        return None
    when = f" at {instance.spot_reclaim_at:%Y-%m-%d %H:%M:%S} UTC" if instance.spot_reclaim_at else ""
    policy = facts.seen.resource.spec.on_spot_reclaim
    text = f"Novita takes spot instance {instance.id} back{when}; spec.onSpotReclaim is {policy}."
    return Cond(_TYPE.SPOT_RECLAIMING, "True", Reason.SPOT_RECLAIMED, text)


def _drifted(facts: Facts) -> Cond | None:
    text = interference.explain(facts.seen)
    return Cond(_TYPE.DRIFTED, "True", Reason.CHANGED_ELSEWHERE, text) if text is not None else None


def _other_host_key(facts: Facts) -> Cond | None:
    """What was told stays true until a look shows the recorded key again, also over a restart of the operator."""
    seen, known = facts.seen, host_keys.recorded(facts.old)
    instance, shown = seen.instance, seen.reach.host_key
    if known is None or instance is None or instance.state is not InstanceState.RUNNING or seen.deleting:
        return None
    if shown.state == "Unseen":
        told = api_conditions.find(facts.conditions, _TYPE.HOST_KEY_CHANGED)
        return Cond(_TYPE.HOST_KEY_CHANGED, "True", Reason.HOST_KEY_CHANGED, told.message) if told is not None else None
    if shown.state != "Changed" or shown.key is None:
        return None
    new = shown.key.fingerprint
    text = (
        f"ssh of instance {instance.id} shows the host key {new}, and {known} was recorded when the operator started "
        "it. Somebody may listen in between, or the instance was upgraded, moved or reinstalled by somebody else. The "
        "operator sends no password there, and nobody should. If you know why it is another one, trust it: kubectl "
        f"annotate gpui {seen.resource.meta.name} {meta.TRUST_HOST_KEY}={new} --overwrite. If not, delete the object, "
        "which ends the instance."
    )
    return Cond(_TYPE.HOST_KEY_CHANGED, "True", Reason.HOST_KEY_CHANGED, text)


def _keys_pending(facts: Facts) -> Cond | None:
    """What was told stays true until a look has brought them there, also over a restart of the operator."""
    seen, known = facts.seen, facts.seen.reach.keys.known
    instance = seen.instance
    if instance is None or instance.state is not InstanceState.RUNNING or seen.deleting or seen.power != "Running":
        return None
    if not known.looked:
        wanted = seen.reach.keys.asked or facts.old.authorized_keys is not None
        told = api_conditions.find(facts.conditions, _TYPE.AUTHORIZED_KEYS_PENDING) if wanted else None
        return Cond(_TYPE.AUTHORIZED_KEYS_PENDING, "True", Reason(told.reason), told.message) if told else None
    if known.hindrance is None:
        return None
    count = known.written.count if known.written is not None else 0
    there = f"The {count} that were there before still let in" if count else "None of them lets in yet"
    text = (
        f"The keys of instance {instance.id} are not as spec.authorizedKeys and authorizedKeysFrom ask: "
        f"{known.hindrance.message.rstrip('.')}. {there}; the password does. It is tried again by itself."
    )
    return Cond(_TYPE.AUTHORIZED_KEYS_PENDING, "True", known.hindrance.reason, text)


def _too_dear(facts: Facts) -> Cond | None:
    """A price that rose later, or a limit that was lowered, ends nothing."""
    seen, limit = facts.seen, facts.seen.resource.spec.max_price_per_hour
    ending = facts.failure is not None and facts.failure.reason == Reason.PRICE_ABOVE_LIMIT
    if limit is None or seen.instance is None or seen.deleting or ending or seen.price_limit is not None:
        return None
    price = facts.price_per_hour
    if price is not None and price > limit:
        text = f"Instance {seen.instance.id} costs {price} USD/h, and spec.maxPricePerHour is {limit}."
    elif seen.listed_price is not None and seen.listed_price > limit:
        text = (
            f"Novita's catalogue asks {seen.listed_price} USD/h now for what instance {seen.instance.id} was rented "
            f"as, and spec.maxPricePerHour is {limit}. Novita does not tell whether the instance itself costs more."
        )
    else:
        return None
    text += " It is kept: the limit counts when an instance is rented or started. Stop or delete it if it is too dear."
    return Cond(_TYPE.PRICE_ABOVE_LIMIT, "True", Reason.PRICE_ABOVE_LIMIT, text)


def _unreadable(facts: Facts) -> Cond | None:
    told = (*facts.seen.unreadable, *_gives_up_nothing(facts))
    if not told:
        return None
    text = " ".join(told)
    return Cond(_TYPE.UNREADABLE, "True", Reason.INVALID_VALUE, f"{text} Everything else goes on.")


def _gives_up_nothing(facts: Facts) -> tuple[str, ...]:
    seen = facts.seen
    said = seen.resource.meta.annotations.get(meta.FORCE_FINALIZE)
    if not seen.deleting or said is None or said == seen.left_behind:
        return ()
    return (f"The annotation {meta.FORCE_FINALIZE} gives nothing up: it has to be {seen.left_behind}.",)


def _at_risk(facts: Facts) -> Cond | None:
    instance, result = facts.seen.instance, facts.result
    until = result.data_kept_until or facts.old.data_kept_until
    stopped = result.stopped_at is not None or (instance is not None and instance.state is InstanceState.EXITED)
    if until is None or result.released or not stopped:
        return None
    return Cond(_TYPE.DATA_AT_RISK, "True", Reason.STOPPED, data_at_risk(until))
