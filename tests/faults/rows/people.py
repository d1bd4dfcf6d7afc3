"""What people do to objects that have an instance: replace them, take their finalizers away, restore and clone them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from tests.faults import judge
from tests.faults.keeper import Keeper
from tests.faults.row import Case, Row, with_quick
from tests.faults.rows import scenes
from tests.faults.rows.scenes import State
from tests.faults.tally import Tally
from tests.faults.world import DELAYS, Stage, World, gone, ready, secluded
from tests.support import waiting
from tests.support.workspace import ADOPTION

_NAMES = ("a", "b", "c")
_STATES: tuple[State, ...] = ("ready", "stopped", "creating")
_SLOW_REPLY = {"kind": "delay", "route": "create", "seconds": 1.5, "after": True}
_BREAKER_SECONDS = 60.0  # the deletes are held back for 30 s after five failures in a row
_PROMPT_SECONDS = 20.0
_WATCHING_SECONDS = 7.0  # longer than the grace of the sentinel

Deed = Callable[[World, str], Awaitable[None]]
_DEEDS: tuple[tuple[str, Deed], ...] = (
    ("kubectl replace", scenes.replace),
    ("finalizers cleared", scenes.clear),
    ("finalizers and annotations cleared", scenes.strip),
)


async def done_to(deed: Deed, state: State, stage: Stage) -> Tally:
    """The finalizer comes back by itself, and the object lives and ends as ever."""
    async with secluded(stage, "people") as at:
        await _begin(at, state)
        for name in _NAMES:
            await deed(at, name)
        await at.reach(_NAMES, scenes.held, "held again", seconds=20)
        await at.edit(_NAMES, powerState="Running")
        await at.reach(_NAMES, ready, "Ready")
        await scenes.rented(at, len(_NAMES))
        await scenes.leave(at, _NAMES)
        return await judge.verdict(at, fired=len(_NAMES))


async def deleted_and_cleared(state: State, stage: Stage) -> Tally:
    """Deleted, and let go in the same breath: the object is gone at once, and its instance ends all the same."""
    async with secluded(stage, "people") as at:
        await _begin(at, state)
        for name in _NAMES:
            await at.delete([name])  # first, so that nothing can come between: it goes with its last finalizer
            await scenes.clear_if_there(at, name)
        await at.reach(_NAMES, gone, "gone")
        return await judge.verdict(at, fired=len(_NAMES))


async def done_and_deleted(deed: Deed, state: State, stage: Stage) -> Tally:
    """The same in the other order: what was done to the object lets `kubectl delete` return at once."""
    async with secluded(stage, "people") as at:
        await _begin(at, state)
        for name in _NAMES:
            await deed(at, name)
            await at.delete([name])
        await at.reach(_NAMES, gone, "gone")
        return await judge.verdict(at, fired=len(_NAMES))


async def while_nobody_works(deed: Deed, state: State, stage: Stage) -> Tally:
    """It happens while no operator runs; the next one finds it."""
    async with secluded(stage, "people") as at:
        keeper = await _begin(at, state)
        await keeper.stop()
        for name in _NAMES:
            await deed(at, name)
        keeper.start()
        await at.reach(_NAMES, scenes.held, "held again")
        await at.edit(_NAMES, powerState="Running")
        await at.reach(_NAMES, ready, "Ready")
        await scenes.rented(at, len(_NAMES))
        await scenes.leave(at, _NAMES)
        return await judge.verdict(at, fired=len(_NAMES))


async def wiped(state: State, stage: Stage) -> Tally:
    """Finalizers, annotations and the whole status are gone: the instances are found by their names."""
    return await done_to(scenes.wipe, state, stage)


async def cleared_while_it_ends(stage: Stage) -> Tally:
    """Novita refuses to delete, so the objects seem stuck, and somebody takes their finalizers away."""
    async with secluded(stage, "people") as at:
        await _begin(at, "ready")
        number = await at.novita.fault(kind="error-before", route="delete", status=500)
        await at.delete(_NAMES)
        await waiting.until(partial(_hit, at, number), "Novita refuses a delete")
        at.sentinel.excused |= scenes.ids(at, _NAMES)  # there is no object left to put anything back on
        for name in _NAMES:
            await scenes.clear_if_there(at, name)
        await at.reach(_NAMES, gone, "gone")
        await at.novita.end_faults()
        await _all_end(at, _BREAKER_SECONDS)
        return await judge.verdict(at, fired=len(_NAMES))


async def gone_before_the_reply(stage: Stage) -> Tally:
    """The object is deleted and let go while the reply to its create is under way."""
    async with secluded(stage, "people") as at:
        await at.novita.fault(**_SLOW_REPLY)
        at.keeper()
        await at.create(_NAMES)
        await waiting.until(partial(_all_made, at), "Novita has made them, and has not answered yet")
        for name in _NAMES:
            await at.delete([name])
            await scenes.clear_if_there(at, name)
        await at.reach(_NAMES, gone, "gone")
        return await judge.verdict(at, fired=len(_NAMES))


async def adopted(deed: Deed, stage: Stage) -> Tally:
    """Instances that were made by hand, and taken over: their names say nothing of the objects."""
    async with secluded(stage, "people") as at:
        await _adopt(at)
        for name in _NAMES:
            await deed(at, name)
        await at.reach(_NAMES, scenes.held, "held again", seconds=20)
        await at.reach(_NAMES, ready, "Ready")
        await scenes.rented(at, 0)
        await scenes.leave(at, _NAMES)
        await _all_end(at, _PROMPT_SECONDS)
        return await judge.verdict(at, fired=len(_NAMES))


async def adopted_and_gone(deed: Deed, stage: Stage) -> Tally:
    """The same, and they are deleted before anything could be put back."""
    async with secluded(stage, "people") as at:
        await _adopt(at)
        for name in _NAMES:
            await deed(at, name)
            await at.delete([name])
        await at.reach(_NAMES, gone, "gone")
        await _all_end(at, _PROMPT_SECONDS)
        return await judge.verdict(at, fired=len(_NAMES))


async def _adopt(at: World) -> None:
    await at.workspace.edit_account(tenancy=ADOPTION)
    at.keeper()
    for name in _NAMES:
        await at.create([name], adopt={"instanceId": await at.novita.plant(name="by-hand")})
    if not await at.reach(_NAMES, ready, "Ready"):
        raise AssertionError(f"the case did not begin: {sorted(at.stuck.values())}")


async def _all_end(at: World, seconds: float) -> None:
    """Nothing lives any more, within so many seconds."""

    async def so() -> bool:
        return not (await at.novita.ledger()).live

    await scenes.or_stuck(at, "the end", waiting.until(so, "nothing lives", seconds=seconds))


async def again_and_again(deed: Deed, stage: Stage) -> Tally:
    """A tool that does it every second, for longer than the grace: it is put back each time."""
    async with secluded(stage, "people") as at:
        await _begin(at, "ready")
        for _ in range(int(_WATCHING_SECONDS)):
            for name in _NAMES:
                await deed(at, name)
            await asyncio.sleep(1.0)
        await at.reach(_NAMES, scenes.held, "held again", seconds=20)
        await at.reach(_NAMES, ready, "Ready")
        await scenes.rented(at, len(_NAMES))
        await scenes.leave(at, _NAMES)
        return await judge.verdict(at, fired=len(_NAMES))


async def _begin(at: World, state: State) -> Keeper:
    if state == "creating":
        await at.novita.set(delays={**DELAYS, **scenes.SLOW_CREATE})
    keeper = at.keeper()
    await scenes.settle(at, _NAMES, state)
    return keeper


async def _hit(at: World, number: int) -> bool:
    return (await at.novita.hits())[number] >= len(_NAMES)


async def _all_made(at: World) -> bool:
    return len(await judge.lives(at)) == len(_NAMES)


def _cases() -> Iterator[Case]:
    for label, deed in _DEEDS:
        for state in _STATES:
            yield Case(f"{label}, {state}", partial(done_to, deed, state))
            yield Case(f"{label}, {state}, deleted at once", partial(done_and_deleted, deed, state))
            yield Case(f"{label}, {state}, no operator works", partial(while_nobody_works, deed, state))
        yield Case(f"{label}, again and again", partial(again_and_again, deed))
        yield Case(f"{label}, adopted", partial(adopted, deed))
    for state in _STATES:
        yield Case(f"deleted and cleared, {state}", partial(deleted_and_cleared, state))
        yield Case(f"status and all else wiped, {state}", partial(wiped, state))
    for label, deed in (*_DEEDS, ("all wiped", scenes.wipe)):
        yield Case(f"{label}, adopted, deleted at once", partial(adopted_and_gone, deed))
    yield Case("cleared while Novita refuses the delete", cleared_while_it_ends)
    yield Case("deleted and cleared before the create's reply", gone_before_the_reply)


ROW = Row(
    "people",
    "Objects replaced, finalizers and notes cleared, status wiped, in each state, with and without an operator",
    with_quick(
        _cases(),
        "finalizers cleared, ready",
        "kubectl replace, ready, deleted at once",
        "finalizers and annotations cleared, adopted, deleted at once",
        "finalizers and annotations cleared, ready, no operator works",
    ),
)
