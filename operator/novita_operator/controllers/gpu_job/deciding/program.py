"""What the program of an attempt asks for: attended to, waited for, ended, and judged by its exit code. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from novita_operator.api.gpu_job.reasons import Reason
from novita_operator.api.gpu_job.spec import FailureRule, GPUJobSpec
from novita_operator.controllers.gpu_job import action
from novita_operator.controllers.gpu_job.deciding import attempts
from novita_operator.controllers.gpu_job.observing.observation import Observation
from novita_operator.controllers.gpu_job.observing.program import Hindrance, Wanted
from novita_operator.machines.programs import program
from novita_operator.machines.programs.program import NoProgram
from novita_operator.machines.programs.state import Ended, Lost, NotStarted, Running, Starting

GRACE_SECONDS = 30
"""From SIGTERM to SIGKILL, as for a pod."""
_ENDING = timedelta(seconds=3 * GRACE_SECONDS)
"""To end a program whose time is over, and to keep its output; then the machine goes, whatever runs on it."""
_LONGEST_START_SECONDS = 120
"""From the lock to the program takes a moment; whoever held it was killed in between."""
_LONGEST_ABSENCE = timedelta(seconds=900)
"""Far above what a network is away for: the program runs on meanwhile, and its work would be lost."""
_LONGEST_SILENCE = timedelta(seconds=600)
"""An ssh server that has not answered once for so long after Ready is not there."""
_LONGEST_DOUBT = timedelta(seconds=120)
"""Of a host key that is another one: long enough that one look in between decides nothing."""


def wanted(seen: Observation, now: datetime) -> Wanted | None:
    """The program that is to be attended to now; None where there is none."""
    spec, child, at = seen.spec, seen.current, seen.resource.meta
    if spec is None or not seen.over_ssh or seen.deleting or seen.concluded or seen.finished:
        return None
    if spec.suspend or child is None or child.deleting or not child.was_ready:
        return None
    if child.at_rest or child.held_back:
        return None  # nobody is there to be asked, and that is as somebody wants it
    try:
        words = program.words(spec.template.entrypoint, spec.template.command)
    except NoProgram:
        return None
    late = seen.deadline is not None and now >= seen.deadline
    return Wanted(
        job_uid=at.uid,
        attempt=seen.status.attempts,
        name=attempts.program_name(at, seen.status.attempts),
        words=words,
        instance_uid=child.uid,
        secret=child.secret,
        fingerprint=child.host_key,
        secrets=tuple(each.name for each in spec.template.env),
        may_start=seen.status.started_at is None and child.running and not (late or seen.paused),
        end=late and not seen.paused,
    )


def unrunnable(seen: Observation, spec: GPUJobSpec, __: datetime) -> action.Step | None:
    """Before anything is rented: words that no shell could split run nowhere."""
    if not seen.over_ssh:
        return None
    try:
        program.Program("job", program.words(spec.template.entrypoint, spec.template.command))
    except NoProgram as error:
        return action.Conclude("Failed", Reason.UNUSABLE, f"spec.template.command {error}. Create a job with another.")
    return None


def is_being_ended(seen: Observation, now: datetime) -> bool:
    """Whether the job's time is over, and its program is given its grace before the machine goes."""
    if seen.deadline is None or now >= seen.deadline + _ENDING or not seen.over_ssh:
        return False
    # One connection that breaks must not cost the exit code; a machine that is away is not paid for any longer.
    if seen.program.hindrance is not None and seen.program.hindrance.seconds >= GRACE_SECONDS:
        return False
    match seen.program.state:
        case Running() | Starting():
            return True
        case Ended():
            return seen.program.kept is None
        case _:
            return False


def judged(seen: Observation, spec: GPUJobSpec, _: datetime) -> action.Step | None:
    """What has become of the program."""
    if not seen.over_ssh or seen.current is None:
        return None
    hindrance, name = seen.program.hindrance, seen.current.name
    match seen.program.state:
        case Ended() as ended if seen.program.kept is not None:
            return _by_exit_code(ended, spec)
        case Lost():
            text = f"{name} was restarted, or the operator's part of it was killed, while the program ran."
            return action.GiveUp("Disrupted", f"{text} Its exit code is not known.")
        case NotStarted() if seen.status.started_at is not None:
            text = f"{name} has lost its disk while the program ran, and its exit code with it."
            return action.GiveUp("Disrupted", text)
        case Starting(seconds) if seconds > _LONGEST_START_SECONDS:
            return action.GiveUp("Disrupted", f"{name} has not begun the program that it was asked for.")
        case _:
            return None if hindrance is None else _hindered(seen, hindrance, name)


def patience(hindrance: Hindrance, *, ran: bool) -> timedelta:
    """For how long that is waited for, from `hindrance.since` on. `ran`: the program was seen to run."""
    match hindrance.kind:
        case "Unusable" if not ran:
            return timedelta(0)
        case "HostKeyChanged":
            return _LONGEST_DOUBT
        case "Away" | "LoginRefused" if not ran:
            return _LONGEST_SILENCE
        case _:
            return _LONGEST_ABSENCE


def _hindered(seen: Observation, hindrance: Hindrance, name: str) -> action.Step | None:
    ran = seen.status.started_at is not None
    longest = patience(hindrance, ran=ran).total_seconds()
    if hindrance.seconds < longest:
        return None
    text = f"{name} {hindrance.message}"
    match hindrance.kind:
        case "Unusable" if not ran:
            advice = "Create a job with another image, or with spec.completion.signal Exited."
            return action.Conclude("Failed", Reason.UNUSABLE, f"{text}. {advice}")
        case "HostKeyChanged":
            return action.GiveUp("Disrupted", f"{text}. Nothing is sent there, so its program is given up.")
        case "Away" | "LoginRefused" if not ran:
            advice = (
                "Its image may have no ssh server: create a job with another one, or with completion.signal Exited."
            )
            return action.Conclude("Failed", Reason.UNUSABLE, f"{text}, for {longest:g} s after it was Ready. {advice}")
        case _:
            return action.GiveUp("Disrupted", f"{text}, for {longest:g} s. Its program is given up.")


def _by_exit_code(ended: Ended, spec: GPUJobSpec) -> action.Step:
    if ended.code == 0:
        return action.Conclude("Succeeded", Reason.COMPLETED, "The program ended with exit code 0.")
    by = f" (signal {ended.signal})" if ended.signal is not None else ""
    text = f"The program ended with exit code {ended.code}{by}."
    rules = spec.failure_policy.rules if spec.failure_policy is not None else ()
    for number, rule in enumerate(rules):
        if _fits(rule, ended.code):
            return _as_the_rule_says(rule, f"{text} spec.failurePolicy.rules[{number}] says {rule.action}.", text)
    return action.GiveUp("ExitCode", text)


def _as_the_rule_says(rule: FailureRule, told: str, text: str) -> action.Step:
    match rule.action:
        case "Fail":
            return action.Conclude("Failed", Reason.FAILURE_POLICY, told)
        case "Ignore":
            return action.Disregard("ExitCode", told)
        case "Count":
            return action.GiveUp("ExitCode", text)


def _fits(rule: FailureRule, code: int) -> bool:
    return (code in rule.on_exit_codes.values) == (rule.on_exit_codes.operator == "In")
