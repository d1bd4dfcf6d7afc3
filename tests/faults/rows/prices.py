"""Prices that change between the choice, the call and the bill."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import partial

from tests.faults import judge
from tests.faults.row import Case, Row, with_quick
from tests.faults.rows import scenes
from tests.faults.tally import Tally
from tests.faults.world import Stage, World, ready, secluded
from tests.support import waiting

_NAMES = ("a", "b")
_LIMIT = "0.50"
_CHEAP, _DEAR = 35_000, 70_000  # in 1/100000 USD an hour: the price at the start, and twice as much
_DURING_CALL = {"kind": "delay", "route": "create", "seconds": 1.0}  # before it is carried out
_OLD_CATALOG: Mapping[str, str] = {"CATALOG_MAX_AGE": "60000"}
_ENDED_SECONDS = 8.0  # one poll, the delete, and a loaded machine
_QUIET_SECONDS = 8.0


async def jumps_before_the_call(told: bool, stage: Stage) -> Tally:
    """The price has doubled since the catalogue was read: nothing is rented until it is below the limit again."""
    async with secluded(stage, "price", settings=_OLD_CATALOG) as at:
        await at.novita.set(tellPrice=told)
        at.keeper()
        await scenes.settle(at, ("first",), "ready", maxPricePerHour=_LIMIT)  # the catalogue is known now
        await _price(at, _DEAR)
        await at.create(_NAMES, maxPricePerHour=_LIMIT)
        await asyncio.sleep(_QUIET_SECONDS)
        await _none_too_dear(at, 0.0)
        await _price(at, _CHEAP)
        await at.reach(_NAMES, ready, "Ready at the old price")
        await scenes.leave(at, ("first", *_NAMES))
        return await judge.verdict(at, fired=len(_NAMES))


async def jumps_during_the_call(told: bool, stage: Stage) -> Tally:
    """It doubles while the call is under way: what was rented too dear is ended within one poll, and once for all."""
    async with secluded(stage, "price") as at:
        await at.novita.set(tellPrice=told)
        number = await at.novita.fault(**_DURING_CALL)
        at.keeper()
        await at.create(_NAMES, maxPricePerHour=_LIMIT)
        await waiting.until(partial(_under_way, at, number), "the creates are under way")
        await _price(at, _DEAR)
        await waiting.until(partial(_rented, at), "they are rented at twice the price")
        await at.novita.end_faults()
        await asyncio.sleep(_QUIET_SECONDS)
        await _none_too_dear(at, _ENDED_SECONDS)
        dear = {life.id for life in await judge.lives(at) if life.price > Decimal(_LIMIT)}
        await scenes.rented(at, len(_NAMES))
        await _price(at, _CHEAP)
        await at.reach(_NAMES, ready, "Ready at the old price")
        await scenes.leave(at, _NAMES)
        return await judge.verdict(at, fired=len(dear), expected=dear)


async def rises_later(how: str, stage: Stage) -> Tally:
    """Ready objects whose price rises, or whose limit is lowered: nothing is ended."""
    async with secluded(stage, "price") as at:
        await at.novita.set(tellPrice=True)
        at.keeper()
        await scenes.settle(at, _NAMES, "ready", maxPricePerHour=_LIMIT)
        if how == "the price rises":
            await _price(at, _DEAR)
        else:
            await at.edit(_NAMES, maxPricePerHour="0.10")
        await scenes.nothing_more(at, len(_NAMES), _QUIET_SECONDS)
        await at.reach(_NAMES, ready, "Ready")
        await scenes.leave(at, _NAMES)
        return await judge.verdict(at, fired=len(_NAMES))


async def _price(at: World, price: int) -> None:
    await at.novita.set(prices=[{"productId": "RTX 4090 24GB", "price": price}])


async def _none_too_dear(at: World, seconds: float) -> None:
    """No instance has cost more than the limit for longer than so many seconds."""
    for life in await judge.lives(at):
        lived = (life.deleted or float("inf")) - life.created
        if life.price > Decimal(_LIMIT) and lived > seconds:
            at.stuck[life.id] = (
                f"{life.id} was rented for {life.price} with a limit of {_LIMIT}, and lived {lived:.1f} s"
            )


async def _under_way(at: World, number: int) -> bool:
    return (await at.novita.hits())[number] >= len(_NAMES)


async def _rented(at: World) -> bool:
    return len(await judge.lives(at)) >= len(_NAMES)


def _cases() -> Iterator[Case]:
    for told in (True, False):
        tells = "Novita tells it" if told else "Novita does not tell it"
        yield Case(f"doubles before the call, {tells}", partial(jumps_before_the_call, told))
        yield Case(f"doubles during the call, {tells}", partial(jumps_during_the_call, told))
    for how in ("the price rises", "the limit is lowered"):
        yield Case(f"{how} later", partial(rises_later, how))


ROW = Row(
    "prices",
    "Prices that double before and during the call, and later",
    with_quick(_cases(), "the limit is lowered later"),
)
