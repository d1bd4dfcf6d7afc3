"""What the shell offers when Tab is pressed: names from the cluster, or nothing where that takes too long."""

from __future__ import annotations

import asyncio

from novita_operator.kube import errors
from novita_operator.kube.reading import Reader
from novita_operator.plugin import cluster
from novita_operator.plugin.cluster import Scope

_PATIENCE_SECONDS = 3.0  # whoever waits longer for a Tab types the name


def instances(incomplete: str) -> list[str]:
    """Names of GPUInstances in the context's namespace that begin so."""

    async def names(reader: Reader) -> list[str]:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return [each.meta.name for each in await cluster.instances(reader, Scope())]

    try:
        return [name for name in cluster.ask(names) if name.startswith(incomplete)]
    except (errors.KubeError, TimeoutError):
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
