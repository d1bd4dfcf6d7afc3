"""Facts -> status, conditions and Events of a job. Pure; the steps that only record something are carried out here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from novita_operator.api import conditions
from novita_operator.api.conditions import Condition
from novita_operator.api.gpu_job.reasons import ConditionType, Phase, Reason
from novita_operator.api.gpu_job.resource import GPUJob
from novita_operator.api.gpu_job.status import SHOWN_FAILURES, AttemptFailure, GPUJobStatus, OutputRef
from novita_operator.controllers.gpu_job import action
from novita_operator.controllers.gpu_job.deciding import attempts
from novita_operator.controllers.gpu_job.observing.observation import Observation
from novita_operator.controllers.gpu_job.reporting import events, readiness
from novita_operator.controllers.gpu_job.reporting.readiness import Verdict
from novita_operator.controllers.gpu_job.result import Result
from novita_operator.machines.programs.state import Ended, Running
from novita_operator.reconciling.conditions import Cond, crash
from novita_operator.reconciling.outcome import Outcome

_TYPE = ConditionType
_FAILURE_CHARS = 300  # the bound of the schema
_OVER = {"instance_name": None, "instance_uid": None, "active": 0}


def report(seen: Observation, result: Result, now: datetime) -> Outcome:
    """The status after this pass, and the Events for what changed since the one in the object."""
    old = seen.status
    changed = old.model_copy(update={**_begun(seen, now), **_of_the_program(seen), **_recorded(seen, result.step, now)})
    if changed.instance_name is not None and seen.current is not None:
        changed = changed.model_copy(update={"instance_uid": seen.current.uid})
    judged = readiness.judge(seen, changed, result)
    status = changed.model_copy(
        update={
            "observed_generation": seen.resource.meta.generation,
            "conditions": _conditions(seen, changed, result.step, judged, now),
            "phase": judged.phase,
        }
    )
    return Outcome(status=status.to_wire() | seen.resource.kept, events=events.events(old, status, result))


def _begun(seen: Observation, now: datetime) -> dict[str, Any]:
    """The start of the job; a suspended one has none, and gets a new one when it is resumed."""
    if seen.finished or seen.concluded or seen.spec is None:
        return {}
    return {"start_time": None if seen.spec.suspend else seen.status.start_time or now}


def _recorded(seen: Observation, step: action.Step, now: datetime) -> dict[str, Any]:
    match step:
        case action.Begin(attempt):
            name = attempts.attempt_name(seen.resource.meta.name, attempt)
            begun = {"attempts": attempt, "active": 1, "instance_name": name, "instance_uid": None}
            return begun | {"completion_signal": seen.signal} | dict.fromkeys(_OF_THE_PROGRAM)
        case action.GiveUp(reason, message):
            return _OVER | _failed(seen, reason, message, now)
        case action.Disregard(reason, message):
            return _OVER | {"failures": _noted(seen, reason, message, now)}
        case action.HoldBack():
            return _OVER
        case action.Conclude("Succeeded"):
            return _OVER | {"succeeded": 1}
        case action.Conclude("Failed", reason, message) if seen.status.instance_name is not None:
            return _OVER | _failed(seen, reason, message, now)
        case action.Finish() if seen.has(_TYPE.SUCCESS_CRITERIA_MET):
            return {"completion_time": now}
        case _:
            return {}


def _failed(seen: Observation, reason: str, message: str, now: datetime) -> dict[str, Any]:
    return {"failed": seen.status.failed + 1, "failures": _noted(seen, reason, message, now)}


def _noted(seen: Observation, reason: str, message: str, now: datetime) -> tuple[AttemptFailure, ...]:
    failure = AttemptFailure(attempt=seen.status.attempts, reason=reason, message=message[:_FAILURE_CHARS], at=now)
    return (*seen.status.failures, failure)[-SHOWN_FAILURES:]


_OF_THE_PROGRAM = ("exit_code", "signal", "started_at", "finished_at", "message", "output")


def _of_the_program(seen: Observation) -> dict[str, Any]:
    """What the machine has said of it; it stays after the end of the attempt."""
    kept = seen.program.kept
    match seen.program.state:
        case Running(started_at):
            return {"started_at": started_at}
        case Ended(code, started_at, ended_at) as ended if kept is not None:
            output = OutputRef(name=kept.name) if kept.name is not None else None
            told = {"message": kept.last_lines or None, "output": output}
            times = {"started_at": started_at, "finished_at": ended_at}
            return {"exit_code": code, "signal": ended.signal, **times, **told}
        case _:
            return {}


_TARGETS = {"Succeeded": _TYPE.SUCCESS_CRITERIA_MET, "Failed": _TYPE.FAILURE_TARGET}
_LASTING = (_TYPE.SUCCESS_CRITERIA_MET, _TYPE.FAILURE_TARGET, _TYPE.COMPLETE, _TYPE.FAILED)


def _conditions(
    seen: Observation, changed: GPUJobStatus, step: action.Step, judged: Verdict, now: datetime
) -> tuple[Condition, ...]:
    generation = seen.resource.meta.generation
    wanted = [_condition(_TYPE.READY, judged, now, generation), *_outcome(seen, step, now)]
    if seen.spec is not None and seen.spec.suspend and not (seen.concluded or seen.finished):
        wanted.append(_condition(_TYPE.SUSPENDED, readiness.suspended(), now, generation))
    if judged.stalled:
        wanted.append(_condition(_TYPE.STALLED, judged, now, generation))
    elif not judged.ready:
        wanted.append(_condition(_TYPE.RECONCILING, judged, now, generation))
    if text := " ".join(readiness.unclear(seen)):
        wanted.append(_true(_TYPE.UNREADABLE, Reason.INVALID_VALUE, text, now, generation))
    return conditions.merge(changed.conditions, wanted)


def _outcome(seen: Observation, step: action.Step, now: datetime) -> Iterator[Condition]:
    """What was concluded stays for ever."""
    yield from (known for known in seen.status.conditions if known.type in _LASTING)
    generation = seen.resource.meta.generation
    match step:
        case action.Conclude(outcome, reason, message):
            yield _true(_TARGETS[outcome], reason, message, now, generation)
        case action.Finish():
            for target, end in ((_TYPE.SUCCESS_CRITERIA_MET, _TYPE.COMPLETE), (_TYPE.FAILURE_TARGET, _TYPE.FAILED)):
                found = conditions.find(seen.status.conditions, target)
                if found is not None:
                    yield _true(end, found.reason, found.message, now, generation)
        case _:
            return


def _true(kind: ConditionType, reason: str, message: str, now: datetime, generation: int) -> Condition:
    return Cond(kind, "True", reason, message).at(now, generation)


def _condition(kind: ConditionType, judged: Verdict, now: datetime, generation: int) -> Condition:
    """Ready as it is; the others exist only while they are true."""
    condition = _true(kind, judged.reason, judged.message, now, generation)
    held = judged.ready or kind is not _TYPE.READY
    return condition if held else condition.model_copy(update={"status": "False"})


def crashed(resource: GPUJob, error: Exception, pause: float, now: datetime) -> dict[str, Any]:
    """The status after a pass that ended with an error nobody expected: all else stays as it was."""
    reason, text = crash(error, pause)
    judged = Verdict(False, reason, text, Phase(resource.status.phase or "Pending"))
    told = {_TYPE.RECONCILING: _condition(_TYPE.RECONCILING, judged, now, resource.meta.generation)}
    if conditions.find(resource.status.conditions, _TYPE.READY) is None:
        told[_TYPE.READY] = _condition(_TYPE.READY, judged, now, resource.meta.generation)
    kept = [known for known in resource.status.conditions if known.type not in told]
    merged = conditions.merge(resource.status.conditions, [*kept, *told.values()])
    return resource.status.model_copy(update={"conditions": merged}).to_wire() | resource.kept
