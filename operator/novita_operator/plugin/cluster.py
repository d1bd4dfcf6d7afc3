"""The cluster as one verb sees it: which one, which namespaces, and the objects in them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from novita_operator.api import kinds
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_job.resource import GPUJob
from novita_operator.api.novita_account.resource import NovitaAccount
from novita_operator.kube import errors, reading
from novita_operator.kube.client import Body
from novita_operator.kube.reading import Reader

T = TypeVar("T")

INSTANCES = kinds.GPU_INSTANCE
SETS = kinds.GPU_INSTANCE_SET
JOBS = kinds.GPU_JOB
ACCOUNTS = kinds.NOVITA_ACCOUNT
AGENT = "kubectl-novita"
"""Who writes, in managedFields and in the audit log."""


class Wrong(Exception):
    """What a person asked for cannot be had; the message says why and what to do."""


class NoJob(Wrong):
    """There is no job of this name, or no longer."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The cluster that the command line names; empty means what kubectl would take."""

    kubeconfig: Path | None = None
    context: str | None = None


chosen: ContextVar[Choice] = ContextVar("chosen", default=Choice())  # noqa: B039 - it is frozen


@dataclass(frozen=True, slots=True)
class Scope:
    """The namespaces that a verb is about."""

    namespace: str | None = None
    everywhere: bool = False

    def one(self, reader: Reader) -> str:
        """The namespace of an object that is named."""
        return self.namespace or reader.namespace

    def several(self, reader: Reader) -> tuple[str, ...]:
        """The namespaces of a listing; none means all."""
        return () if self.everywhere else (self.one(reader),)

    def __str__(self) -> str:
        return "any namespace" if self.everywhere else f"namespace {self.namespace}"


def ask(work: Callable[[Reader], Awaitable[T]]) -> T:
    """Run this with a reader for the chosen cluster. Raises kube errors."""

    async def asked() -> T:
        choice = chosen.get()
        reader = await reading.connect(choice.kubeconfig, choice.context, AGENT)
        try:
            return await work(reader)
        finally:
            await reader.aclose()

    return asyncio.run(asked())


async def instance_body(reader: Reader, scope: Scope, name: str) -> Body:
    """One GPUInstance as the cluster holds it. Raises Wrong where there is none."""
    namespace = scope.one(reader)
    try:
        return await reader.get(INSTANCES, namespace, name)
    except errors.NotFound:
        raise Wrong(
            f'there is no GPUInstance "{name}" in namespace {namespace}. '
            "`kubectl novita status -A` shows all that there are."
        ) from None


async def instance(reader: Reader, scope: Scope, name: str) -> GPUInstance:
    """One GPUInstance. Raises Wrong where there is none."""
    return GPUInstance.parse(await instance_body(reader, scope, name))


async def instances(reader: Reader, scope: Scope) -> list[GPUInstance]:
    """All of the scope, by namespace and name."""
    found = [GPUInstance.parse(body) async for body in reader.each(INSTANCES, scope.several(reader))]
    return sorted(found, key=lambda each: (each.meta.namespace, each.meta.name))


async def job(reader: Reader, scope: Scope, name: str) -> GPUJob:
    """One GPUJob. Raises Wrong where there is none."""
    namespace = scope.one(reader)
    try:
        return GPUJob.parse(await reader.get(JOBS, namespace, name))
    except errors.NotFound:
        raise NoJob(f'there is no GPUJob "{name}" in namespace {namespace}.') from None


async def accounts(reader: Reader) -> list[NovitaAccount] | None:
    """All accounts by name; None where the user may not read them, which tenants often may not."""
    try:
        found = [NovitaAccount.parse(body) async for body in reader.each(ACCOUNTS)]
    except errors.Forbidden:
        return None
    return sorted(found, key=lambda each: each.meta.name)
