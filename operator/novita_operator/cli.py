"""The command line: run · crds · simulator · check · verify · uninstall-report."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from novita_operator import __version__, startup

if TYPE_CHECKING:  # each command imports what it needs, so that `version` is quick
    from novita_operator.kube.client import KubeClient

logger = logging.getLogger(__name__)

app = typer.Typer(
    name="novita-operator",
    help="Rents Novita.ai GPU instances for GPUInstance objects: running, reachable, paid for once, gone with them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_BAD_SETTINGS = 2
_NO_CLUSTER = 1


@app.command()
def run() -> None:
    """Run the operator against the current cluster. Settings come from environment variables."""
    with startup.loading():
        from novita_operator import process, secrecy, settings_complaints, telemetry
        from novita_operator import settings as knobs
        from novita_operator.kube import errors
        from novita_operator.runtime.health import CannotListen

    try:
        settings = knobs.Settings()
    except ValidationError as error:
        typer.echo("novita-operator cannot start; these settings are wrong:", err=True)
        for complaint in settings_complaints.complaints(error):
            typer.echo(f"  - {complaint}", err=True)
        raise typer.Exit(_BAD_SETTINGS) from None
    key = settings.own_api_key()
    if key is not None:
        secrecy.SECRETS.add(key.get_secret_value(), lasting=True)
    telemetry.configure_logging(settings.log_level, settings.log_format)
    for sentence in settings_complaints.unknown(os.environ):
        logger.warning(sentence)
    try:
        asyncio.run(process.run(settings))
    except CannotListen as error:
        typer.echo(f"novita-operator cannot start: {error}", err=True)
        raise typer.Exit(_BAD_SETTINGS) from None
    except errors.KubeError as error:
        typer.echo(f"novita-operator cannot use the cluster: {error}", err=True)
        raise typer.Exit(_NO_CLUSTER) from None


@app.command()
def crds(
    directory: Annotated[Path | None, typer.Option(help="Write one file per kind there instead of printing.")] = None,
) -> None:
    """Print the CustomResourceDefinitions, ready for `kubectl apply -f -`."""
    from novita_operator.api import crd

    if directory is None:
        sys.stdout.write(crd.to_yaml())
    else:
        crd.write(directory)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def simulator(context: typer.Context) -> None:
    """Run a simulated Novita account; all options of `novita-simulator` are taken."""
    from novita_operator.simulator.__main__ import main

    main(context.args)


@app.command()
def check(
    release: Annotated[str, typer.Option(help="Name of the operator's Deployment.")] = "novita-operator",
    release_namespace: Annotated[str, typer.Option(envvar="OPERATOR_NAMESPACE", help="Where it is.")] = "novita-system",
    class_name: Annotated[str, typer.Option(help="Class of the operator; empty: the one without.")] = "",
    wait_seconds: Annotated[float, typer.Option(min=0, help="How long to wait for what is wrong to pass.")] = 30,
) -> None:
    """Say whether the installation works: operator, kinds, accounts. Exit code 1 where not; `helm test` runs it."""
    from novita_operator.installation import check as looking

    at = looking.Installation(release_namespace, release, class_name)
    raise typer.Exit(_in_cluster(lambda kube: looking.run(kube, at, wait_seconds, typer.echo)))


@app.command()
def verify(
    key_file: Annotated[
        Path | None, typer.Option(envvar="NOVITA_API_KEY_FILE", help="A file that holds the key.")
    ] = None,
    url: Annotated[str, typer.Option(envvar="NOVITA_API_URL", help="Where the API is.")] = "https://api.novita.ai",
    spend: Annotated[str, typer.Option(help="USD that may be spent on one GPU; empty: nothing is rented.")] = "",
    output: Annotated[str, typer.Option(help="text or json.")] = "text",
) -> None:
    """Compare a real account with what operator and simulator assume of Novita's API; a report to attach to an issue.

    The key comes from NOVITA_API_KEY or --key-file. It only reads and costs nothing, unless --spend 0.10 lets it rent
    the cheapest GPU for some minutes; that instance is always ended, also on Ctrl-C and SIGTERM.

    Exit codes: 0 nothing differs; 1 something differs; 2 wrong options, or too little to spend; 3 no answer, or the key
    is refused; 4 the instance was not seen to end: delete it yourself; 130 and 143 interrupted, and the instance ended.
    """
    from novita_operator.verification import command

    given = command.Given(key_file, os.environ.get("NOVITA_API_KEY", ""), url, spend, output)
    raise typer.Exit(command.main(given))


@app.command()
def uninstall_report(  # noqa: PLR0913 - each is an option of the command line
    *,
    release: Annotated[str, typer.Option(help="Name of the operator's Deployment.")] = "novita-operator",
    release_namespace: Annotated[str, typer.Option(envvar="OPERATOR_NAMESPACE", help="Where it is.")] = "novita-system",
    policy: Annotated[str, typer.Option(help="Retain or Delete.")] = "Retain",
    confirm: Annotated[str, typer.Option(help="Must be delete-all-gpu-instances for Delete.")] = "",
    namespace: Annotated[list[str] | None, typer.Option(help="A watched namespace; none: all of them.")] = None,
    class_name: Annotated[str, typer.Option(help="Class of the operator; empty: the one without.")] = "",
    timeout_seconds: Annotated[float, typer.Option(min=1, help="How long to wait for deletions.")] = 600,
    stop_seconds: Annotated[float, typer.Option(min=1, help="How long to wait for the operator to end.")] = 90,
    crds_go: Annotated[bool, typer.Option("--crds-go", help="The CRDs are removed as well.")] = False,
) -> None:
    """Say what goes on costing, delete it if told so twice, end the operator; the chart runs it before an uninstall."""
    from novita_operator.uninstall import hook, order

    if policy not in set(order.Policy):
        typer.echo(f"--policy: {policy!r} is neither Retain nor Delete", err=True)
        raise typer.Exit(_BAD_SETTINGS)
    asked = order.Order(
        policy=order.Policy(policy),
        confirmed=confirm == order.CONFIRMATION,
        crds_go=crds_go,
        namespaces=tuple(namespace or ()),
        class_name=class_name,
        timeout_seconds=timeout_seconds,
        stop_seconds=stop_seconds,
        release=order.Release(release_namespace, release),
    )

    raise typer.Exit(_in_cluster(lambda kube: hook.Hook(kube, asked, typer.echo).run()))


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def _in_cluster(work: Callable[[KubeClient], Awaitable[int]]) -> int:
    """The exit code of some work in the current cluster."""
    from novita_operator.kube import client, errors

    async def done() -> int:
        kube = await client.connect()
        try:
            return await work(kube)
        finally:
            await kube.aclose()

    try:
        return asyncio.run(done())
    except errors.KubeError as error:
        typer.echo(f"novita-operator cannot use the cluster: {error}", err=True)
        return _NO_CLUSTER
