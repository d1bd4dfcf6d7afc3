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
from novita_operator.controllers.gpu_instance.policies import cron, window
from novita_operator.kube.reading import Reader
from novita_operator.plugin import cluster, completing, printing
from novita_operator.plugin import until as moments
from novita_operator.plugin.cluster import INSTANCES, Scope, Wrong
from novita_operator.plugin.options import Namespace

Name = Annotated[str, typer.Argument(autocompletion=completing.instances)]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until it has started or stopped, or has failed.")]
Until = Annotated[
    str | None,
    typer.Option(
        "--until", help="Run it outside spec.lifetime.schedule until then: 18:00, in the schedule's time zone."
    ),
]
Patience = Annotated[float, typer.Option("--timeout", min=1, help="Longest wait, seconds.")]

_LOOK_SECONDS = 1.0  # between two reads; the operator writes transitions within its poll period, 2 s
_PATIENCE = 900.0  # the default startup timeout of 600 s, and a stop before it
_TRY_AGAIN = "asks for another try"


def start(
    name: Name,
    namespace: Namespace = None,
    *,
    until: Until = None,
    wait: Wait = False,
    timeout: Patience = _PATIENCE,
) -> None:
    """Start a stopped instance, or ask for another try of one that failed or was ended."""
    cluster.ask(lambda reader: _started(reader, Scope(namespace), name, timeout if wait else None, until))


def stop(name: Name, namespace: Namespace = None, *, wait: Wait = False, timeout: Patience = _PATIENCE) -> None:
    """Stop an instance: its GPU is free and no longer billed, its disk is kept for a while."""
    cluster.ask(lambda reader: _stopped(reader, Scope(namespace), name, timeout if wait else None))


def restart(name: Name, namespace: Namespace = None, *, timeout: Patience = _PATIENCE) -> None:
    """Stop and start an instance that runs; ask for another try of one that does not."""
    cluster.ask(lambda reader: _restarted(reader, Scope(namespace), name, timeout))


async def _started(reader: Reader, scope: Scope, name: str, patience: float | None, until: str | None = None) -> None:
    found = await cluster.instance(reader, scope, name)
    if until is not None:
        found = await _overridden(reader, found, until)
    elif found.spec.power_state == "Stopped":
        found = await _power(reader, found, "Running")
        printing.say(f"{name}: spec.powerState is Running; billing begins when Novita starts it.")
    elif (opens := _outside(found)) is not None:
        raise Wrong(f"{name} is outside spec.lifetime.schedule{opens}. To run it before: --until 18:00.")
    elif _gave_up(found):
        found = await _try_again(reader, found)
        printing.say(f"{name}: {_TRY_AGAIN}.")
    else:
        printing.say(f"{name}: spec.powerState is Running already ({found.status.phase or 'not looked at yet'}).")
    if patience is not None:
        await _until(reader, found, patience)


async def _overridden(reader: Reader, found: GPUInstance, said: str) -> GPUInstance:
    """Keep it running until then, whatever its schedule says; spec is Git's, and stays as it is."""
    name, now = found.meta.name, datetime.now(UTC)
    end = moments.moment(said, found, now)
    if found.spec.power_state == "Stopped":
        raise Wrong(
            f"{name}: spec.powerState is Stopped, which wins: `kubectl novita start {name}` changes that first."
        )
    notes = {meta.RUN_UNTIL: f"{end:%Y-%m-%dT%H:%M:%SZ}"}
    if found.status.ended is not None and found.status.ended.cause != "Schedule":
        notes[meta.RECONCILE_REQUESTED_AT] = _stamp()
    found = await _patched(reader, found, {"metadata": {"annotations": notes}})
    printing.say(f"{name}: runs until {end:%Y-%m-%d %H:%M} UTC, whatever its schedule says; then the schedule counts.")
    return found


def _outside(found: GPUInstance) -> str | None:
    """When its window opens, where that is closed; None where it is open, or there is none."""
    try:
        standing = window.standing(found, datetime.now(UTC))
    except cron.Unreadable as error:
        raise Wrong(f"{found.meta.name}: {error}") from None
    if standing is None or standing.runs:
        return None
    opens = standing.changes_at
    return f", which starts it at {opens:%Y-%m-%d %H:%M} UTC" if opens is not None else ", which never starts it"


async def _stopped(reader: Reader, scope: Scope, name: str, patience: float | None) -> None:
    found = await cluster.instance(reader, scope, name)
    if window.override(found, datetime.now(UTC)) is not None:
        found = await _patched(reader, found, {"metadata": {"annotations": {meta.RUN_UNTIL: None}}})
        printing.say(f"{name}: {meta.RUN_UNTIL} is removed; its schedule counts again.")
    if found.spec.power_state == "Running" and (opens := _outside(found)) is not None:
        printing.say(f"{name}: stays stopped by spec.lifetime.schedule{opens}.")
    elif found.spec.power_state == "Stopped":
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
    if found.spec.power_state == "Stopped" or _gave_up(found) or _outside(found) is not None:
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
    change: dict[str, Any] = {"spec": {"powerState": state}}
    if state == "Running" and found.status.ended is not None:
        change["metadata"] = {"annotations": {meta.RECONCILE_REQUESTED_AT: _stamp()}}
    return await _patched(reader, found, change)


async def _try_again(reader: Reader, found: GPUInstance) -> GPUInstance:
    return await _patched(reader, found, {"metadata": {"annotations": {meta.RECONCILE_REQUESTED_AT: _stamp()}}})


def _stamp() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


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
    overridden = window.override(found, datetime.now(UTC)) is not None
    if overridden is not (found.status.overridden_until is not None):
        return False
    return found.meta.reconcile_requested_at == found.status.last_handled_reconcile_at
