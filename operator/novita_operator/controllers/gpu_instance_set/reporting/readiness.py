"""Ready, as a summary of a set: the first thing that stands in the way, in a sentence. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from novita_operator.api import meta
from novita_operator.api.gpu_instance_set.reasons import Reason
from novita_operator.api.gpu_instance_set.spec import GPUInstanceSetSpec
from novita_operator.controllers.gpu_instance_set import action
from novita_operator.controllers.gpu_instance_set.deciding import replicas
from novita_operator.controllers.gpu_instance_set.observing.observation import Observation
from novita_operator.controllers.gpu_instance_set.result import Result

_SHOWN = 3  # names in one sentence; status.failures has more


@dataclass(frozen=True, slots=True)
class Verdict:
    """Ready or not, and why. `stalled`: it will not get better without a person."""

    ready: bool
    reason: Reason
    message: str
    stalled: bool = False


def judge(seen: Observation, result: Result, *, late: bool) -> Verdict:
    """The verdict on a pass. `late`: there was no progress within the deadline."""
    spec = seen.spec
    if spec is None:
        text = f"{seen.resource.unreadable}. Nothing is done until the spec can be read; what is rented stays as it is."
        return Verdict(False, Reason.INVALID_SPEC, text, stalled=True)
    if seen.deleting:
        return Verdict(False, Reason.DELETING, "The instances are deleted with the set.")
    if seen.complete:
        return _as_wanted(seen, spec)
    counted = _counted(seen, spec)
    if seen.paused:
        text = f"{counted} Nothing is done while the annotation {meta.PAUSED} is true; remove it to go on."
        return Verdict(False, Reason.PAUSED, text)
    if result.refused is not None:
        text = f"{counted} The cluster refuses another one: {result.refused} It is tried again by itself."
        return Verdict(False, Reason.CREATE_REFUSED, text, stalled=late)
    if seen.lost and isinstance(result.step, action.Nothing):
        return Verdict(False, Reason.REPLICAS_FAILED, f"{counted} {_lost(seen)}{_cause(seen)}", stalled=True)
    if late:
        text = (
            f"{counted} Nothing got better for {spec.progress_deadline_seconds} s (spec.progressDeadlineSeconds); "
            "the operator keeps trying. The cause is in status.failures, or in the instances that "
            "`kubectl get gpui -l SELECTOR` lists; SELECTOR is in status.selector."
        )
        return Verdict(False, Reason.PROGRESS_DEADLINE_EXCEEDED, f"{text}{_cause(seen)}", stalled=True)
    return Verdict(False, _doing(seen, spec), f"{counted}{_cause(seen)}")


def _as_wanted(seen: Observation, spec: GPUInstanceSetSpec) -> Verdict:
    """All is as the spec asks; the reason says Ready only where every instance runs."""
    if len(seen.running) == spec.replicas:
        text = "No instance is wanted." if not spec.replicas else f"All {spec.replicas} instances are Ready."
        return Verdict(True, Reason.READY, text + _outdated(seen))
    counted = f"Of {spec.replicas} instances, {len(seen.running)} run"
    if seen.stopped:
        counted += f", {len(seen.stopped)} are stopped as their spec asks"
    if not seen.over:
        return Verdict(True, Reason.STOPPED, f"{counted}.{_outdated(seen)}")
    text = (
        f"{counted}, {len(seen.over)} were ended by spec.lifetime and are not replaced: delete such an instance, and "
        f"the set makes another one.{_outdated(seen)}"
    )
    return Verdict(True, Reason.ENDED, text)


def _outdated(seen: Observation) -> str:
    old = len(seen.outdated)
    if not old:
        return ""
    uses, them = ("uses", "it") if old == 1 else ("use", "them")
    return (
        f" {old} still {uses} the old template. OnDelete does not replace {them}: delete {them}, or set "
        "spec.updateStrategy.type to Recreate."
    )


def _counted(seen: Observation, spec: GPUInstanceSetSpec) -> str:
    parts = [f"{len(seen.running)} of {spec.replicas} instances are Ready"]
    missing = spec.replicas - len(seen.live)
    told = (
        (len(seen.stopped), "stopped"),
        (len(seen.over), "ended by spec.lifetime"),
        (len(seen.in_flight), "on their way"),
        (len(seen.failed), "failed or without a GPU (see status.failures)"),
        (len(seen.going), "being deleted"),
        (max(0, missing), f"to be made, {spec.max_concurrent} at a time and {spec.create_interval_seconds} s apart"),
        (max(0, -missing), "too many"),
        (len(seen.outdated), "with the old template"),
    )
    return "; ".join(parts + [f"{count} {what}" for count, what in told if count]) + "."


def _lost(seen: Observation) -> str:
    names = ", ".join(child.name for child in seen.lost[:_SHOWN])
    more = f" and {len(seen.lost) - _SHOWN} more" if len(seen.lost) > _SHOWN else ""
    return f"Look at {names}{more}; a deleted one is made anew."


def _cause(seen: Observation) -> str:
    """What the first of them says, with its way out: status.failures has only the beginning of it."""
    first = min(seen.failed, key=lambda child: replicas.index_of(child.name), default=None)
    if first is None or first.trouble is None:
        return ""
    return f" {first.name} is {first.trouble.reason}: {first.trouble.message}"


def _doing(seen: Observation, spec: GPUInstanceSetSpec) -> Reason:
    if len(seen.children) > spec.replicas:
        return Reason.SCALING_DOWN
    if seen.outdated and spec.update_strategy.type == "Recreate":
        return Reason.UPDATING
    return Reason.CREATING
