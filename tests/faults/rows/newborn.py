"""Objects that are made while no operator runs, and an instance that bears their name before anybody has looked.

By its name it is theirs (safety: Who is believed), whoever made it: an operator whose notes are lost, or somebody with
the account's key. So it is taken, nothing is rented beside it, and it ends with its object.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any

from tests.faults import judge
from tests.faults.keeper import Keeper
from tests.faults.row import Case, Row, with_quick
from tests.faults.rows import scenes
from tests.faults.rows.orphans import name_of
from tests.faults.tally import Tally
from tests.faults.world import Stage, World, ready, secluded, stopped
from tests.support import kube, waiting
from tests.support.kube import Body

_NAMES = ("a", "b")
_THERE, _HIDDEN, _STOPPED, _CUT = "there", "hidden from the list", "to be stopped", "names cut"
_YOUNG = {"LIST_LAG": "20000"}
_LONG_SECONDS = 8.0  # several polls; with the usual list lag, whoever was to be rented would be by then


async def born(how: str, stage: Stage) -> Tally:
    """One instance of each name is there when the operator comes: it is the object's, and none is rented."""
    async with secluded(stage, "newborn", settings=_YOUNG if how == _HIDDEN else {}) as at:
        wanted = {"powerState": "Stopped"} if how == _STOPPED else {}
        keeper = await _before_the_operator(at, **wanted)
        planted = {await _plant(at, name) for name in _NAMES}
        if how == _HIDDEN:
            await at.novita.fault(kind="empty-list", route="list")
        if how == _CUT:
            await at.novita.set(names="cut")
        keeper.start()
        if how in {_HIDDEN, _CUT}:
            await waiting.until(at.works, "the operator works", seconds=at.stage.patience)
            await scenes.nothing_more(at, 0, _LONG_SECONDS)
        await at.novita.end_faults()
        await at.novita.set(names="as-sent")
        await at.reach(_NAMES, _stopped_with_its_own if how == _STOPPED else ready, how)
        return await _taken(at, planted, {*planted})


async def _taken(at: World, theirs: set[str], planted: set[str]) -> Tally:
    """The objects have these instances, none was rented beside them, and none outlives its object."""
    await scenes.rented(at, 0)
    if (found := scenes.ids(at, _NAMES)) != theirs:
        at.stuck["taken"] = f"they have {found}, and not {theirs}"
    await scenes.leave(at, _NAMES)
    if left := [life.id for life in await judge.lives(at) if life.deleted is None and not life.delete_requested]:
        at.stuck["the end"] = f"these live on without their objects: {left}"
    return await judge.verdict(at, fired=len(_NAMES), expected=planted)


async def born_twice(stage: Stage) -> Tally:
    """Two of one name: the older one stays, as with every duplicate."""
    async with secluded(stage, "newborn") as at:
        keeper = await _before_the_operator(at)
        older = {await _plant(at, name, age=600) for name in _NAMES}
        younger = {await _plant(at, name, age=60) for name in _NAMES}
        keeper.start()
        await at.reach(_NAMES, ready, "Ready")
        return await _taken(at, older, older | younger)


async def strangers_name(stage: Stage) -> Tally:
    """What bears the mark of another cluster with the same UID is not theirs: each rents its own, and touches none."""
    async with secluded(stage, "newborn") as at:
        keeper = await _before_the_operator(at)
        strange = {await _plant(at, name, cluster="qqqqqqqq") for name in _NAMES}
        keeper.start()
        await at.reach(_NAMES, ready, "Ready")
        await scenes.rented(at, len(_NAMES))
        await scenes.leave(at, _NAMES)
        await scenes.untouched(at, strange)
        return await judge.verdict(at, fired=len(_NAMES), foreign=strange)


async def _before_the_operator(at: World, **spec: Any) -> Keeper:
    """An operator has worked with the account, none runs now, and the objects are new."""
    keeper = at.keeper()
    what = "an operator has worked with the account"
    await waiting.until(partial(_has_worked, at), what, seconds=at.stage.patience)
    await keeper.stop()
    await at.create(_NAMES, **spec)
    await at.reach(_NAMES, _is_there, "there")
    return keeper


async def _has_worked(at: World) -> bool:
    account = await at.stage.plane.kube.get(kube.NOVITA_ACCOUNTS, at.workspace.account_name)
    return bool((account.get("status") or {}).get("conditions"))


def _stopped_with_its_own(body: Body | None) -> bool:
    """Not only at rest because nothing was looked for yet."""
    return stopped(body) and scenes.recorded(body)


def _is_there(body: Body | None) -> bool:
    return body is not None


async def _plant(at: World, name: str, *, cluster: str | None = None, age: float = 0) -> str:
    """An instance that bears this object's name, as it is in this cluster unless another is said."""
    uid = uuid.UUID(at.observer.bodies[name]["metadata"]["uid"])
    called = name_of(cluster or at.settings["CLUSTER_ID"], uid)
    return str(await at.novita.plant(name=called, ageSeconds=age))


def _cases() -> Iterator[Case]:
    for how in (_THERE, _HIDDEN, _STOPPED, _CUT):
        yield Case(f"one of the name, {how}", partial(born, how))
    yield Case("two of the name", born_twice)
    yield Case("one of the name in another cluster", strangers_name)


ROW = Row(
    "newborn",
    "Objects made while no operator runs, whose name an instance bears already: shown, hidden, doubled, another's",
    with_quick(_cases(), "one of the name, there"),
)
