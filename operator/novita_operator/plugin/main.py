"""The program `kubectl-novita`: verbs, and what its exit codes mean.

0 as asked; 1 something is wrong, and the text says what; 2 the command line was.

Nearly all that is imported here is executed when it is first used (startup.py): `--help` and completion need no verb,
and a verb none of the others. Hence each is found by a function, and its summary stands here for a second time.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from novita_operator import __version__
from novita_operator.plugin import (
    bundle,
    cluster,
    connect,
    copying,
    cost,
    doctor,
    executing,
    explain,
    failures,
    forwarding,
    logs,
    offers,
    options,
    orphans,
    plan,
    power,
    printing,
    status,
    syncing,
    top,
)
from novita_operator.plugin.run import verb as running
from novita_operator.plugin.verb import Verb

_WRONG = 1
_INTERRUPTED = 130  # what shells say of a program that Ctrl-C ended


def version() -> None:
    """Print the version."""
    typer.echo(__version__)


_NEEDS_KEY = "Asks Novita: needs NOVITA_API_KEY."
VERBS = (
    Verb(
        "status",
        "Every instance: how far it is, what it costs. Exit code 1 where one of them needs a person.",
        lambda: status.status,
    ),
    Verb(
        "explain",
        "What happened to one instance, from its request to now, and what comes next. Exit code 1 where it is stuck.",
        lambda: explain.explain,
    ),
    Verb(
        "cost",
        "What the GPUInstances that exist cost now, and in a day and a month if it goes on like this.",
        lambda: cost.cost,
    ),
    Verb(
        "start",
        "Start a stopped instance, or ask for another try of one that failed or was ended.",
        lambda: power.start,
    ),
    Verb(
        "stop",
        "Stop an instance: its GPU is free and no longer billed, its disk is kept for a while.",
        lambda: power.stop,
    ),
    Verb(
        "restart",
        "Stop and start an instance that runs; ask for another try of one that does not.",
        lambda: power.restart,
    ),
    Verb(
        "run",
        "Rent a machine, run a program on it, and let it go; the program's exit code is this one's.",
        lambda: running.run,
    ),
    Verb(
        "ssh",
        "Open a shell on the machine, with the password of its Secret; ssh's exit code is this one's.",
        lambda: connect.ssh,
    ),
    Verb(
        "exec",
        "Run a program on the machine; its exit code is this one's, and 255 may be ssh's own.",
        lambda: executing.exec_,
    ),
    Verb(
        "cp",
        "Copy a file, or a folder with all that is in it, to a machine or back; a terminal shows how far it is.",
        lambda: copying.cp,
    ),
    Verb(
        "port-forward",
        "Lead ports of this computer, on 127.0.0.1 only, to ports of the machine, until Ctrl-C.",
        lambda: forwarding.port_forward,
    ),
    Verb(
        "sync",
        "Send what is in a folder to a machine, and what changes in it. Nothing on the machine is removed.",
        lambda: syncing.sync,
    ),
    Verb("open", "Open Jupyter in the browser; its address is printed in any case.", lambda: connect.open_),
    Verb(
        "logs",
        "What the program of a job prints, live or kept. Of an instance: addresses, from Novita, with NOVITA_API_KEY.",
        lambda: logs.logs,
    ),
    Verb("top", f"How busy GPUs, memory and disks are. {_NEEDS_KEY}", lambda: top.top),
    Verb(
        "offers",
        f"The catalogue, cheapest first, with prices and stock by region. {_NEEDS_KEY}",
        lambda: offers.offers,
    ),
    Verb(
        "plan",
        f"What would be rented now, and at what price. Nothing is created. {_NEEDS_KEY}",
        lambda: plan.plan,
    ),
    Verb(
        "doctor",
        "Rights, CRDs, key, Novita's API, operator, Lease, stuck objects. Exit code 1 where something is wrong.",
        lambda: doctor.doctor,
    ),
    Verb(
        "support-bundle",
        "Objects, Events, conditions and versions in a .tar.gz, redacted. Secrets are not even read.",
        lambda: bundle.support_bundle,
    ),
    Verb("version", "Print the version.", lambda: version),
    Verb(
        "orphans",
        "Instances that belong to no object and cost money all the same. Exit code 1 where there are any.",
        lambda: orphans.app,
    ),
)


class _Verbs(TyperGroup):
    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - as typer calls it
        super().__init__(**given)
        for verb in VERBS:
            self.add_command(verb)


app = typer.Typer(
    name="kubectl-novita",
    cls=_Verbs,
    help="Rented Novita.ai GPU instances, for people: what runs, what it costs, how to get in, what is wrong.",
    epilog="Exit codes: 0 as asked, 1 something is wrong, 2 wrong usage.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def cluster_options(
    context: Annotated[str | None, typer.Option(help="A context of the kubeconfig.")] = None,
    kubeconfig: Annotated[Path | None, typer.Option(help="Instead of $KUBECONFIG or ~/.kube/config.")] = None,
) -> None:
    """Rented Novita.ai GPU instances, for people: what runs, what it costs, how to get in, what is wrong."""
    if context is not None or kubeconfig is not None:
        cluster.chosen.set(cluster.Choice(kubeconfig, context))


def main() -> None:
    """Run, and turn what can go wrong into a sentence."""
    try:
        app(options.hoisted(sys.argv[1:]), prog_name="kubectl novita")
    except SystemExit:  # how every run ends; the next line would load what it compares with
        raise
    except failures.EXPECTED as error:
        printing.note(f"error: {failures.sentence(error)}")
        sys.exit(_WRONG)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
