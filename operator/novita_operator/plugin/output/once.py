"""The output of a job's attempt as it is now."""

from __future__ import annotations

from novita_operator.api.gpu_job.resource import GPUJob
from novita_operator.controllers.gpu_job.attending.keeping import Record
from novita_operator.kube.reading import Reader
from novita_operator.plugin import cluster, printing
from novita_operator.plugin.cluster import Scope, Wrong
from novita_operator.plugin.login import session
from novita_operator.plugin.login.session import Broken
from novita_operator.plugin.output import asked as asking
from novita_operator.plugin.output import kept, seen, standing
from novita_operator.plugin.output import live as hearing
from novita_operator.plugin.output.asked import Asked, Live
from novita_operator.plugin.output.seen import Seen
from novita_operator.plugin.output.standing import NotBegun, OfItsOwn, Over, Preparing, Runs


def show(asked: Asked) -> OfItsOwn | None:
    """Print it; None where that was possible. Raises Wrong, which says what there is instead, and kube errors."""
    match cluster.ask(lambda reader: _found(reader, asked)):
        case Live() as live:
            _show_live(asked, live)
        case Record() as record:
            _show_kept(record, asked.lines)
        case OfItsOwn() as own:
            return own
    return None


async def _found(reader: Reader, asked: Asked) -> Live | Record | OfItsOwn:
    job = await cluster.job(reader, Scope(asked.namespace), asked.job)
    attempt = asked.attempt_of(job)
    match standing.standing(job, attempt):
        case NotBegun():
            raise Wrong(_no_attempt(job, attempt))
        case Preparing():
            text = f"gpujob/{asked.job}: the program of attempt {attempt} does not run yet. {standing.told(job)}"
            raise Wrong(f"{text} -f waits for it.")
        case OfItsOwn() as own:
            return own
        case Runs(instance):
            return await asking.live(reader, job, attempt, instance)
        case Over():
            record = await kept.find(reader, job, attempt)
            if record is None:
                raise Wrong(kept.nothing(job, attempt))
            return record


def _no_attempt(job: GPUJob, attempt: int) -> str:
    name, begun = f"gpujob/{job.meta.name}", job.status.attempts
    if begun:
        return f"{name} has begun {printing.count(begun, 'attempt')}; there is no attempt {attempt}."
    waits = "" if standing.outcome(job) is not None else " -f waits for it."
    return f"{name} has begun no attempt. {standing.told(job)}{waits}"


def _show_live(asked: Asked, live: Live) -> None:
    with session.on(live.access, trust_new=asked.trust_new) as there:
        heard = hearing.hear(there, live.command(0, asked.lines, on=False), Seen(), printing.raw)
    if heard.complaint is None:
        return
    record = cluster.ask(lambda reader: kept.find(reader, live.job, live.attempt))
    if record is None:
        printing.note(heard.complaint)
        raise there.refusal if heard.look is None else Broken(f"the connection to {live.access.name} has broken.")
    if heard.seen == Seen():
        _show_kept(record, asked.lines)  # the program has just ended, and its machine is gone
    else:
        printing.raw(seen.rest(record, heard.seen))


def _show_kept(record: Record, lines: int | None) -> None:
    if (lost := seen.lost(record, Seen())) and lines is None:
        printing.note(f"The first {lost} bytes are not kept.")
    printing.raw(seen.last_lines(record.output, lines))
