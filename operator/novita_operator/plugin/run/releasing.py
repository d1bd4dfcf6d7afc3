"""Letting go: whatever happens, the object is deleted, and it is said what it has cost."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import typer

from novita_operator.api import meta
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.kube import errors
from novita_operator.kube.reading import Reader
from novita_operator.plugin import cluster, printing
from novita_operator.plugin.cluster import INSTANCES, Wrong
from novita_operator.plugin.login import running
from novita_operator.plugin.run import renting, telling
from novita_operator.plugin.run.interruptions import Interrupted, Interruptions
from novita_operator.plugin.run.renting import Rented

_GONE_SECONDS = 300.0  # Novita takes seconds to remove an instance; the operator goes on after that


@contextlib.contextmanager
def in_the_end(rented: Rented, signals: Interruptions, *, keep_on_failure: bool) -> Iterator[None]:
    """Let it go at the end of the block, however that ends. Raises Wrong where that fails."""
    try:
        yield
    except Interrupted:
        _let_go(rented, signals)
        raise
    except typer.Exit as end:
        _end(rented, signals, keep=keep_on_failure and end.exit_code not in running.INTERRUPTED)
        raise
    except BaseException:
        _end(rented, signals, keep=keep_on_failure)
        raise
    else:
        _let_go(rented, signals)


def _end(rented: Rented, signals: Interruptions, *, keep: bool) -> None:
    """What has failed is let go, too, or kept."""
    if not (keep and rented.usable and _kept(rented)):
        _let_go(rented, signals)


def _let_go(rented: Rented, signals: Interruptions) -> None:
    try:
        with signals.held():
            there = cluster.ask(lambda reader: _deleted(reader, rented))
            signals.forget()
    except errors.KubeError as error:
        raise Wrong(telling.left(rented.name, rented.namespace, str(error))) from None
    if there:
        printing.note(f"{rented.name}: letting it go.")
    try:
        gone = not there or cluster.ask(lambda reader: _gone(reader, rented))
    except (Interrupted, errors.KubeError):
        gone = False
    if not gone:
        printing.note(f"{rented.name}: the operator goes on deleting it; its end was not awaited.")
    if rented.found is not None:
        printing.note(f"{rented.name}: {telling.bill(rented.found, datetime.now(UTC))}")


async def _deleted(reader: Reader, rented: Rented) -> bool:
    """Whether it was there, and is deleted now. What belongs to another run stays."""

    async def delete() -> bool:
        try:
            found = GPUInstance.parse(await reader.get(INSTANCES, rented.namespace, rented.name))
            if found.meta.annotations.get(meta.RUN) != rented.run:
                return False
            rented.found = found
            await reader.delete(INSTANCES, rented.namespace, rented.name, uid=found.meta.uid)
        except (errors.NotFound, errors.Conflict):
            return False
        return True

    return await renting.steadily(delete)


async def _gone(reader: Reader, rented: Rented) -> bool:
    """Whether nothing of it is left, which is awaited: until then it may be billed."""
    end = time.monotonic() + _GONE_SECONDS
    while time.monotonic() < end:
        try:
            found = GPUInstance.parse(await reader.get(INSTANCES, rented.namespace, rented.name))
        except errors.NotFound:
            return True
        if rented.found is None or found.meta.uid != rented.found.meta.uid:
            return True
        if found.status.instance_id is not None:
            rented.found = found
        await asyncio.sleep(renting.LOOK_SECONDS)
    return False


def _kept(rented: Rented) -> bool:
    """Whether it is kept from now on, without heartbeats; --timeout still ends it."""
    found = rented.found
    if found is None:
        return False
    change = {"metadata": {"uid": found.meta.uid}, "spec": {"lifetime": {"idle": None}}}
    try:
        cluster.ask(lambda reader: reader.patch(INSTANCES, rented.namespace, rented.name, change))
    except errors.KubeError as error:
        printing.note(f"{rented.name} cannot be kept: {error}")
        return False
    timeout = found.spec.lifetime.max_seconds if found.spec.lifetime is not None else None
    printing.note(telling.kept(found, timeout or 0))
    return True
