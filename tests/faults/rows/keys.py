"""Calls that are refused with 401 now and then, although the key is good."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tests.faults import judge
from tests.faults.row import Case, Row, with_quick
from tests.faults.rows import crashes, scenes
from tests.faults.tally import Tally
from tests.faults.world import Stage, gone, secluded
from tests.support import waiting

_NAMES = ("a", "b", "c")
_PROBE = {"CREDENTIALS_PROBE_INTERVAL": "60000"}  # as users have it
_PROMPT_SECONDS = 25.0  # far from a minute, and ten times what a deletion takes here
_ROUTES = ("list", "get", "delete")


async def at_random(share: float, stage: Stage) -> Tally:
    """So large a share of all calls, over a whole life."""
    async with secluded(stage, "random") as at:
        number = await at.novita.fault(kind="unauthorized", probability=share)
        at.keeper()
        await crashes.life(at, _NAMES)
        fired = (await at.novita.hits())[number]
        await at.novita.end_faults()
        return await judge.verdict(at, fired=min(fired, len(_NAMES)), not_fired=int(not fired))


async def stray(route: str, times: int, stage: Stage) -> Tally:
    """One 401, or some in a row, while objects are deleted: the deletions are not delayed."""
    async with secluded(stage, "stray", settings=_PROBE) as at:
        at.keeper()
        await scenes.settle(at, _NAMES, "ready")
        number = await at.novita.fault(kind="unauthorized", route=route, times=times)
        await at.delete(_NAMES)
        await at.reach(_NAMES, gone, "gone soon", seconds=_PROMPT_SECONDS)
        fired = (await at.novita.hits())[number]
        await at.novita.end_faults()
        await at.reach(_NAMES, gone, "gone at all")
        return await judge.verdict(at, fired=fired, not_fired=int(not fired))


async def before_the_deletion(stage: Stage) -> Tally:
    """The last thing that the operator heard before the deletions was one 401."""
    async with secluded(stage, "stray", settings=_PROBE) as at:
        at.keeper()
        await scenes.settle(at, _NAMES, "ready")
        number = await at.novita.fault(kind="unauthorized", route="list", times=1)

        async def heard() -> bool:
            return bool((await at.novita.hits())[number])

        await waiting.until(heard, "it was refused once")
        await scenes.wait(0.5)
        await at.delete(_NAMES)
        await at.reach(_NAMES, gone, "gone soon", seconds=_PROMPT_SECONDS)
        return await judge.verdict(at, fired=1)


async def revoked(stage: Stage) -> Tally:
    """The key is refused for longer, objects are deleted meanwhile, and it is good again: they end soon after."""
    async with secluded(stage, "revoked", settings=_PROBE) as at:
        at.keeper()
        await scenes.settle(at, _NAMES, "ready")
        number = await at.novita.fault(kind="unauthorized")
        await scenes.wait(3.0)
        await at.delete(_NAMES)
        await scenes.wait(5.0)
        fired = (await at.novita.hits())[number]
        await at.novita.end_faults()
        at.faulted()
        await at.reach(_NAMES, gone, "gone soon", seconds=_PROMPT_SECONDS)
        return await judge.verdict(at, fired=min(fired, len(_NAMES)))


def _cases() -> Iterator[Case]:
    for share in (0.1, 0.3, 0.5):
        yield Case(f"{share:.0%} of all calls", partial(at_random, share))
    for route in _ROUTES:
        for times in (1, 3):
            yield Case(f"{times} in a row, {route}, while objects are deleted", partial(stray, route, times))
    yield Case("one, right before the deletions", before_the_deletion)
    yield Case("all for some seconds, objects deleted in them", revoked)


ROW = Row(
    "keys",
    "401 at random, up to 50 % of all calls; stray ones while objects are deleted",
    with_quick(_cases(), "1 in a row, delete, while objects are deleted"),
)
