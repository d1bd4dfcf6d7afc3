"""Steps that several rows share: bringing objects somewhere, what people do to them, and what must hold meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Literal

from tests.faults import judge
from tests.faults.sentinel import FINALIZER
from tests.faults.world import PATIENCE_SECONDS, Check, Stage, World, gone, ready, secluded, stopped
from tests.support import kube, waiting
from tests.support.kube import Body

State = Literal["creating", "ready", "stopped"]
SLOW_CREATE = {"create": 3.0}  # long enough for a person to come between the create and Ready

# Everything ten times as fast as for users, and their own settings: what they wait a minute for takes six seconds. The
# pauses between polls are shorter than theirs, so that a loaded machine does not make them longer.
SPEED = 10.0
AS_USERS_HAVE_IT: Mapping[str, str] = {
    "CLOCK_SPEED": f"{SPEED:g}",
    "LIST_LAG": "60000",
    "LOSS_DELAY": "180000",
    "API_TIMEOUT": "120000",
    "POLL_INTERVAL": "10000",
    "TRANSITION_POLL_INTERVAL": "4000",
    "BACKOFF_BASE": "2000",
    "BACKOFF_MAX": "60000",
    "CATALOG_MAX_AGE": "60000",
    "CREDENTIALS_PROBE_INTERVAL": "60000",
    "RESYNC_INTERVAL": "60000",
    "STUCK_AFTER": "600000",
}


@asynccontextmanager
async def hurried(stage: Stage, name: str, *, speed: float = SPEED, **how: Any) -> AsyncIterator[World]:
    """A world whose operators live so many times as fast, with the settings of users."""
    settings = {**AS_USERS_HAVE_IT, "CLOCK_SPEED": f"{speed:g}", **how.pop("settings", {})}
    async with secluded(stage, name, settings=settings, **how) as at:
        yield at


def named(count: int) -> tuple[str, ...]:
    """So many names."""
    return tuple(f"n{number:02}" for number in range(count))


# --- Where objects are ------------------------------------------------------------------------------------------


async def settle(at: World, names: Collection[str], state: State, **spec: Any) -> None:
    """Create these objects and bring them there. Creates that are to be caught half-way must be slow.

    Raises AssertionError where they do not get there: the case has not begun then, and proves nothing.
    """
    await at.create(names, **spec)
    if state == "creating":
        await _begins(at, names, recorded, "recorded")
        return
    await _begins(at, names, ready, "Ready")
    if state == "stopped":
        await at.edit(names, powerState="Stopped")
        await _begins(at, names, stopped, "Stopped")


async def _begins(at: World, names: Collection[str], check: Check, what: str) -> None:
    # Not the patience of the case: on a loaded machine it takes long until there is something to break.
    if not await at.reach(names, check, what, seconds=PATIENCE_SECONDS):
        raise AssertionError(f"the case did not begin: {sorted(at.stuck.values())}")


def recorded(body: Body | None) -> bool:
    """Its instance's id is in the status."""
    return body is not None and bool((body.get("status") or {}).get("instanceId"))


def held(body: Body | None) -> bool:
    """It has the finalizer."""
    return body is not None and FINALIZER in (body["metadata"].get("finalizers") or ())


def not_ready(body: Body | None) -> bool:
    """It says that it is not Ready."""
    return body is not None and not ready(body)


async def leave(at: World, names: Collection[str]) -> None:
    """Delete them, and wait until they are gone."""
    await at.delete(names)
    await at.reach(names, gone, "gone")


def ids(at: World, names: Iterable[str]) -> set[str]:
    """The instances of these objects, as their status has them."""
    return {at.observer.bodies[name]["status"]["instanceId"] for name in names}


# --- What people do ---------------------------------------------------------------------------------------------


async def replace(at: World, name: str) -> None:
    """`kubectl replace -f` of the manifest in Git, as Argo CD does it with Replace=true; again where it lost a race."""
    adopt = at.observer.bodies[name]["spec"].get("adopt")
    manifest = json.dumps(at.workspace.instance_body(name, **({"adopt": adopt} if adopt else {})))

    async def replaced() -> bool:
        done = await at.workspace.kubectl("replace", "-f", "-", stdin=manifest)
        assert done.code == 0 or "Conflict" in done.err, done.err
        return done.code == 0

    await waiting.until(replaced, f"{name} is replaced")


async def clear(at: World, name: str) -> None:
    """Take the finalizers away, as people do with objects that they think are stuck."""
    await patch(at, name, {"metadata": {"finalizers": None}})


async def strip(at: World, name: str) -> None:
    """Take finalizers and all annotations away: nothing of ours is left but the status."""
    await patch(at, name, {"metadata": {"finalizers": None, "annotations": None}})


async def wipe(at: World, name: str) -> None:
    """Take everything away that the operator knows: finalizers, annotations and the status."""
    await strip(at, name)
    await patch(at, name, {"status": None}, subresource="status")


async def patch(at: World, name: str, change: Body, *, subresource: str = "") -> None:
    """A merge patch on one object of this world."""
    await at.stage.plane.kube.patch(kube.GPU_INSTANCES, name, change, at.workspace.namespace, subresource=subresource)


async def forget(at: World, names: Collection[str]) -> None:
    """The objects are taken away while no operator could see it; their instances live on without them."""
    for name in names:
        await at.workspace.delete(name)
        await clear_if_there(at, name)
    await at.reach(names, gone, "gone")


async def clear_if_there(at: World, name: str) -> None:
    """The same as `clear`, for an object that may be gone already."""
    try:
        await clear(at, name)
    except kube.Refused as refused:
        if refused.status != 404:
            raise


async def restore(at: World, body: Body, *, name: str | None = None) -> None:
    """Put an object back as a backup tool does: with finalizers, annotations and status, under a new UID."""
    old = body["metadata"]
    metadata = {key: old[key] for key in ("labels", "annotations", "finalizers") if old.get(key)}
    metadata |= {"name": name or old["name"], "namespace": at.workspace.namespace}
    again = {**{key: body[key] for key in ("apiVersion", "kind", "spec")}, "metadata": metadata}
    await at.stage.plane.kube.create(kube.GPU_INSTANCES, again)
    await patch(at, metadata["name"], {"status": body["status"]}, subresource="status")


# --- What must hold ---------------------------------------------------------------------------------------------


async def or_stuck(at: World, about: str, fact: Awaitable[Any]) -> None:
    """A fact that is to come about; where it does not, a person is needed."""
    try:
        await fact
    except AssertionError as error:
        at.stuck[about] = str(error)


async def nothing_more(at: World, rented: int, seconds: float) -> None:
    """For a while nothing is rented beyond so many, and nobody asks for the end of anything that lives."""

    async def so() -> bool:
        book = [life for life in await judge.lives(at) if not life.planted]
        return len(book) <= rented and not any(life.delete_requested for life in book if life.deleted is None)

    await or_stuck(at, "rents", waiting.stays(so, f"only {rented} are rented, nothing is let go", seconds=seconds))


async def rented(at: World, count: int) -> None:
    """Nothing was rented beyond so many, ever."""
    book = [life for life in await judge.lives(at) if not life.planted]
    if len(book) > count:
        at.stuck["rents"] = f"{len(book)} were rented for {count} objects: {[life.name for life in book]}"


async def untouched(at: World, instances: Collection[str]) -> None:
    """Nobody has asked Novita to stop, start or edit these."""
    entries = (await at.novita.book())["entries"]
    asked = [
        f"{entry['event']} {entry['instanceId']}"
        for entry in entries
        if entry["instanceId"] in instances and entry["event"].endswith("Requested")
    ]
    if asked:
        at.stuck["touched"] = f"not ours, and asked for: {asked}"


async def all_hidden(at: World, seconds: float) -> None:
    """Novita shows none of the account's instances for so many real seconds: the outage itself."""
    await at.novita.set(blind=True)
    at.faulted()
    await asyncio.sleep(seconds)
    await at.novita.set(blind=False)


async def wait(seconds: float) -> None:
    """What is done to the operator takes so long."""
    await asyncio.sleep(seconds)
