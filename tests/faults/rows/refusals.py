"""Creates that Novita refuses in so many words, and has carried out all the same."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.faults import judge
from tests.faults.row import Case, Row, with_quick
from tests.faults.rows import orphans, scenes
from tests.faults.tally import Tally
from tests.faults.world import Stage, World, ready, secluded
from tests.support import waiting

_HIDDEN_SECONDS = 1.2  # of a list lag of 1.5 s
_SLOW = {"kind": "delay", "route": "create", "seconds": 0.8, "after": True}
_MANY_TRIES = 12


@dataclass(frozen=True)
class No:
    """How Novita says it."""

    status: int
    reason: str
    message: str = "no"

    def fault(self, name: str, times: int) -> Mapping[str, Any]:
        return {
            "kind": "error-after-commit",
            "route": "create",
            "status": self.status,
            "reason": self.reason,
            "message": self.message,
            "times": times,
            "match": {"name": name},
        }


# One object for each. What speaks of the whole account has a world of its own: it would hold the others up.
REFUSED: Mapping[str, No] = {
    "invalid": No(400, "VALIDATOR_PARAM", "invalid imageUrl"),
    "forbidden": No(403, "FORBIDDEN", "not allowed"),
    "missing": No(404, "RESOURCE_NOT_FOUND", "the product does not exist"),
    "conflict": No(409, "CONFLICT", "conflict"),
    "unprocessable": No(422, "REQUEST", "unprocessable"),
}
ACCOUNT: Mapping[str, Mapping[str, No]] = {
    "400 to 422": REFUSED,
    "401": {"unauthorized": No(401, "UNAUTHORIZED", "invalid api key")},
    "429": {"limited": No(429, "RATE_LIMIT_EXCEEDED", "too many requests")},
    "quota": {"quota": No(400, "CREATE_INSTANCE_LIMIT", "the account may hold 3 instances")},
    "no stock": {"stock": No(400, "INSUFFICIENT_RESOURCE", "insufficient resource")},
    "no balance": {"balance": No(400, "BALANCE_NOT_ENOUGH", "balance not enough")},
}
Nos = Mapping[str, No]


async def lives_on(nos: Nos, times: int, hidden: float, stage: Stage) -> Tally:
    """Each object gets the instance that was made for it, and no other."""
    async with secluded(stage, "refused") as at:
        await _created(at, nos, times, hidden)
        at.keeper()
        await at.reach(nos, ready, "Ready")
        if not _in_window(nos, hidden):
            await scenes.rented(at, len(nos))
        return await _left(at, nos, hidden)


async def deleted_before_the_answer(nos: Nos, hidden: float, stage: Stage) -> Tally:
    """The objects are deleted while the refusal is under way."""
    async with secluded(stage, "refused") as at:
        await at.novita.fault(**_SLOW)
        await _created(at, nos, _MANY_TRIES, hidden)
        at.keeper()
        await waiting.until(partial(_all_made, at, nos), "Novita has made them, and has not answered yet")
        return await _left(at, nos, hidden)


async def deleted_after_the_answer(nos: Nos, hidden: float, stage: Stage) -> Tally:
    """The objects are deleted right after the answer."""
    async with secluded(stage, "refused") as at:
        await _created(at, nos, _MANY_TRIES, hidden)
        at.keeper()
        await waiting.until(partial(_all_made, at, nos), "Novita has made them")
        await asyncio.sleep(0.3)  # about when the refusal is written down: before and after it must both be safe
        return await _left(at, nos, hidden)


async def killed_after_the_answer(nos: Nos, hidden: float, stage: Stage) -> Tally:
    """The process ends right after the answer, and the next one sees the objects deleted."""
    async with secluded(stage, "refused") as at:
        await _created(at, nos, _MANY_TRIES, hidden)
        keeper = at.keeper()
        await waiting.until(partial(_all_made, at, nos), "Novita has made them")
        await asyncio.sleep(0.3)  # about when the refusal is written down: before and after it must both be safe
        await keeper.stop()
        await at.delete(nos)
        keeper.start()
        return await _left(at, nos, hidden)


async def _created(at: World, nos: Nos, times: int, hidden: float) -> None:
    """The objects, and what waits for each of them at Novita. Nobody works yet."""
    await at.novita.set(listLag={"seconds": hidden, "alsoGet": True})
    await at.create(nos)
    for body in await at.objects():
        name = orphans.name_of(at.settings["CLUSTER_ID"], uuid.UUID(body["metadata"]["uid"]))
        await at.novita.fault(**nos[body["metadata"]["name"]].fault(name, times))


def _in_window(nos: Nos, hidden: float) -> bool:
    """Another candidate is tried at once, after one look: what the list still hides is the documented window."""
    return hidden > 0 and "stock" in nos


async def _left(at: World, nos: Nos, hidden: float) -> Tally:
    hits = sum(min(1, each) for each in (await at.novita.hits()).values())
    await scenes.leave(at, nos)
    await at.novita.end_faults()
    return await judge.verdict(at, fired=hits, not_fired=int(not hits), window=_in_window(nos, hidden))


async def _all_made(at: World, nos: Nos) -> bool:
    return len({life.name for life in await judge.lives(at)}) == len(nos)


def _cases() -> Iterator[Case]:
    for label, nos in ACCOUNT.items():
        for hidden in (0.0, _HIDDEN_SECONDS):
            where = f", hidden for {hidden:g} s" if hidden else ""
            yield Case(f"{label}: once{where}", partial(lives_on, nos, 1, hidden))
            yield Case(f"{label}: four times{where}", partial(lives_on, nos, 4, hidden))
            yield Case(f"{label}: deleted before the answer{where}", partial(deleted_before_the_answer, nos, hidden))
            yield Case(f"{label}: deleted after the answer{where}", partial(deleted_after_the_answer, nos, hidden))
            yield Case(f"{label}: killed after the answer{where}", partial(killed_after_the_answer, nos, hidden))


ROW = Row(
    "refusals",
    "Creates refused (400 to 429, quota, stock, balance) that were carried out all the same; deleted meanwhile",
    with_quick(
        _cases(),
        "400 to 422: once, hidden for 1.2 s",
        "quota: deleted before the answer",
        "429: deleted after the answer",
    ),
)
