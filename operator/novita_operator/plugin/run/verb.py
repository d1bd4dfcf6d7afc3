"""`run`: rent a machine, run one program on it, and let it go whatever happens."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from novita_operator.kube.reading import Reader
from novita_operator.plugin import cluster, manifests, printing
from novita_operator.plugin.cluster import Scope, Wrong
from novita_operator.plugin.options import Namespace, TrustNew
from novita_operator.plugin.run import attaching, detached, durations, flags, interruptions, manifest, using, wishes
from novita_operator.plugin.run.manifest import Asked
from novita_operator.plugin.run.renting import Rented
from novita_operator.plugin.run.using import Plan
from novita_operator.plugin.run.wishes import Wishes

_FOR_EVER = 10 * 365 * 86_400.0


@dataclass(frozen=True, slots=True)
class Place:
    """What the object is called, and where it is to be. None: not said."""

    name: str | None
    namespace: str | None


def run(  # noqa: PLR0913 - the options of a command line
    command: flags.Command = None,
    namespace: Namespace = None,
    *,
    file: flags.File = None,
    name: flags.Name = None,
    gpu: flags.Gpu = None,
    count: flags.Count = None,
    spot: flags.Spot = False,
    max_price: flags.MaxPrice = None,
    image: flags.Image = None,
    account: flags.Account = None,
    env: flags.Env = None,
    env_from: flags.EnvFrom = None,
    upload: flags.Upload = None,
    download: flags.Download = None,
    timeout: flags.Timeout = "24h",
    keep_on_failure: flags.KeepOnFailure = False,
    detach: flags.Detach = False,
    attach: flags.Attach = None,
    trust_new: TrustNew = False,
) -> None:
    """Rent a machine, run a program on it, and let it go; the program's exit code is this one's."""
    if attach is not None:
        raise typer.Exit(_attached(attach, Scope(namespace), command or file))
    wished = Wishes(gpu, count, spot, max_price, image, account, wishes.env(env or (), env_from or ()))
    longest = durations.seconds(timeout)
    plan = Plan(_words(command), upload, tuple(download or ()), longest, keep_on_failure, trust_new)
    raise typer.Exit(_run(_asked(file, wished, Place(name, namespace)), plan, detach=detach))


def _run(asked: Asked, plan: Plan, *, detach: bool) -> int:
    """The exit code."""
    which = f"run-{secrets.token_hex(8)}"
    if not detach:
        return using.run(Rented(manifest.machine(asked, which, plan.timeout)), plan)
    if plan.needs_this_computer:
        raise typer.BadParameter("--detach goes on without this computer: no --upload, --download, --keep-on-failure.")
    detached.run(manifest.job(asked, plan.words, which, plan.timeout))
    return 0


def _words(command: Sequence[str] | None) -> tuple[str, ...]:
    if not command:
        raise typer.BadParameter("say what to run, after two dashes: kubectl novita run -- python train.py")
    return tuple(command)


def _attached(said: str, scope: Scope, more: Sequence[str] | Path | None) -> int:
    if more:
        raise typer.BadParameter("--attach NAME follows a job that is there; it takes no program and no file.")
    with interruptions.heard(_FOR_EVER) as signals:
        return attaching.Attached(scope, said.rpartition("/")[2]).to_its_end(signals)


def _asked(file: Path | None, wished: Wishes, place: Place) -> Asked:
    """What the file and the command line say together, with a name and a namespace."""
    found = Asked() if file is None else manifest.of_file(manifests.documents(file), str(file))
    if file is not None and wished.of_the_offer:
        raise typer.BadParameter(f"{', '.join(wished.of_the_offer)}: the file says what is rented; change it there.")
    for each in found.left_out:
        printing.note(f"{each} is in {file}, too, and is left as it is: `kubectl apply` is for that.")
    if found.namespace and place.namespace and found.namespace != place.namespace:
        raise Wrong(f"{file} says namespace {found.namespace}, and -n says {place.namespace}.")
    return replace(
        found,
        name=place.name or found.name or f"run-{secrets.token_hex(3)}",
        namespace=place.namespace or found.namespace or cluster.ask(_own_namespace),
        spec=manifest.merged(found.spec, wished),
    )


async def _own_namespace(reader: Reader) -> str:
    return reader.namespace
