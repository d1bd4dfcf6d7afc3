"""Names and ids that are not what they were: another cluster id, names and ids shown otherwise, ids given to others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from tests.faults import judge
from tests.faults.row import Case, Row
from tests.faults.rows import scenes
from tests.faults.tally import Tally
from tests.faults.world import DELAYS, LATER_SECONDS, Stage, World, gone, ready, secluded, stopped
from tests.support import waiting

_NAMES = ("a", "b")
_LONG_SECONDS = 8.0  # several polls and list lags: who was to be rented again would be by then
_ANOTHER = "qqqqqqqq"
_RENDERINGS = ("cut", "suffixed", "upper")
# Shorter than the pauses of restartPolicy, as users have them, would not show a second and a third rent.
_EAGER = {"restartPolicy": {"backoffSeconds": 1}}


# --- The cluster's id -------------------------------------------------------------------------------------------


async def cluster_renamed(then: str, policy: str, stage: Stage) -> Tally:
    """CLUSTER_ID is set on a running installation, and taken back: nothing is rented or let go in between."""
    async with secluded(stage, "renamed", account={"orphans": policy}) as at:
        keeper = at.keeper()
        await scenes.settle(at, _NAMES, "stopped" if then == "started" else "ready", **_EAGER)
        before = at.settings["CLUSTER_ID"]
        await keeper.stop()
        at.settings |= {"CLUSTER_ID": _ANOTHER, "ORPHAN_AGE": "1000", "ORPHAN_SIGHTINGS_APART": "500"}
        keeper.start()
        await waiting.until(at.works, "it works under another id")
        left = await _under_another_id(at, then)
        await scenes.rented(at, len(_NAMES))
        await keeper.stop()
        at.settings["CLUSTER_ID"] = before
        keeper.start()
        await at.reach(left, ready if then != "stopped" else stopped, "as before")
        await scenes.rented(at, len(_NAMES))
        await scenes.leave(at, left)
        return await judge.verdict(at, fired=len(_NAMES))


async def _under_another_id(at: World, then: str) -> tuple[str, ...]:
    """What is done meanwhile; the names that live on. What ends goes on by the recorded name."""
    match then:
        case "deleted":
            await scenes.leave(at, _NAMES[:1])
            return _NAMES[1:]
        case "stopped":
            await at.edit(_NAMES, powerState="Stopped")
            await asyncio.sleep(_LONG_SECONDS)
        case "started":
            await at.edit(_NAMES, powerState="Running")
            await asyncio.sleep(_LONG_SECONDS)
        case _:
            await asyncio.sleep(_LONG_SECONDS)
    return _NAMES


# --- How Novita shows names and ids -----------------------------------------------------------------------------


async def names_shown(how: str, since: str, stage: Stage) -> Tally:
    """Novita shows names otherwise from now on, or always has; later as they were sent. One rent for each object."""
    async with secluded(stage, "names") as at:
        keeper = at.keeper()
        if since == "from the start":
            await at.novita.set(names=how)
            await at.create(_NAMES, **_EAGER)
        else:
            await scenes.settle(at, _NAMES, "creating" if since == "while creating" else "ready", **_EAGER)
            await at.novita.set(names=how)
        await asyncio.sleep(_LONG_SECONDS)
        for process in list(keeper.running):
            await process.kill()
        await waiting.until(at.works, "the next one works")
        await asyncio.sleep(_LONG_SECONDS)
        await scenes.rented(at, len(_NAMES))
        await at.novita.set(names="as-sent")
        await at.reach(_NAMES, ready, "Ready")
        await scenes.rented(at, len(_NAMES))
        await scenes.leave(at, _NAMES)
        return await judge.verdict(at, fired=len(_NAMES))


async def deleted_under_another_name(how: str, stage: Stage) -> Tally:
    """Objects are deleted while Novita shows other names; nothing is forgotten."""
    async with secluded(stage, "names") as at:
        at.keeper()
        await scenes.settle(at, _NAMES, "ready", **_EAGER)
        await at.novita.set(names=how)
        await at.delete(_NAMES)
        await asyncio.sleep(_LONG_SECONDS)
        await at.novita.set(names="as-sent")
        await at.reach(_NAMES, gone, "gone")
        await scenes.rented(at, len(_NAMES))
        return await judge.verdict(at, fired=len(_NAMES))


async def ids_in_upper_case(since: str, stage: Stage) -> Tally:
    """Ids come back in another case than the create call gave them."""
    async with secluded(stage, "ids") as at:
        at.keeper()
        if since == "from the start":
            await at.novita.set(ids="upper")
        await scenes.settle(at, _NAMES, "ready", **_EAGER)
        await at.novita.set(ids="upper")
        await at.edit(_NAMES, powerState="Stopped")
        await at.reach(_NAMES, stopped, "Stopped")
        await at.edit(_NAMES, powerState="Running")
        await at.reach(_NAMES, ready, "Ready again")
        await scenes.rented(at, len(_NAMES))
        await scenes.leave(at, _NAMES)
        return await judge.verdict(at, fired=len(_NAMES))


async def id_reused(then: str, stage: Stage) -> Tally:
    """An instance vanishes, and its id is given to somebody else's: that one is never touched, and nothing is doubled.

    When the stranger has gone, too, the object can be deleted like any other.
    """
    async with secluded(stage, "reused", settings={"LIST_LAG": "8000"} if then == "deleted" else {}) as at:
        at.keeper()
        await scenes.settle(at, ("a",), "ready", **_EAGER)
        (instance,) = scenes.ids(at, ("a",))
        await at.novita.force(instance, gone=True)
        await at.novita.plant(id=instance, name="somebody-elses")
        match then:
            case "deleted":
                await at.delete(("a",))
            case "stopped":
                await at.edit(("a",), powerState="Stopped")
        await asyncio.sleep(_LONG_SECONDS)
        living = await at.novita.instances("somebody-elses")
        if [each["status"] for each in living] != ["running"]:
            at.stuck["the stranger"] = f"somebody else's instance is {living}"
        await at.novita.force(instance, gone=True)
        await scenes.leave(at, ("a",))
        return await judge.verdict(at, fired=1, foreign={instance})


async def id_reused_while_nobody_works(how: str, stage: Stage) -> Tally:
    """Ours ends, and its id is a stranger's before a process of ours can see that: the object goes all the same.

    Nothing of this object is left then under its name, and the stranger's is never touched.
    """
    async with secluded(stage, "reused") as at:
        killed = how == "killed after the delete call"
        keeper = at.keeper(arms=["delete.after-call:kill"] if killed else [], pause=2 * LATER_SECONDS)
        await scenes.settle(at, ("a",), "ready", **_EAGER)
        (instance,) = scenes.ids(at, ("a",))
        await asyncio.sleep(LATER_SECONDS)  # so that what gets the id was surely made at another time
        if killed:
            await at.delete(("a",))
            await keeper.until_fired()
        else:
            await keeper.stop()
            await at.novita.force(instance, gone=True)
        await _given_to_a_stranger(at, instance)
        if not killed:
            await at.delete(("a",))
            keeper.start()
        await at.reach(("a",), gone, "gone")
        await _left_alone(at, instance)
        return await judge.verdict(at, fired=1, expected={instance})


async def _given_to_a_stranger(at: World, instance: str) -> None:
    """As soon as nothing has this id any more."""

    async def given() -> bool:
        try:
            await at.novita.plant(id=instance, name="somebody-elses")
        except AssertionError:
            return False
        return True

    await waiting.until(given, "the id is a stranger's")


async def _left_alone(at: World, instance: str) -> None:
    """The stranger's instance runs, and nobody has asked for anything else."""
    strangers = [life for life in await judge.lives(at) if life.planted]
    if any(life.deleted or life.delete_requested for life in strangers):
        at.stuck["the stranger"] = f"somebody else's instance {instance} was ended"


# --- Answers that are not as documented -------------------------------------------------------------------------


async def odd_answers(dials: Mapping[str, Any], stage: Stage) -> Tally:
    """A whole life with answers in which one thing is odd."""
    async with secluded(stage, "odd") as at:
        at.keeper()
        await scenes.settle(at, ("first",), "ready")
        await scenes.leave(at, ("first",))
        await asyncio.sleep(2 * DELAYS["linger"])
        await at.novita.set(**dials)
        await scenes.settle(at, _NAMES, "ready", **_EAGER)
        await at.edit(_NAMES, powerState="Stopped")
        await at.reach(_NAMES, stopped, "Stopped")
        await at.edit(_NAMES, powerState="Running")
        await at.reach(_NAMES, ready, "Ready again")
        await scenes.rented(at, len(_NAMES) + 1)
        await scenes.leave(at, _NAMES)
        return await judge.verdict(at, fired=len(_NAMES))


_LONG_TEXT = "x" * 20_000
_ODD: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("clusterName of 20,000 characters", {"overlay": {"clusterName": _LONG_TEXT}}),
    ("imageUrl of 20,000 characters", {"overlay": {"imageUrl": _LONG_TEXT}}),
    ("productName of 20,000 characters", {"overlay": {"productName": _LONG_TEXT}}),
    ("statusError of 20,000 characters", {"overlay": {"statusError": {"state": "", "message": _LONG_TEXT}}}),
    ("billingMode and command of 20,000 characters", {"overlay": {"billingMode": _LONG_TEXT, "command": _LONG_TEXT}}),
    ("clusterName null", {"overlay": {"clusterName": None, "imageUrl": None}}),
    ("clusterName a number", {"overlay": {"clusterName": 7, "imageUrl": 7}}),
    ("total counts what was removed", {"totalCounts": "ever"}),
    ("total counts what was removed, pages of 1", {"totalCounts": "ever", "defaultPageSize": 1, "maxPageSize": 1}),
)


def _cases() -> Iterator[Case]:
    for then in ("left alone", "deleted", "stopped", "started"):
        for policy in ("Report", "Delete"):
            label = f"cluster id changed and taken back, {then}, orphans: {policy}"
            yield Case(label, partial(cluster_renamed, then, policy))
    for how in _RENDERINGS:
        for since in ("from the start", "while creating", "while Ready"):
            yield Case(f"names {how} {since}", partial(names_shown, how, since))
        yield Case(f"names {how}, deleted meanwhile", partial(deleted_under_another_name, how))
    for since in ("from the start", "while Ready"):
        yield Case(f"ids in upper case {since}", partial(ids_in_upper_case, since))
    yield from _reused()
    for label, dials in _ODD:
        yield Case(label, partial(odd_answers, dials))


def _reused() -> Iterator[Case]:
    for then in ("left alone", "deleted", "stopped"):
        yield Case(f"id given to another instance, {then}", partial(id_reused, then))
    for how in ("killed after the delete call", "deleted while nobody works"):
        yield Case(f"id given to another instance, {how}", partial(id_reused_while_nobody_works, how))


ROW = Row(
    "identity",
    "Cluster id changed; names cut, suffixed, upper-cased; ids in another case or reused; odd names, images and totals",
    tuple(_cases()),
)
