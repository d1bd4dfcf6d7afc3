"""The soak itself: apply, turmoil, come to rest, compare, delete, compare again."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.owners import JOBS, SETS
from tests.faults import judge, run
from tests.faults.rows import scenes
from tests.faults.sentinel import Sentinel
from tests.faults.world import World
from tests.soak import checker, estate, plan, population
from tests.soak.deeds import Turmoil
from tests.soak.estate import Clock
from tests.soak.population import Slot
from tests.support import kube, waiting
from tests.support.history import condition
from tests.support.kube import Body

SPEED = 24.0  # an hour is a day
_DEEDS_PER_OBJECT_AND_MINUTE = 1.0
_REST_SECONDS = 240.0  # until all is where it was going: the longest pause of the operator is minutes of its own time
_DELAYS = {"accept": 1.0, "create": 10.0, "pull": 20.0, "cachedPull": 10.0, "start": 10.0, "stop": 10.0, "linger": 20.0}

# As users have it; the tests' own cost interval is 300 times as often. The API server is no faster than theirs: what is
# read from it at intervals is read once in a real minute.
_SETTINGS: Mapping[str, str] = {"COST_INTERVAL": "600000", "RESYNC_INTERVAL": f"{60_000 * SPEED:.0f}"}

_TELLING = {"Ready", "Stopped", "Running"}  # what the checker compares most of

Say = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """What is run."""

    objects: int
    minutes: float
    seed: int


@dataclass
class Found:
    """What came of it. `rented`: instances in the ledger; `looks`: of the checker; `findings`: all that was wrong.

    `claims`: what it compared, by kind of object and what that said.
    """

    wanted: Wanted
    done: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    rented: int = 0
    looks: int = 0
    claims: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    by_kind: Counter[str] = field(default_factory=Counter)
    operators: int = 0
    minutes: float = 0.0
    load: tuple[float, float] = (0.0, 0.0)


async def soak(wanted: Wanted, say: Say) -> Found:
    """Raises AssertionError where it could not be judged."""
    run.end_in_order()
    directory = Path(tempfile.mkdtemp(prefix="novita-soak-"))
    say(f"logs: {directory}")
    found, began = Found(wanted), time.monotonic()
    load = os.getloadavg()[0]
    async with (
        run.staged(directory, run.How(jobs=1, quick=False)) as stage,
        scenes.hurried(stage, "soak", speed=SPEED, settings=_SETTINGS) as world,
    ):
        await world.novita.set(acceleration=SPEED, delays=_DELAYS)
        await _live(world, found, say)
    found.minutes, found.load = (time.monotonic() - began) / 60, (load, os.getloadavg()[0])
    return found


async def _live(world: World, found: Found, say: Say) -> None:
    clock = await Clock.of(world, SPEED)
    slots = population.of(world, found.wanted.objects)
    world.settings["CLOCK_OFFSET"] = f"{clock.ahead_seconds():.0f}"
    turmoil = Turmoil(world, world.keeper(), clock, slots, found.done, found.skipped)
    for slot in slots:
        await slot.apply(world)
    say(f"{len(slots)} objects applied")
    # What a crowd that is applied at once takes is measured by the bench: here it is in nobody's way.
    await _at_rest(world, slots)
    say("all of them are where they were going")
    _watch(world, clock, found)
    await _disturb(turmoil, found.wanted, say)
    say("the turmoil is over")
    await _collect(world, turmoil.left)
    await _at_rest(world, slots)
    await _delete(world, slots)
    await _conclude(world, found, turmoil.reclaimed)
    found.operators = turmoil.keeper.started
    await turmoil.keeper.stop()


def _watch(world: World, clock: Clock, found: Found) -> None:
    """The checker of the soak takes the place of the judge that looks at instances alone."""
    first = world.sentinel
    first.stop()

    async def objects() -> estate.Estate:
        seen = await estate.seen(world, clock)
        found.claims.update(_claim(body) for body in (*seen.own, *seen.sets, *seen.jobs))
        return seen

    world.sentinel = Sentinel(first.book, objects, first.working, lies=checker.lies)
    world.sentinel.start()


def _claim(body: Body) -> str:
    if condition(body, "Complete").get("status") == "True":
        return f"{body['kind']} Complete"
    said = condition(body, "Ready").get("reason", "nothing yet")
    return f"{body['kind']} {said if said in _TELLING else 'on its way'}"


async def _disturb(turmoil: Turmoil, wanted: Wanted, say: Say) -> None:
    """One step after the other, at an even pace."""
    began = time.monotonic()
    pause = 60 / (wanted.objects * _DEEDS_PER_OBJECT_AND_MINUTE)
    told = Counter[str]()
    for number, step in enumerate(plan.steps(wanted.seed, wanted.objects)):
        if time.monotonic() > began + wanted.minutes * 60:
            return
        await turmoil.carry_out(step)
        turmoil.world.sentinel.must_be_awake()
        _tell_news(turmoil.world.sentinel, told, say)
        await asyncio.sleep(max(0.0, began + number * pause - time.monotonic()))


def _tell_news(sentinel: Sentinel, told: Counter[str], say: Say) -> None:
    for key, text in sentinel.found.items():
        if not told[str(key)]:
            told[str(key)] += 1
            say(f"FOUND {text}")


async def _collect(world: World, left: Collection[str]) -> None:
    """What was left without an object is in the account's status, and an administrator has it deleted by one word."""

    async def living() -> set[str]:
        return {life.id for life in await judge.lives(world) if life.deleted is None} & set(left)

    async def reported() -> bool:
        account = await world.stage.plane.kube.get(kube.NOVITA_ACCOUNTS, world.workspace.account_name)
        return await living() <= {orphan["id"] for orphan in (account.get("status") or {}).get("orphans") or ()}

    async def gone() -> bool:
        return not await living()

    await scenes.or_stuck(world, "orphans", waiting.until(reported, "orphans are reported", seconds=_REST_SECONDS))
    await world.workspace.edit_account(orphans="Delete")
    await scenes.or_stuck(world, "orphans", waiting.until(gone, "orphans are deleted", seconds=_REST_SECONDS))


async def _at_rest(world: World, slots: Sequence[Slot]) -> None:
    """Everything is where it was going, and the ledger has exactly the instances that the objects claim."""
    left: list[str] = []

    async def so() -> bool:
        left[:] = [f"{slot.name} is not where it was going" for slot in slots if not _is_there(await slot.find(world))]
        book = [life for life in await judge.lives(world) if life.deleted is None]
        claimed = [(body.get("status") or {}).get("instanceId") for body in await world.objects()]
        ids = sorted(each for each in claimed if each)
        if ids != sorted(life.id for life in book):
            left.append(f"the objects claim {ids}, the ledger has {sorted((life.id, life.name) for life in book)}")
        return not left

    try:
        await waiting.until(so, "the objects are at rest", seconds=_REST_SECONDS, pause=2.0)
    except AssertionError:
        world.stuck |= {text: text for text in left}


def _is_there(body: Body | None) -> bool:
    """Ready for its newest spec; of a job, that it runs or is Complete."""
    if body is None:
        return False
    if body["kind"] == "GPUJob":
        phase = (body.get("status") or {}).get("phase")
        return phase == "Running" or condition(body, "Complete").get("status") == "True"
    current = (body.get("status") or {}).get("observedGeneration") == body["metadata"]["generation"]
    return current and condition(body, "Ready").get("status") == "True"


async def _delete(world: World, slots: Sequence[Slot]) -> None:
    """All of them, and wait until nothing of any kind is left."""
    for slot in slots:
        await world.stage.plane.kube.delete(slot.resource, slot.name, world.workspace.namespace)

    async def gone() -> bool:
        namespace = world.workspace.namespace
        return not any(
            [await world.stage.plane.kube.list(kind, namespace) for kind in (kube.GPU_INSTANCES, SETS, JOBS)]
        )

    await scenes.or_stuck(world, "the end", waiting.until(gone, "no object is left", seconds=_REST_SECONDS, pause=1.0))


async def _conclude(world: World, found: Found, reclaimed: Collection[str]) -> None:
    """The verdict of the fault harness, and an empty ledger."""
    tally = await judge.verdict(world, fired=sum(found.done.values()), expected=reclaimed)
    book = await world.novita.ledger()
    found.findings = list(tally.complaints)
    found.findings += [f"{record.id} {record.name} lives at the end" for record in book.live]
    found.findings += [f"{record.id} {record.name} bills at the end" for record in book.billing]
    found.rented, found.looks = book.created, world.sentinel.looks
    found.by_kind = Counter(kind for kind, _ in world.sentinel.found)
