"""What the shell offers when Tab is pressed: names from the cluster, or nothing where that takes too long."""

from __future__ import annotations

import asyncio

import typer

from novita_operator.api.kinds import Kind
from novita_operator.kube import errors
from novita_operator.kube.reading import Reader
from novita_operator.plugin import cluster, targets
from novita_operator.plugin.cluster import Scope

_PREFIXES = {"": cluster.INSTANCES, "gpuset/": cluster.SETS, "gpujob/": cluster.JOBS}
_PATIENCE_SECONDS = 3.0  # whoever waits longer for a Tab types the name


def instances(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of GPUInstances that begin so, in the namespace that was typed, or else the context's."""

    async def names(reader: Reader) -> list[str]:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await _names(reader, cluster.INSTANCES, _scope(ctx))

    try:
        return [name for name in cluster.ask(names) if name.startswith(incomplete)]
    except (errors.KubeError, TimeoutError):
        return []


def machines(ctx: typer.Context, incomplete: str) -> list[str]:
    """The same, and sets and jobs as `gpuset/NAME` and `gpujob/NAME`; of one kind alone where that is typed already."""
    word, slash, _ = incomplete.partition("/")
    typed = {f"{word}/": targets.KINDS[word]} if slash and word in targets.KINDS else _PREFIXES

    async def names(reader: Reader) -> list[str]:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            found = [(start, await _names(reader, kind, _scope(ctx))) for start, kind in typed.items()]
            return [f"{start}{name}" for start, names in found for name in names]

    try:
        return [name for name in cluster.ask(names) if name.startswith(incomplete)]
    except (errors.KubeError, TimeoutError):
        return []


def _scope(ctx: typer.Context) -> Scope:
    return Scope(ctx.params.get("namespace"))


async def _names(reader: Reader, kind: Kind, scope: Scope) -> list[str]:
    """None where the user may not list them, or the kind is missing, which does not make the others fewer."""
    try:
        return sorted(key.name for key in await reader.versions(kind, scope.several(reader)))
    except (errors.Forbidden, errors.NotServed):
        return []


def namespaces(incomplete: str) -> list[str]:
    """Names of namespaces that begin so."""

    async def names(reader: Reader) -> list[str]:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return sorted(await reader.all_namespaces())

    try:
        return [name for name in cluster.ask(names) if name.startswith(incomplete)]
    except (errors.KubeError, TimeoutError):
        return []
