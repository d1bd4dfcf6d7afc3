"""Novita shows nothing of what it has: the list and the look by id agree, for seconds or minutes, and are wrong.

Nothing may be rented, let go or doubled meanwhile, and everything heals by itself when the instances are back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Literal

from tests.faults import judge
from tests.faults.row import Case, Row, with_quick
from tests.faults.rows import scenes
from tests.faults.tally import Tally
from tests.faults.world import Check, Stage, World, gone, ready, secluded, stopped
from tests.support import builders, kube, waiting
from tests.support.plane import OPERATOR_NAMESPACE

State = Literal["running", "stopped", "busy"]
_STATES: tuple[State, ...] = ("running", "stopped", "busy")
_COUNTS = (1, 4, 50)
_SHORT, _MIDDLE, _LONG = 8.0, 75.0, 600.0  # seconds as users count them
_REAL_LAG = {"LIST_LAG": "60000"}
_BACK_SECONDS = 120.0
_LOST_SECONDS = {1: 1500.0, 4: 600.0}  # user's seconds until a true loss is replaced: 15 and 3 minutes, and the pauses


async def outage(seconds: float, state: State, count: int, stage: Stage) -> Tally:
    """The whole account is dark for so many seconds as users count them. Objects are let be, or made meanwhile."""
    async with _clock(stage, seconds) as at:
        at.keeper()
        names = scenes.named(count)
        await scenes.settle(at, names, "stopped" if state == "stopped" else "ready")
        new = ("new",) if state == "busy" else ()
        await at.novita.set(blind=True)
        at.faulted()
        await at.create(new)
        await asyncio.sleep(_real(seconds))  # the outage itself
        await scenes.rented(at, count + len(new))
        await at.novita.set(blind=False)
        back: Check = stopped if state == "stopped" else ready
        await at.reach(names, back, "back where it was", seconds=_BACK_SECONDS)
        await at.reach(new, ready, "Ready", seconds=_BACK_SECONDS)
        await scenes.nothing_more(at, count + len(new), 5.0)
        await scenes.leave(at, (*names, *new))
        return await judge.verdict(at, fired=1)


async def deleted_meanwhile(seconds: float, count: int, stage: Stage) -> Tally:
    """Objects are deleted in the dark: they wait, or what is left of them is ended once it is seen again."""
    async with _clock(stage, seconds) as at:
        at.keeper()
        names = scenes.named(count)
        await scenes.settle(at, names, "ready")
        await at.novita.set(blind=True)
        at.faulted()
        await asyncio.sleep(1.0)
        await at.delete(names)
        await asyncio.sleep(_real(seconds))  # the outage itself
        await at.novita.set(blind=False)
        await at.reach(names, gone, "gone")
        return await judge.verdict(at, fired=1)


async def edited_meanwhile(power: str, stage: Stage) -> Tally:
    """Objects are stopped, or started, in the dark."""
    async with _clock(stage, _MIDDLE) as at:
        at.keeper()
        names = scenes.named(4)
        await scenes.settle(at, names, "ready" if power == "Stopped" else "stopped")
        await at.novita.set(blind=True)
        at.faulted()
        await at.edit(names, powerState=power)
        await asyncio.sleep(_real(_MIDDLE))  # the outage itself
        await at.novita.set(blind=False)
        await at.reach(names, stopped if power == "Stopped" else ready, power)
        await scenes.rented(at, len(names))
        await scenes.leave(at, names)
        return await judge.verdict(at, fired=1)


async def restarted_meanwhile(seconds: float, stage: Stage) -> Tally:
    """The operator is killed in the dark: the next one has seen none of the instances itself."""
    async with _clock(stage, seconds) as at:
        keeper = at.keeper()
        names = scenes.named(4)
        await scenes.settle(at, names, "ready")
        await at.novita.set(blind=True)
        at.faulted()
        for process in list(keeper.running):
            await process.kill()
        await waiting.until(at.works, "the next one works")
        await asyncio.sleep(_real(seconds))  # the outage itself
        await scenes.rented(at, len(names))
        await at.novita.set(blind=False)
        await at.reach(names, ready, "Ready again", seconds=_BACK_SECONDS)
        await scenes.leave(at, names)
        return await judge.verdict(at, fired=1)


async def flicker(stage: Stage) -> Tally:
    """A second of darkness, a second of light, twenty times."""
    async with _clock(stage, _SHORT) as at:
        at.keeper()
        names = scenes.named(4)
        await scenes.settle(at, names, "ready")
        for turn in range(40):
            await at.novita.set(blind=turn % 2 == 0)
            await asyncio.sleep(1.0)
        await at.reach(names, ready, "Ready")
        await scenes.rented(at, len(names))
        await scenes.leave(at, names)
        return await judge.verdict(at, fired=20)


async def one_hidden(seconds: float, count: int, stage: Stage) -> Tally:
    """One instance of several is hidden for so many seconds as users count them.

    For longer than three minutes it counts as lost, and is rented again: the documented window.
    """
    async with scenes.hurried(stage, "hidden") as at:
        at.keeper()
        names = scenes.named(count)
        await scenes.settle(at, names, "ready")
        (instance,) = scenes.ids(at, names[:1])
        await at.novita.force(instance, hiddenSeconds=_real(seconds))
        at.faulted()
        await asyncio.sleep(_real(seconds))  # as long as it is hidden
        await at.reach(names, ready, "Ready", seconds=_BACK_SECONDS)
        believed = seconds > 180
        if not believed:
            await scenes.nothing_more(at, count, 5.0)
        await scenes.or_stuck(at, "healing", waiting.until(partial(_one_each, at, count), "one each", seconds=60))
        await scenes.leave(at, names)
        return await judge.verdict(at, fired=1, window=believed)


async def truly_lost(count: int, stage: Stage) -> Tally:
    """Somebody deletes one instance in Novita's console: after the documented time it is rented again, once."""
    async with scenes.hurried(stage, "lost") as at:
        at.keeper()
        names = scenes.named(count)
        await scenes.settle(at, names, "ready")
        (instance,) = scenes.ids(at, names[:1])
        await at.novita.force(instance, gone=True)
        at.faulted()
        again = waiting.until(
            partial(_one_each, at, count), "rented again", seconds=_LOST_SECONDS[count] / scenes.SPEED
        )
        await scenes.or_stuck(at, "the lost one", again)
        await at.reach(names, ready, "Ready", seconds=_BACK_SECONDS)
        await scenes.rented(at, count + 1)
        await scenes.leave(at, names)
        return await judge.verdict(at, fired=1)


async def lost_and_deleted(stage: Stage) -> Tally:
    """Somebody deletes the instances in Novita's console, and then the objects: they do not wait for ever."""
    async with scenes.hurried(stage, "lost") as at:
        at.keeper()
        names = scenes.named(4)
        await scenes.settle(at, names, "ready")
        for instance in scenes.ids(at, names):
            await at.novita.force(instance, gone=True)
        at.faulted()
        await scenes.leave(at, names)
        await scenes.rented(at, len(names))
        return await judge.verdict(at, fired=1)


async def another_key(seconds: float, count: int, others: int, stage: Stage, *, watched: bool = True) -> Tally:
    """Another account's key lies in the Secret for a while: there is nothing of ours, and perhaps much of others.

    `watched`: whether an operator works when it comes.
    """
    async with scenes.hurried(stage, "key") as at:
        elsewhere = at.stage.simulator.account(f"sk_elsewhere-{at.workspace.namespace}")
        for number in range(others):
            await elsewhere.plant(name=f"somebody-elses-{number}")
        keeper = at.keeper()
        names = scenes.named(count)
        await scenes.settle(at, names, "ready")
        await at.create(["leaves"])
        await at.reach(["leaves"], ready, "Ready")
        if not watched:
            await keeper.stop()
        await _use(at, elsewhere.key)
        if not watched:
            keeper.start()
            await waiting.until(at.works, "the next operator works")
        at.faulted()
        await asyncio.sleep(3.0)
        await at.create(["new"])
        await at.delete(["leaves"])
        await asyncio.sleep(_real(seconds))  # as long as the wrong key is there
        strange = [record for record in (await elsewhere.ledger()).records if not record.planted]
        touched = [record for record in (await elsewhere.ledger()).records if record.delete_requested]
        if strange or touched:
            at.stuck["the other account"] = f"rented in it: {len(strange)}, deleted in it: {len(touched)}"
        await _use(at, at.novita.key)
        await at.reach([*names, "new"], ready, "Ready", seconds=_BACK_SECONDS)
        await at.reach(["leaves"], gone, "gone")
        await scenes.rented(at, count + 2)
        await scenes.leave(at, [*names, "new"])
        await elsewhere.aclose()
        return await judge.verdict(at, fired=1)


async def _use(at: World, key: str) -> None:
    secret = builders.secret(at.workspace.namespace, OPERATOR_NAMESPACE, apiKey=key)
    await at.stage.plane.kube.patch(kube.SECRETS, at.workspace.namespace, {"data": secret["data"]}, OPERATOR_NAMESPACE)


def _clock(stage: Stage, seconds: float) -> AbstractAsyncContextManager[World]:
    """What takes no longer than a short outage is played in real time."""
    if seconds <= _SHORT:
        return secluded(stage, "absence", settings=_REAL_LAG)
    return scenes.hurried(stage, "absence")


def _real(seconds: float) -> float:
    return seconds if seconds <= _SHORT else seconds / scenes.SPEED


async def _one_each(at: World, count: int) -> bool:
    alive = [life.name for life in await judge.lives(at) if life.deleted is None]
    return len(alive) == count == len(set(alive))


def _dark() -> Iterator[Case]:
    for seconds in (_SHORT, _MIDDLE, _LONG):
        for count in _COUNTS:
            for state in _STATES:
                yield Case(f"{seconds:g} s, {count} objects, {state}", partial(outage, seconds, state, count))
        for count in _COUNTS[:2]:
            yield Case(f"{seconds:g} s, {count} objects, deleted in it", partial(deleted_meanwhile, seconds, count))
    for power in ("Stopped", "Running"):
        yield Case(f"{_MIDDLE:g} s, 4 objects, {power} in it", partial(edited_meanwhile, power))
    for seconds in (_MIDDLE, _LONG):
        yield Case(f"{seconds:g} s, 4 objects, killed in it", partial(restarted_meanwhile, seconds))
    yield Case("flicker", flicker)


def _one() -> Iterator[Case]:
    for count in (2, 4, 50):
        yield Case(f"one of {count} hidden for 60 s", partial(one_hidden, 60.0, count))
    yield Case("one of 4 hidden for 10 minutes, the documented window", partial(one_hidden, _LONG, 4))
    for count in (1, 4):
        yield Case(f"one of {count} truly lost", partial(truly_lost, count))
    yield Case("all truly lost, and deleted", lost_and_deleted)


def _keys() -> Iterator[Case]:
    for count, others in ((1, 0), (4, 0), (4, 3)):
        label = f"another account's key for 75 s, {count} objects, {others} strangers"
        yield Case(label, partial(another_key, _MIDDLE, count, others))
    yield Case("another account's key for 20 minutes, 2 objects", partial(another_key, 1200.0, 2, 1))
    unwatched = partial(another_key, 1200.0, 2, 1, watched=False)
    yield Case("another account's key for 20 minutes, 2 objects, put there while no operator works", unwatched)


ROW = Row(
    "absence",
    "List and look-up agree that nothing is there: 8 s, 75 s, 10 min; one hidden; another account's key; true losses",
    with_quick((*_dark(), *_one(), *_keys()), "8 s, 4 objects, running", "8 s, 1 objects, deleted in it"),
)
