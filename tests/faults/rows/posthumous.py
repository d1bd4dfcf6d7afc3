"""Creates that Novita carries out when their object is gone already."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from functools import partial

from tests.faults import judge
from tests.faults.row import Case, Row, with_quick
from tests.faults.rows import scenes
from tests.faults.tally import Tally
from tests.faults.world import LIST_LAG_SECONDS, Stage, World, gone, ready, secluded
from tests.support import kube, waiting

# The deletion looks for the whole list lag; this is longer than that and all its looks together.
_LATE_SECONDS = LIST_LAG_SECONDS + 6.0
_COLLECTOR: Mapping[str, str] = {"ORPHAN_AGE": "2000", "ORPHAN_SIGHTINGS_APART": "1000"}
_PATIENCE_SECONDS = 40.0
_NOTED_SECONDS = 5.0  # a poll or two, on a loaded machine


async def ended(policy: str, others: int, count: int, stage: Stage) -> Tally:
    """With the operator that has seen the deletion they are ended, whatever the account says about orphans."""
    async with secluded(stage, "late", account={"orphans": policy}) as at:
        at.keeper()
        stay, names = [f"stay{number}" for number in range(others)], scenes.named(count)
        await scenes.settle(at, stay, "ready")
        number = await _gone_too_early(at, names)
        await scenes.or_stuck(at, "late", waiting.until(partial(_none_left, at, others), "all ended", seconds=40))
        fired = (await at.novita.hits())[number]
        await at.reach(stay, ready, "Ready")
        await scenes.leave(at, stay)
        return await judge.verdict(at, fired=fired, not_fired=int(not fired))


async def restarted(policy: str, others: int, stage: Stage) -> Tally:
    """Another process works when it is carried out: it is an orphan, deleted or reported as the account says."""
    async with secluded(stage, "late", account={"orphans": policy}, settings=_COLLECTOR) as at:
        keeper = at.keeper()
        stay, names = [f"stay{number}" for number in range(others)], scenes.named(1)
        await scenes.settle(at, stay, "ready")
        number = await _gone_too_early(at, names, later=2 * _NOTED_SECONDS)
        await asyncio.sleep(_NOTED_SECONDS)  # until the account has noted the deletion
        await keeper.stop()
        await waiting.until(partial(_committed, at, others + 1), "it was carried out")
        at.sentinel.excused |= {life.id for life in await judge.lives(at) if life.deleted is None}
        keeper.start()
        await _as_the_account_says(at, policy, others)
        fired = (await at.novita.hits())[number]
        await at.reach(stay, ready, "Ready")
        await scenes.leave(at, stay)
        return await judge.verdict(at, fired=fired, not_fired=int(not fired))


async def _as_the_account_says(at: World, policy: str, others: int) -> None:
    if policy == "Delete":
        until = waiting.until(partial(_none_left, at, others), "the orphan is deleted", seconds=_PATIENCE_SECONDS)
    else:
        until = waiting.until(partial(_reported, at), "the orphan is reported", seconds=_PATIENCE_SECONDS)
    await scenes.or_stuck(at, "the orphan", until)


async def _gone_too_early(at: World, names: tuple[str, ...], *, later: float = 0.0) -> int:
    """Created, deleted and gone before Novita carries the creates out; the number of the fault."""
    late = _LATE_SECONDS + later
    number = await at.novita.fault("late-commit", route="create", seconds=late, times=len(names))
    await at.create(names)
    await waiting.until(partial(_dropped, at, number, len(names)), "the creates are on their way")
    await at.delete(names)
    await at.reach(names, gone, "gone")
    await asyncio.sleep(0)
    return int(number)


async def _dropped(at: World, number: int, count: int) -> bool:
    return (await at.novita.hits())[number] >= count


async def _committed(at: World, count: int) -> bool:
    return len(await judge.lives(at)) >= count


async def _none_left(at: World, others: int) -> bool:
    """All late ones have come, and have gone."""
    if await at.novita.late_commits():
        return False
    return sum(life.deleted is None for life in await judge.lives(at)) == others


async def _reported(at: World) -> bool:
    account = await at.stage.plane.kube.get(kube.NOVITA_ACCOUNTS, at.workspace.account_name)
    return bool((account.get("status") or {}).get("orphans"))


def _cases() -> Iterator[Case]:
    for policy in ("Report", "Delete"):
        for others in (0, 1, 4):
            left = f"{others} objects left" if others else "no object left"
            for count in (1, 3):
                yield Case(
                    f"{count} carried out late, orphans: {policy}, {left}", partial(ended, policy, others, count)
                )
            yield Case(f"operator restarted, orphans: {policy}, {left}", partial(restarted, policy, others))


ROW = Row(
    "posthumous",
    "Creates carried out after their object was deleted: each policy for orphans, with objects left and with none",
    with_quick(
        _cases(),
        "3 carried out late, orphans: Report, no object left",
        "1 carried out late, orphans: Delete, 1 objects left",
    ),
)
