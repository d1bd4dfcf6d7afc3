"""Instances without an object, some ours and some not: what the collector deletes, and what it must never touch."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

from tests.faults import judge
from tests.faults.row import Case, Row
from tests.faults.tally import Tally
from tests.faults.world import Stage, World, gone, ready, world
from tests.support import kube, waiting
from tests.support.history import condition

_AGE_SECONDS, _APART_SECONDS = 2.0, 1.0  # users have ten minutes, and two looks two minutes apart
_OLD_SECONDS = 3600.0
_SECOND = 1.1  # Novita's times are whole seconds; of two from the same one, the lower id counts as older
_STILL_SECONDS = 4.0  # several looks: who was to be deleted would be by then
_NAMES = ("a", "b", "c", "d")
_KEPT = "kept"
_SETTINGS = {"ORPHAN_AGE": f"{_AGE_SECONDS * 1000:.0f}", "ORPHAN_SIGHTINGS_APART": f"{_APART_SECONDS * 1000:.0f}"}

Scene = Callable[[World], Awaitable[tuple[int, set[str], set[str]]]]
"""Plays the case: how many instances were planted or left behind, which may go, and which must stay."""


def name_of(cluster: str, uid: uuid.UUID | None = None) -> str:
    """A name with the mark of a cluster, of an object that does not exist unless its UID is given."""
    tail = base64.b32encode((uid or uuid.uuid4()).bytes).decode().lower().rstrip("=")
    return f"nvo-{cluster}-{tail}"


async def judged(
    scene: Scene, stage: Stage, *, policy: str = "Delete", settings: Mapping[str, str] | None = None
) -> Tally:
    """Four living objects, the scene, then the verdict, and everything deleted."""
    async with _world(stage, policy, settings or {}) as at:
        at.keeper()
        await at.create(_NAMES)
        await at.reach(_NAMES, ready, "Ready")
        planted, may_go, must_stay = await scene(at)
        await at.delete(set(_NAMES) & set(at.observer.bodies))
        await at.reach(_NAMES, gone, "gone")
        return await judge.verdict(at, fired=planted, foreign=must_stay, expected=may_go)


def _world(stage: Stage, policy: str, settings: Mapping[str, str]) -> AbstractAsyncContextManager[World]:
    return world(stage, "orphan", settings={**_SETTINGS, **settings}, account={"orphans": policy})


async def _plant(at: World, name: str = "", *, age: float = _OLD_SECONDS) -> str:
    marked = name or name_of(at.settings["CLUSTER_ID"])
    return str(await at.novita.plant(name=marked, ageSeconds=age))


async def _until_deleted(at: World, *ids: str) -> None:
    async def all_gone() -> bool:
        return all(life.delete_requested for life in await judge.lives(at) if life.id in ids)

    await _or_stuck(at, waiting.until(all_gone, "the orphans are deleted", seconds=30))


async def _until_paused(at: World, reason: str) -> None:
    async def paused() -> bool:
        account = await at.stage.plane.kube.get(kube.NOVITA_ACCOUNTS, at.workspace.account_name)
        return condition(account, "OrphanDeletionPaused").get("reason") == reason

    await _or_stuck(at, waiting.until(paused, f"the deletion is paused: {reason}", seconds=30))


async def _stays(at: World, *ids: str) -> None:
    """For a while nobody asks for their deletion; the judge looks once more at the end."""

    async def alive() -> bool:
        return not any(life.delete_requested for life in await judge.lives(at) if life.id in ids)

    await _or_stuck(at, waiting.stays(alive, "they are left alone", seconds=_STILL_SECONDS))


async def _or_stuck(at: World, fact: Awaitable[Any]) -> None:
    try:
        await fact
    except AssertionError as error:
        at.stuck["the collector"] = str(error)


async def orphan(at: World) -> tuple[int, set[str], set[str]]:
    """Ours, old, without an object."""
    found = await _plant(at)
    await _until_deleted(at, found)
    return 1, {found}, set()


async def beside(at: World, name: str, age: float = _OLD_SECONDS) -> tuple[int, set[str], set[str]]:
    """A true orphan shows that the collector is at work; the other instance has this name."""
    other = await _plant(at, name, age=age)
    found = await _plant(at)
    await _until_deleted(at, found)
    await _stays(at, other)
    return 2, {found}, {other}


async def young(at: World) -> tuple[int, set[str], set[str]]:
    """Ours, and younger than what counts (the case's own setting: ten minutes)."""
    found = await _plant(at, age=0)
    await _stays(at, found)
    return 1, set(), {found}


async def reported(at: World) -> tuple[int, set[str], set[str]]:
    """The account reports and does not delete."""
    found = await _plant(at)

    async def listed() -> bool:
        account = await at.stage.plane.kube.get(kube.NOVITA_ACCOUNTS, at.workspace.account_name)
        return any(each["id"] == found for each in (account.get("status") or {}).get("orphans") or [])

    await _or_stuck(at, waiting.until(listed, "the orphan is reported", seconds=30))
    await _stays(at, found)
    return 1, set(), {found}


async def too_many(at: World) -> tuple[int, set[str], set[str]]:
    """More than three, and more than a tenth."""
    found = {await _plant(at) for _ in range(5)}
    await _until_paused(at, "TooMany")
    await _stays(at, *found)
    return 5, set(), found


async def confirmed(at: World) -> tuple[int, set[str], set[str]]:
    """The same, until a person repeats the number."""
    found = {await _plant(at) for _ in range(5)}
    await _until_paused(at, "TooMany")
    await _stays(at, *found)
    change = {"metadata": {"annotations": {"gpu.novita.ai/confirm-orphans": "5"}}}
    await at.stage.plane.kube.patch(kube.NOVITA_ACCOUNTS, at.workspace.account_name, change)
    await _until_deleted(at, *found)
    return 5, found, set()


async def vanished(at: World, left: int, reason: str) -> tuple[int, set[str], set[str]]:
    """Objects are gone without a trace, as after a restore: their instances are all that is left of them."""
    lost = _NAMES[left:]
    ids = {at.observer.bodies[name]["status"]["instanceId"] for name in lost}
    at.sentinel.excused |= ids
    await at.keepers[0].stop()
    for name in lost:
        await at.workspace.delete(name)
        change = {"metadata": {"finalizers": None}}
        await at.stage.plane.kube.patch(kube.GPU_INSTANCES, name, change, at.workspace.namespace)
    await at.reach(lost, gone, "gone")
    at.keepers[0].start()
    await _until_paused(at, reason)
    await _stays(at, *ids)
    await at.keepers[0].stop()
    for instance in ids:
        await at.novita.force(instance, gone=True)  # the person who was called has decided
    at.keepers[0].start()
    return len(ids), set(), ids


async def renamed(at: World) -> tuple[int, set[str], set[str]]:
    """Somebody gives it another name between two looks."""
    found = await _plant(at, age=_AGE_SECONDS - 1)
    await at.novita.force(found, extra={"name": "somebody-elses"})
    await _stays(at, found)
    return 1, set(), {found}


async def page_fails(at: World) -> tuple[int, set[str], set[str]]:
    """While a page of the list fails nothing is deleted; afterwards it is."""
    await at.novita.set(defaultPageSize=2, maxPageSize=2)
    number = await at.novita.fault(kind="failing-page", match={"page": 2})
    found = await _plant(at)
    await _stays(at, found)
    await at.novita.end_faults(number)
    await _until_deleted(at, found)
    return 1, {found}, set()


async def duplicates(at: World) -> tuple[int, set[str], set[str]]:
    """Two more of the name of a living object: the oldest stays."""
    body = at.observer.bodies["a"]
    name = name_of(at.settings["CLUSTER_ID"], uuid.UUID(body["metadata"]["uid"]))
    await asyncio.sleep(_SECOND)
    extra = {await _plant(at, name, age=0) for _ in range(2)}
    await _until_deleted(at, *extra)
    await _stays(at, body["status"]["instanceId"])
    return 2, extra, set()


async def older_duplicate(at: World) -> tuple[int, set[str], set[str]]:
    """One that is older than the object's own, which is Ready and in use: that one stays."""
    body = at.observer.bodies["a"]
    name = name_of(at.settings["CLUSTER_ID"], uuid.UUID(body["metadata"]["uid"]))
    older = await _plant(at, name)
    await _until_deleted(at, older)
    await _stays(at, body["status"]["instanceId"])
    return 1, {older}, set()


async def retained(point: str, how: str, stage: Stage) -> Tally:
    """What a person leaves is no orphan, although processes end around the write that says so."""
    async with _world(stage, "Delete", {}) as at:
        keeper = at.keeper(arms=[f"{point}:{how}"])
        await at.create(_NAMES)
        await at.create((_KEPT,), deletionPolicy="Retain")
        await at.reach((*_NAMES, _KEPT), ready, "Ready")
        left = {at.observer.bodies[_KEPT]["status"]["instanceId"]}
        at.sentinel.excused |= left
        await at.delete((_KEPT,))
        await at.reach((_KEPT,), gone, "gone")
        found = await _plant(at)
        await _until_deleted(at, found)
        await _stays(at, *left)
        await at.delete(_NAMES)
        await at.reach(_NAMES, gone, "gone")
        return await judge.verdict(
            at, fired=len(keeper.fired_at), not_fired=keeper.not_fired, foreign=left, expected={found}
        )


def _foreign(stem: str) -> Scene:
    async def scene(at: World) -> tuple[int, set[str], set[str]]:
        return await beside(at, stem)

    return scene


_ANOTHER = name_of("aaaaaaaa")
_TEN_MINUTES = {"ORPHAN_AGE": "600000"}
_DERIVED = {"CLUSTER_ID": ""}


async def shared_identity(at: World) -> tuple[int, set[str], set[str]]:
    """The operator sees one namespace and its cluster id is derived: another operator may own the orphan."""
    uid = (await at.stage.plane.kube.get(kube.NAMESPACES, "kube-system"))["metadata"]["uid"]
    found = await _plant(at, name_of(_derived(uid)))
    await _until_paused(at, "IdentityShared")
    await _stays(at, found)
    return 1, set(), {found}


def _derived(uid: str) -> str:
    return base64.b32encode(hashlib.sha256(uid.encode()).digest()).decode().lower()[:8]


ROW = Row(
    "orphans",
    "Planted orphans, foreigners and duplicates; brakes: no objects, half gone, too many, a page that fails",
    (
        Case("an orphan", partial(judged, orphan), quick=True),
        Case("another cluster's mark", partial(judged, _foreign(_ANOTHER))),
        Case("no mark", partial(judged, _foreign("somebodys-notebook"))),
        Case("a name that only looks like ours", partial(judged, _foreign(f"x-{_ANOTHER}"))),
        Case("young", partial(judged, young, settings=_TEN_MINUTES)),
        Case("policy Report", partial(judged, reported, policy="Report")),
        Case("too many", partial(judged, too_many)),
        Case("too many, confirmed", partial(judged, confirmed)),
        Case("no objects left", partial(judged, partial(vanished, left=0, reason="NoObjects")), quick=True),
        Case("half of the objects gone", partial(judged, partial(vanished, left=2, reason="ObjectsVanished"))),
        Case("renamed between looks", partial(judged, renamed)),
        Case("a page fails", partial(judged, page_fails)),
        Case("identity shared", partial(judged, shared_identity, settings=_DERIVED)),
        Case("three of one name", partial(judged, duplicates), quick=True),
        Case("an older one of the same name", partial(judged, older_duplicate)),
        Case("retained, killed before that is written down", partial(retained, "retained.before-write", "kill")),
        Case(
            "retained, killed before the finalizer goes", partial(retained, "release.before-write", "kill"), quick=True
        ),
        Case("retained, killed when the finalizer is gone", partial(retained, "release.after-write", "kill")),
    ),
    # Accounts belong to the whole cluster: the operators of other worlds would write the status that brakes rest on.
    alone=True,
)
