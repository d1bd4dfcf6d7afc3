"""Two hundred objects at once, a third of whose create replies never come back as they should."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from tests.faults import judge
from tests.faults.row import Case, Row
from tests.faults.tally import Tally
from tests.faults.world import Stage, gone, ready, world

_COUNT = 200
_QUICK_COUNT = 40
_SHARE = 0.3
_PATIENCE_SECONDS = 240.0  # the lag of 30 s and three looks over 60 s are part of it
_LOST = {"kind": "lost-reply", "route": "create", "probability": _SHARE}
_BAD_GATEWAY = {"kind": "error-after-commit", "route": "create", "status": 502, "probability": _SHARE}
# The real list lag, and half of it used up: nothing here is sped up.
_REAL_LAG = {"LIST_LAG": "60000"}
_REAL_LAG_SECONDS = 30.0


async def rented_once(
    fault: Mapping[str, Any], count: int, settings: Mapping[str, str], lag: float, stage: Stage
) -> Tally:
    """Create so many, wait until all are Ready, count what lives, delete them."""
    async with world(stage, "many", settings=settings) as at:
        names = [f"n{number:03}" for number in range(count)]
        await at.novita.set(listLag={"seconds": lag})
        number = await at.novita.fault(**fault)
        at.keeper()
        await at.create(names)
        await at.reach(names, ready, "Ready", seconds=_PATIENCE_SECONDS)
        book = await judge.lives(at)
        live, fired = sum(life.deleted is None for life in book), (await at.novita.hits())[number]
        await at.novita.end_faults()
        if live != count:
            at.stuck["the account"] = f"{live} instances live for {count} objects"
        await at.delete(names)
        await at.reach(names, gone, "gone", seconds=_PATIENCE_SECONDS)
        tally = await judge.verdict(at, fired=fired)
    note = (
        f"{fault['kind']}, list {lag:g} s behind: {fired} of {count} replies lost, {live} live, {len(book)} ever rented"
    )
    return replace(tally, notes=(note,))


ROW = Row(
    "thirty-percent",
    "30 % of 200 create replies lost, or 502, after commit; also with a list 30 s behind and the real list lag of 60 s",
    (
        Case("40 objects, replies lost", partial(rented_once, _LOST, _QUICK_COUNT, {}, 0.0), quick=True),
        Case("200 objects, replies lost", partial(rented_once, _LOST, _COUNT, {}, 0.0)),
        Case("200 objects, 502", partial(rented_once, _BAD_GATEWAY, _COUNT, {}, 0.0)),
        Case("200 objects, list 30 s behind", partial(rented_once, _LOST, _COUNT, _REAL_LAG, _REAL_LAG_SECONDS)),
    ),
    alone=True,  # hundreds of objects each: side by side they would wait for the machine and not for the faults
)
