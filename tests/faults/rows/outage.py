"""One account answers 500 to everything for a minute, with 300 objects; another account beside it does not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from tests.faults import judge
from tests.faults.observer import Observer
from tests.faults.row import Case, Row
from tests.faults.tally import Tally, percentile
from tests.faults.world import Stage, World, gone, ready, world

_OUTAGE_SECONDS = 60.0  # five minutes, scaled to one
_SICK, _WELL, _OLD = 300, 60, 20
_PATIENCE_SECONDS = 300.0
# What users have, but for the list lag, which the recovery waits for: a fifth of it, as the outage is of its.
_DEFAULTS = {
    "BACKOFF_BASE": "5000",
    "BACKOFF_MAX": "60000",
    "POLL_INTERVAL": "10000",
    "TRANSITION_POLL_INTERVAL": "2000",
    "CATALOG_MAX_AGE": "60000",
    "LIST_LAG": "12000",
    "API_TIMEOUT": "30000",
    "MAX_RETRIES": "3",
    "RETRY_DELAY": "1000",
    "LOG_LEVEL": "INFO",
}


async def outage(stage: Stage) -> Tally:
    """Both accounts in one operator; the verdict is on the sick one and the well one."""
    async with world(stage, "well") as well, world(stage, "sick", settings=_DEFAULTS) as sick:
        sick.settings["WATCH_NAMESPACES"] = f"{sick.workspace.namespace},{well.workspace.namespace}"
        well.settings["CLUSTER_ID"] = sick.settings["CLUSTER_ID"]
        old = [f"o{number:02}" for number in range(_OLD)]
        keeper = sick.keeper()
        await sick.create(old)
        await sick.reach(old, ready, "Ready", seconds=_PATIENCE_SECONDS)
        number = await sick.novita.fault(kind="error-before", status=500)
        await sick.novita.forget_calls()
        new, others = [f"n{each:03}" for each in range(_SICK)], [f"w{each:02}" for each in range(_WELL)]
        began = time.monotonic()
        waited = asyncio.create_task(_times_to_ready(well, others))
        await sick.create(new)
        await sick.delete(old)
        await asyncio.sleep(max(0.0, began + _OUTAGE_SECONDS - time.monotonic()))  # the outage itself
        calls, fired = await sick.novita.calls(), (await sick.novita.hits())[number]
        await sick.novita.end_faults()
        ended = time.monotonic()
        sick.faulted()
        await sick.reach(new, ready, "Ready after the outage", seconds=_PATIENCE_SECONDS)
        await sick.reach(old, gone, "gone after the outage", seconds=_PATIENCE_SECONDS)
        recovered = time.monotonic() - ended
        per_minute = calls.total / (_SICK + _OLD) / (_OUTAGE_SECONDS / 60)
        ends = calls.of("get") + calls.of("delete")
        tried = f"{calls.of('create')} creates, {ends} looks before a delete or deletes attempted"
        notes = (
            f"{_OUTAGE_SECONDS:g} s of 500, {_SICK} objects to create and {_OLD} to delete: {calls.total} calls",
            f"{per_minute:.2f} calls per object and minute during the outage; {tried}",
            f"all were Ready and gone {recovered:.0f} s after the outage, with {keeper.started - 1} restarts",
            f"p95 time to Ready: {_p95(await waited)} in the account beside it",
            f"p95 time to Ready in the sick account, after the outage: {_p95(_after(sick, new, ended))}",
        )
        # Nothing is deleted that was not just seen under its name: where each look fails, the look is the try.
        if not ends:
            sick.stuck["deletes"] = "no end was tried during the outage"
        return await _end(sick, well, new, others, notes, fired)


def _after(at: World, names: Sequence[str], moment: float) -> list[float]:
    return [seconds - moment for seconds in ready_times(at.observer, names)]


async def _end(
    sick: World, well: World, new: Sequence[str], others: Sequence[str], notes: tuple[str, ...], fired: int
) -> Tally:
    for at, names in ((sick, new), (well, others)):
        await at.delete(names)
        await at.reach(names, gone, "gone", seconds=_PATIENCE_SECONDS)
    # 500s by the hundred hit the same objects again and again: a case is an object.
    tally = await judge.verdict(sick, fired=min(fired, _SICK + _OLD))
    return replace(tally + await judge.verdict(well, fired=0), notes=notes)


async def _times_to_ready(at: World, names: Sequence[str]) -> list[float]:
    began = time.monotonic()
    await at.create(names)
    await at.reach(names, ready, "Ready beside the outage", seconds=_PATIENCE_SECONDS)
    return [seconds - began for seconds in ready_times(at.observer, names)]


def ready_times(observer: Observer, names: Sequence[str]) -> list[float]:
    """When each object was first seen Ready; monotonic seconds."""
    return [seen.ready for seen in observer.by_uid.values() if seen.name in names and seen.ready is not None]


def _p95(seconds: Sequence[float]) -> str:
    found = percentile(seconds, 0.95)
    return "unknown" if found is None else f"{found:.1f} s"


ROW = Row(
    "outage",
    "One account answers 500 for a minute (five, scaled) with 320 objects; another one beside it",
    (Case("300 objects", outage),),
    alone=True,  # its times are measured
)
