"""One run from its beginning to its end: rights, machine, files, program, files, and letting go."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

import typer

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.kube.reading import Reader
from novita_operator.plugin import cluster, printing
from novita_operator.plugin.cluster import INSTANCES, Wrong
from novita_operator.plugin.login import access, session, sharing
from novita_operator.plugin.login.access import Access
from novita_operator.plugin.run import heartbeat, interruptions, progress, releasing, renting, telling, transfer
from novita_operator.plugin.run.interruptions import Interrupted, Interruptions
from novita_operator.plugin.run.remote import Output, Remote
from novita_operator.plugin.run.renting import Rented

_WORK = "work"  # the folder on the machine that gets what is uploaded, at home


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done on the machine, and what with it afterwards. `timeout`: seconds."""

    words: tuple[str, ...] = field(repr=False)
    upload: Path | None
    download: tuple[str, ...]
    timeout: int
    keep_on_failure: bool
    trust_new: bool

    @property
    def needs_this_computer(self) -> bool:
        return self.upload is not None or bool(self.download) or self.keep_on_failure


def run(rented: Rented, plan: Plan) -> int:
    """The exit code. Raises Wrong, kube errors, OSError; then everything was let go, too."""
    transfer.check(plan.upload, plan.download)
    with interruptions.heard(plan.timeout) as signals:
        try:
            cluster.ask(lambda reader: renting.check_rights(reader, INSTANCES, rented.body))
            _rent_and_use(rented, plan, signals)
        except Interrupted as interrupted:
            return signals.exit_code(interrupted.code)
        except typer.Exit as end:
            return signals.exit_code(end.exit_code)
    return 0


def _rent_and_use(rented: Rented, plan: Plan, signals: Interruptions) -> None:
    """Raises typer.Exit with the exit code of a program that has failed."""
    with releasing.in_the_end(rented, signals, keep_on_failure=plan.keep_on_failure):
        with signals.held():  # whatever was made must be known
            created = cluster.ask(lambda reader: renting.create(reader, rented))
        rented.say(telling.bounds(plan.timeout))
        with heartbeat.beating(created):
            code = _use(rented, plan)
        if code:
            raise typer.Exit(code)


def _use(rented: Rented, plan: Plan) -> int:
    machine = cluster.ask(lambda reader: _access(reader, rented, plan))
    with session.on(machine, trust_new=plan.trust_new) as alone, sharing.shared(alone) as there:
        return _ran(Remote(there, rented.run, lambda: cluster.ask(lambda reader: _check(reader, rented))), plan)


async def _access(reader: Reader, rented: Rented, plan: Plan) -> Access:
    found = await renting.until_usable(reader, rented, without_host_key=plan.trust_new)
    return await access.read(reader, found)


async def _check(reader: Reader, rented: Rented) -> None:
    """Raises Wrong where the machine is gone, or does not come back."""
    found = GPUInstance.parse(await reader.get(INSTANCES, rented.namespace, rented.name))
    match progress.of(found, without_host_key=True):
        case progress.Hopeless(why):
            raise Wrong(f"{rented.name}: {why}")
        case _:
            return


def _ran(remote: Remote, plan: Plan) -> int:
    """The exit code of the program. What is missing afterwards is an error only where the program was right."""
    name, program = remote.session.access.name, plan.words[0]
    environment = remote.environment()
    folder = remote.folder(environment, None if plan.upload is None else _WORK)
    if plan.upload is not None:
        transfer.upload(remote.session, plan.upload, folder)
    printing.note(f"{name}: running {program}.")
    remote.start(plan.words, folder if plan.upload is not None else None, environment)
    code = remote.follow(Output(sys.stdout.buffer)).code
    printing.note(f"{name}: {program} has ended with exit code {code}.")
    try:
        transfer.download(remote.session, plan.download, folder)
    except Wrong as error:
        if not code:
            raise
        printing.note(str(error))
    return code
