"""`start`, `stop`, `restart`: what the user wants, written into the spec; the operator does it."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from novita_operator.api import conditions, meta
from novita_operator.api.gpu_instance.reasons import ConditionType
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.kube.reading import Reader
from novita_operator.plugin import cluster, completing, printing
from novita_operator.plugin.cluster import INSTANCES, Scope, Wrong
from novita_operator.plugin.options import Namespace

Name = Annotated[str, typer.Argument(autocompletion=completing.instances)]
Wait = Annotated[bool, typer.Option("--wait", help="Return when it is so, or cannot be.")]
Patience = Annotated[float, typer.Option("--timeout", min=1, help="Longest wait, seconds.")]

_LOOK_SECONDS = 1.0  # between two reads; the operator writes transitions within its poll period, 2 s
_PATIENCE = 900.0  # the default startup timeout of 600 s, and a stop before it
_TRY_AGAIN = "asks for another try"


def start(name: Name, namespace: Namespace = None, *, wait: Wait = False, timeout: Patience = _PATIENCE) -> None:
    """Start a stopped instance, or ask for another try of one that failed or was ended."""
    cluster.ask(lambda reader: _started(reader, Scope(namespace), name, timeout if wait else None))


def stop(name: Name, namespace: Namespace = None, *, wait: Wait = False, timeout: Patience = _PATIENCE) -> None:
    """Stop an instance: its GPU is free and no longer billed, its disk is kept for a while."""
    cluster.ask(lambda reader: _stopped(reader, Scope(namespace), name, timeout if wait else None))


def restart(name: Name, namespace: Namespace = None, *, timeout: Patience = _PATIENCE) -> None:
    """Stop and start an instance that runs; ask for another try of one that does not."""
    cluster.ask(lambda reader: _restarted(reader, Scope(namespace), name, timeout))


async def _started(reader: Reader, scope: Scope, name: str, patience: float | None) -> None:
    found = await cluster.instance(reader, scope, name)
    if found.spec.power_state == "Stopped":
        found = await _power(reader, found, "Running")
        printing.say(f"{name}: spec.powerState is Running; billing begins when Novita starts it.")
    elif _gave_up(found):
        found = await _try_again(reader, found)
        printing.say(f"{name}: {_TRY_AGAIN}.")
    else:
        printing.say(f"{name}: spec.powerState is Running already ({found.status.phase or 'not looked at yet'}).")
    if patience is not None:
        await _until(reader, found, patience)


async def _stopped(reader: Reader, scope: Scope, name: str, patience: float | None) -> None:
    found = await cluster.instance(reader, scope, name)
    if found.spec.power_state == "Stopped":
        printing.say(f"{name}: spec.powerState is Stopped already ({found.status.phase or 'not looked at yet'}).")
    else:
        found = await _power(reader, found, "Stopped")
        printing.say(
            f"{name}: spec.powerState is Stopped. Novita keeps the disk for at most 7 days and does not promise a "
            "free GPU for the next start."
        )
    if patience is not None:
        await _until(reader, found, patience)


async def _restarted(reader: Reader, scope: Scope, name: str, patience: float) -> None:
    found = await cluster.instance(reader, scope, name)
    if found.spec.power_state == "Stopped" or _gave_up(found):
        await _started(reader, scope, name, patience)
        return
    end = time.monotonic() + patience
    found = await _power(reader, found, "Stopped")
    printing.say(f"{name}: stopping it.")
    try:
        await _until(reader, found, patience)
    except Wrong as error:
        raise Wrong(f"{error} It stays stopped until `kubectl novita start {name}`.") from None
    found = await _power(reader, found, "Running")
    printing.say(f"{name}: starting it.")
    await _until(reader, found, max(1.0, end - time.monotonic()))


def _gave_up(found: GPUInstance) -> bool:
    """Whether nothing more happens until somebody asks."""
    stalled = conditions.find(found.status.conditions, ConditionType.STALLED)
    return stalled is not None or found.status.ended is not None


async def _power(reader: Reader, found: GPUInstance, state: str) -> GPUInstance:
    if owner := _owner(await reader.get(INSTANCES, found.meta.namespace, found.meta.name)):
        printing.note(f"note: {found.meta.name} belongs to {owner}, which may replace it or count it as not ready.")
    return await _patched(reader, found, {"spec": {"powerState": state}})


async def _try_again(reader: Reader, found: GPUInstance) -> GPUInstance:
    stamp = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    return await _patched(reader, found, {"metadata": {"annotations": {meta.RECONCILE_REQUESTED_AT: stamp}}})


async def _patched(reader: Reader, found: GPUInstance, change: dict[str, Any]) -> GPUInstance:
    # By UID: an object that was made anew under this name meanwhile was not meant.
    at = {"uid": found.meta.uid} | change.get("metadata", {})
    body = await reader.patch(INSTANCES, found.meta.namespace, found.meta.name, change | {"metadata": at})
    return GPUInstance.parse(body)


def _owner(body: dict[str, Any]) -> str:
    owners = body["metadata"].get("ownerReferences") or []
    return next((f"{each['kind']} {each['name']}" for each in owners if each.get("controller")), "")


async def _until(reader: Reader, patched: GPUInstance, patience: float) -> None:
    """Until it is as the spec asks. Raises Wrong where it gets stuck, or takes too long."""
    end, said = time.monotonic() + patience, ""
    while True:
        found = await cluster.instance(reader, Scope(patched.meta.namespace), patched.meta.name)
        ready = conditions.find(found.status.conditions, ConditionType.READY)
        # What the operator said before the patch counts for nothing.
        current = ready is not None and ready.observed_generation >= patched.meta.generation and _handled(found)
        if ready is not None and current:
            if ready.message != said:
                said = ready.message
                printing.say(f"{found.meta.name}: {said}")
            if ready.status == "True":
                return
            if conditions.find(found.status.conditions, ConditionType.STALLED) is not None:
                raise Wrong(f"{found.meta.name} is stuck: `kubectl novita explain {found.meta.name}` says more.")
        if time.monotonic() > end:
            raise Wrong(f"{found.meta.name} did not get there within {patience:.0f} s; the operator goes on.")
        await asyncio.sleep(_LOOK_SECONDS)


def _handled(found: GPUInstance) -> bool:
    return found.meta.reconcile_requested_at == found.status.last_handled_reconcile_at
