"""`logs`: what the program of a job prints; of an instance, where Novita has its logs."""

from __future__ import annotations

from typing import Annotated

import typer

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.meta import JOB_LABEL
from novita_operator.plugin import cluster, novita, printing, targets
from novita_operator.plugin.cluster import Scope, Wrong
from novita_operator.plugin.options import Machine, Namespace, TrustNew
from novita_operator.plugin.output import once
from novita_operator.plugin.output.asked import Asked
from novita_operator.plugin.output.following import Following


def logs(
    name: Machine,
    namespace: Namespace = None,
    *,
    follow: Annotated[
        bool, typer.Option("-f", "--follow", help="Go on, over all further attempts, until the job is over.")
    ] = False,
    attempt: Annotated[int | None, typer.Option(min=1, help="Only this attempt; without it, the last one.")] = None,
    tail: Annotated[int | None, typer.Option(min=0, help="Begin with the last so many lines.")] = None,
    trust_new: TrustNew = False,
) -> None:
    """What the program of a job prints, live or kept. Of an instance: addresses, from Novita, with NOVITA_API_KEY."""
    meant = targets.target(name)
    if meant.kind != cluster.JOBS:
        if follow or attempt is not None or tail is not None:
            raise typer.BadParameter(
                "-f, --attempt and --tail are for gpujob/NAME: of an instance, Novita only says where its logs are."
            )
        found = cluster.ask(lambda reader: targets.instance(reader, Scope(namespace), name))
        if job := found.meta.labels.get(JOB_LABEL):
            printing.note(f"What the program of its job prints: kubectl novita logs gpujob/{job}")
        _addresses(found)
        return
    asked = Asked(meant.name, namespace, attempt, tail, trust_new)
    own = Following(asked, lines=tail).run() if follow else once.show(asked)
    if own is not None:
        printing.note(
            f"{meant}: its container runs the program itself (completion.signal is not ExitCode), and what that "
            f"prints is neither read nor kept. Of its machine {own.instance}, Novita says where the logs are."
        )
        _addresses(cluster.ask(lambda reader: cluster.instance(reader, Scope(namespace), own.instance)))


def _addresses(found: GPUInstance) -> None:
    """Novita has addresses of logs, and no route of its API for them."""
    name = found.meta.name
    if found.status.instance_id is None:
        raise Wrong(f"{name} has no instance at Novita, and so no logs.")
    if not novita.has_key():
        terminal = found.status.connection.web_terminal if found.status.connection else None
        way = f" Or look inside: {terminal}" if terminal else ""
        raise Wrong(
            "log addresses are not kept in the cluster; only Novita knows them. Set NOVITA_API_KEY (and "
            f"NOVITA_API_URL) of the account that pays, then this verb asks for them.{way}"
        )
    addresses = novita.ask(lambda client: client.log_addresses(str(found.status.instance_id)))
    if not addresses.instance and not addresses.system:
        raise Wrong(f"Novita gives no log addresses for {name} now ({found.status.phase}).")
    printing.say(f"container  {addresses.instance or '-'}")
    printing.say(f"system     {addresses.system or '-'}")
