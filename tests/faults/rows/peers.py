"""Five kills during 250 creates whose replies are delayed by two seconds: ours, and the tutorial's operator."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from tests.faults import judge
from tests.faults.keeper import Keeper
from tests.faults.row import Case, Row
from tests.faults.tally import Tally
from tests.faults.world import Stage, World, gone, ready, world
from tests.support import waiting
from tests.support.kube import Body
from tests.support.operator_process import OperatorProcess

_NAIVE = Path(__file__).parents[2] / "bench" / "peers" / "naive_kopf" / "naive.py"
_COUNT, _KILLS = 250, 5
_DELAY = {"kind": "delay", "route": "create", "seconds": 2.0, "after": True}
_CREATES_PER_KILL = 30
_PATIENCE_SECONDS = 240.0
_NAMES = tuple(f"n{number:03}" for number in range(_COUNT))
# Two seconds a reply, 250 objects: what the kill test is about is the creates that are under way together.
_TIMES = {"API_TIMEOUT": "5000", "LIST_LAG": "3000"}


async def ours(stage: Stage) -> Tally:
    """The operator."""
    async with world(stage, "kills", settings=_TIMES, account=_account()) as at:
        await at.novita.fault(**_DELAY)
        await at.create(_NAMES)
        keeper = at.keeper()
        killed = await _kill(at, keeper)
        await at.reach(_NAMES, ready, "Ready", seconds=_PATIENCE_SECONDS)
        live = sum(life.deleted is None for life in await judge.lives(at))
        await at.delete(_NAMES)
        await at.reach(_NAMES, gone, "gone", seconds=_PATIENCE_SECONDS)
        tally = await judge.verdict(at, fired=killed)
        return replace(tally, notes=(f"{_COUNT} objects, {live} instances lived when all were Ready",))


async def naive(stage: Stage) -> Tally:
    """The tutorial's operator, judged by the names that it gives: those of its objects."""
    async with world(stage, "naive") as at:
        await at.novita.fault(**_DELAY)
        await at.create(_NAMES)
        keeper = Keeper(lambda extra: _launch(at, extra), at.directory)
        at.keepers.append(keeper)
        keeper.start()
        killed = await _kill(at, keeper)
        await at.reach(_NAMES, _naively_ready, "Ready", seconds=_PATIENCE_SECONDS)
        await at.delete(_NAMES)
        await at.reach(_NAMES, gone, "gone", seconds=_PATIENCE_SECONDS)
        await _settle(at)
        book = await judge.lives(at)
        twice = sum(count > 1 for count in Counter(life.name for life in book).values())
        left = sum(life.deleted is None for life in book)
        note = f"{_COUNT} objects, {len(book)} instances ever rented, {left} billing after all objects were deleted"
        return Tally(
            fired=killed, outside=twice, forgotten=left, person=len(at.stuck), notes=(note,), heal=tuple(at.heal)
        )


def _naively_ready(body: Body | None) -> bool:
    """The tutorial knows a phase and no conditions."""
    return body is not None and (body.get("status") or {}).get("phase") == "Ready"


def _account() -> Mapping[str, object]:
    return {"limits": {"requestsPerMinute": 6000, "maxConcurrentCreates": 64}}


async def _kill(at: World, keeper: Keeper) -> int:
    """So many SIGKILLs, each after so many more creates, so that others are always under way; then it starts anew."""
    killed = 0
    for turn in range(1, _KILLS + 1):
        await waiting.until(
            partial(_rented, at, turn * _CREATES_PER_KILL), "creates are under way", seconds=_PATIENCE_SECONDS
        )
        for process in list(keeper.running):
            await process.kill()
            killed += 1
    return killed


async def _rented(at: World, count: int) -> bool:
    return len(await judge.lives(at)) >= count


async def _settle(at: World) -> None:
    """Until nothing is rented or deleted any more for some looks."""
    before: list[tuple[int, int]] = []

    async def quiet() -> bool:
        book = await judge.lives(at)
        before.append((len(book), sum(life.deleted is None for life in book)))
        return len(before) > 8 and len(set(before[-8:])) == 1

    await waiting.until(quiet, "nothing moves any more", seconds=_PATIENCE_SECONDS, pause=1.0)


def _launch(at: World, extra: Mapping[str, str]) -> OperatorProcess:
    command = [sys.executable, "-m", "kopf", "run", "--standalone", "-n", at.workspace.namespace, str(_NAIVE)]
    own = {"NOVITA_API_KEY": at.novita.key, "HOME": os.fspath(at.directory)}
    return OperatorProcess.launch(at.directory, at.kubeconfig, command, **{**at.settings, **own, **extra})


OURS = Row(
    "kills", "Five SIGKILLs during 250 creates, replies delayed 2 s: this operator", (Case("ours", ours),), alone=True
)
NAIVE = Row(
    "kills-naive",
    "Five SIGKILLs during 250 creates, replies delayed 2 s: the operator of kopf's tutorial",
    (Case("naive", naive),),
    alone=True,
    must_fail=True,
)
