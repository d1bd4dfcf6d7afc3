"""The program `kubectl-novita`: verbs, and what its exit codes mean.

0 as asked; 1 something is wrong, and the text says what; 2 the command line was.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from novita_operator import __version__
from novita_operator.kube import errors as kube_errors
from novita_operator.novita import errors as novita_errors
from novita_operator.plugin import (
    bundle,
    cluster,
    connect,
    copying,
    cost,
    doctor,
    executing,
    explain,
    forwarding,
    offers,
    options,
    orphans,
    plan,
    power,
    printing,
    status,
    syncing,
)

_WRONG = 1
_INTERRUPTED = 130  # what shells say of a program that Ctrl-C ended

app = typer.Typer(
    name="kubectl-novita",
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
    cluster.chosen.set(cluster.Choice(kubeconfig, context))


_VERBS: dict[str, Callable[..., None]] = {
    "status": status.status,
    "explain": explain.explain,
    "cost": cost.cost,
    "start": power.start,
    "stop": power.stop,
    "restart": power.restart,
    "ssh": connect.ssh,
    "exec": executing.exec_,
    "cp": copying.cp,
    "port-forward": forwarding.port_forward,
    "sync": syncing.sync,
    "open": connect.open_,
    "logs": connect.logs,
    "offers": offers.offers,
    "plan": plan.plan,
    "doctor": doctor.doctor,
    "support-bundle": bundle.support_bundle,
}
for name, verb in _VERBS.items():
    app.command(name)(verb)
app.add_typer(orphans.app, name="orphans")


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """Run, and turn what can go wrong into a sentence."""
    try:
        app(options.hoisted(sys.argv[1:]), prog_name="kubectl novita")
    except (cluster.Wrong, kube_errors.KubeError, novita_errors.NovitaError, ValidationError, OSError) as error:
        printing.note(f"error: {_sentence(error)}")
        sys.exit(_WRONG)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def _sentence(error: Exception) -> str:
    match error:
        case kube_errors.Forbidden():
            return f"{error}. `kubectl novita doctor` lists what your user may do."
        case ValidationError():
            places = (".".join(map(str, each["loc"])) for each in error.errors(include_input=False, include_url=False))
            return f"the cluster holds an object that this version cannot read: {', '.join(places)}"
        case _:
            return str(error)
