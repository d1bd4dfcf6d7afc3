"""Ready, as a summary of a job: complete, held back as asked, or what stands in the way, in a sentence. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from novita_operator.api import conditions, meta
from novita_operator.api.gpu_job.reasons import ConditionType, Phase, Reason
from novita_operator.api.gpu_job.status import GPUJobStatus
from novita_operator.controllers.gpu_job import action
from novita_operator.controllers.gpu_job.deciding import program
from novita_operator.controllers.gpu_job.observing.observation import Observation
from novita_operator.controllers.gpu_job.observing.program import Hindrance
from novita_operator.controllers.gpu_job.result import Result
from novita_operator.machines.programs.state import Ended, Running

_TYPE = ConditionType
_SAID_CHARS = 100  # enough to find it again


@dataclass(frozen=True, slots=True)
class Verdict:
    """Ready or not, why, and the phase for people. `stalled`: it will not get better without a person."""

    ready: bool
    reason: str
    message: str
    phase: Phase
    stalled: bool = False


def suspended() -> Verdict:
    """The verdict on a job that is held back, with nothing left that runs."""
    text = "spec.suspend is true: no attempt begins and nothing is billed. Set it to false to go on."
    return Verdict(True, Reason.SUSPENDED, text, Phase.SUSPENDED)


def judge(seen: Observation, changed: GPUJobStatus, result: Result) -> Verdict:
    """The verdict on a pass; `changed` is the status with what the pass has recorded."""
    if seen.finished or isinstance(result.step, action.Finish):
        return _finished(seen)
    if seen.spec is None:
        text = f"{seen.resource.unreadable}. Nothing is done until the spec can be read; what is rented stays as it is."
        return Verdict(False, Reason.INVALID_SPEC, text, Phase.PENDING, stalled=True)
    if seen.deleting:
        text = "The instance is deleted with the job."
        return Verdict(False, Reason.DELETING, text, Phase.RELEASING)
    if seen.concluded or isinstance(result.step, action.Conclude):
        return _releasing(seen, "The outcome is known.")
    if seen.paused:
        text = f"Nothing is done while the annotation {meta.PAUSED} is true; remove it to go on."
        return Verdict(False, Reason.PAUSED, text, Phase(seen.status.phase or Phase.PENDING))
    if seen.spec.suspend:
        return _releasing(seen, "spec.suspend is true.") if seen.children else suspended()
    if result.refused is not None:
        text = (
            f"The instance of attempt {changed.attempts} cannot be made: {result.refused} It is tried again by itself."
        )
        return Verdict(False, Reason.CREATE_REFUSED, text, Phase.PENDING, stalled=True)
    return _between(seen, changed) if changed.instance_name is None else _under_way(seen, changed)


def _finished(seen: Observation) -> Verdict:
    success = conditions.find(seen.status.conditions, _TYPE.SUCCESS_CRITERIA_MET)
    if success is not None:
        return Verdict(True, success.reason, success.message, Phase.COMPLETE)
    failure = conditions.find(seen.status.conditions, _TYPE.FAILURE_TARGET)
    reason, message = (failure.reason, failure.message) if failure else (Reason.BACKOFF_LIMIT_EXCEEDED, "")
    return Verdict(False, reason, f"{message} Create a new job to try again.", Phase.FAILED, stalled=True)


def _releasing(seen: Observation, why: str) -> Verdict:
    names = ", ".join(child.name for child in seen.children)
    blocked = next((child.message for child in seen.children if child.reason == "DeletionBlocked"), None)
    text = f"{why} Waiting until {names or 'the instance'} is gone at Novita." + (f" {blocked}" if blocked else "")
    return Verdict(False, Reason.RELEASING, text, Phase.RELEASING)


def _between(seen: Observation, changed: GPUJobStatus) -> Verdict:
    if not changed.failures:
        return Verdict(False, Reason.PENDING, "The first attempt is about to begin.", Phase.PENDING)
    last, limit = changed.failures[-1], seen.spec.backoff_limit if seen.spec else 0
    due = last.at + seen.pauses.after(changed.failed)
    text = (
        f"Attempt {last.attempt} failed (failure {changed.failed} of at most {limit}): {last.message} "
        f"The next one begins after {due:%H:%M:%S} UTC, when the instance is gone."
    )
    if changed.failed > limit:
        text = f"Attempt {last.attempt} failed, the last that spec.backoffLimit allows: {last.message}"
    return Verdict(False, Reason.BACKING_OFF, text, Phase.PENDING)


def _under_way(seen: Observation, changed: GPUJobStatus) -> Verdict:
    child, attempt = seen.current, f"Attempt {changed.attempts}"
    if child is None:
        text = f"{attempt}: GPUInstance {changed.instance_name} is being made."
        return Verdict(False, Reason.STARTING, text, Phase.STARTING)
    if child.trouble is not None and child.trouble.lasting and child.ended is None:
        text = f"{attempt}: {child.name} is {child.trouble.reason}: {child.trouble.message}"
        return Verdict(False, Reason.INSTANCE_STALLED, text, Phase.STARTING, stalled=True)
    if child.at_rest:
        return Verdict(False, Reason.STOPPED, f"{attempt}: {child.message}", Phase.STOPPED)
    if not child.was_ready:
        text = f"{attempt}: {child.message or f'GPUInstance {child.name} is starting.'}"
        return Verdict(False, Reason.STARTING, text, Phase.STARTING)
    if seen.over_ssh:
        return _of_the_program(seen, attempt, child.name)
    text = " ".join([f"{attempt} runs on {child.name}.", *unclear(seen)])
    return Verdict(False, Reason.RUNNING, text, Phase.RUNNING)


def _of_the_program(seen: Observation, attempt: str, machine: str) -> Verdict:
    hindrance = seen.program.hindrance
    match seen.program.state:
        case Running(started_at):
            text = f"{attempt}: the program runs on {machine} since {started_at:%H:%M:%S} UTC."
        case Ended(code):
            text = f"{attempt}: the program ended with exit code {code}; the end of its output is being kept."
        case _:
            text = f"{attempt}: {machine} is Ready; the program is being started there over ssh."
    ran = isinstance(seen.program.state, Running | Ended) or seen.status.started_at is not None
    if hindrance is not None:
        text = f"{text} {_waited_for(hindrance, machine, ran=ran)}"
    reason, phase = (Reason.RUNNING, Phase.RUNNING) if ran else (Reason.STARTING, Phase.STARTING)
    return Verdict(False, reason, " ".join([text, *unclear(seen)]), phase)


def _waited_for(hindrance: Hindrance, machine: str, *, ran: bool) -> str:
    """Until when, and what comes then."""
    until = hindrance.since + program.patience(hindrance, ran=ran)
    text = (
        f"{machine} {hindrance.message}, since {hindrance.since:%H:%M:%S} UTC; it is tried until {until:%H:%M:%S} UTC."
    )
    if hindrance.kind == "HostKeyChanged":
        return f"{text} Then the attempt fails. The condition HostKeyChanged of {machine} says how to trust the key."
    if ran:
        return f"{text} Then the attempt fails; the program runs on until then."
    return (
        f"{text} Then the job fails, and the instance is released. If its image has no ssh server, do not wait: "
        "delete the job, and create it with spec.completion.signal Exited."
    )


def unclear(seen: Observation) -> list[str]:
    """What is written in annotations that cannot be read, each in a sentence."""
    found = [] if seen.resource.meta.unclear_pause is None else [seen.resource.meta.unclear_pause]
    report = seen.report
    if report is not None and report.outcome == "Unclear" and not seen.finished:
        said = report.message[:_SAID_CHARS]
        found.append(f'The annotation {meta.JOB_RESULT} is "{said}"; write "succeeded", "failed" or "failed: why".')
    return found
