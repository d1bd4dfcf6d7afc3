"""The crash matrix: every crash point x the way to end x what happens next, over a whole life of several objects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.faults import judge
from tests.faults.row import Case, Row
from tests.faults.rows import scenes
from tests.faults.tally import Tally
from tests.faults.world import LATER_SECONDS, Stage, World, gone, ready, stopped, world

POINTS = (
    "intent.before-write",
    "intent.after-write",
    "create.after-call",
    "secret.before-write",
    "secret.after-write",
    "status.before-write",
    "status.after-write",
    "stop.before-call",
    "stop.after-call",
    "start.before-call",
    "start.after-call",
    "delete.before-call",
    "delete.after-call",
    "release.before-write",
    "release.after-write",
)
# Reached only where Novita surely refuses; the create calls of the first objects are made to be refused.
REFUSAL_POINTS = ("refusal.before-write", "refusal.after-write")
# Reached only where somebody lets go of an object that has an instance, or edits it at Novita.
EDIT_POINTS = ("hold.before-write", "hold.after-write", "edit.before-call", "edit.after-call")
_REFUSALS = 6  # more than crashes, so that each armed process meets one
_LARGER_GB = 100  # the default disk has 60
_OBJECTS = ("a", "b", "c", "d")
_PER_LIFE = 3  # crashes in a row: the fourth process of a life is left in peace


@dataclass(frozen=True)
class Ending:
    """How processes end and are started again."""

    how: str
    replicas: int = 1
    pause: float = 0.0

    def __str__(self) -> str:
        then = "two side by side" if self.replicas > 1 else "restart later" if self.pause else "restart at once"
        return f"{self.how}, {then}"


ENDINGS = (
    Ending("kill"),
    Ending("kill", pause=LATER_SECONDS),
    Ending("kill", replicas=2),
    Ending("term"),
    Ending("term", pause=LATER_SECONDS),
    Ending("term", replicas=2),
    Ending("raise"),
    Ending("raise", replicas=2),
)
_QUICK = {
    ("create.after-call", "kill, restart at once"),
    ("create.after-call", "kill, two side by side"),
    ("intent.after-write", "kill, restart later"),
    ("delete.after-call", "kill, restart at once"),
    ("release.before-write", "raise, restart at once"),
    ("status.before-write", "term, restart at once"),
    ("hold.before-write", "kill, restart at once"),
}


async def life(at: World, names: tuple[str, ...] = _OBJECTS, **spec: Any) -> None:
    """Create, Ready, stop, start, delete: as a user does it, who knows nothing of crashes."""
    await at.create(names, **spec)
    if not await at.reach(names, ready, "Ready"):
        return
    await at.edit(names, powerState="Stopped")
    if not await at.reach(names, stopped, "Stopped"):
        return
    await at.edit(names, powerState="Running")
    if not await at.reach(names, ready, "Ready again"):
        return
    await at.delete(names)
    await at.reach(names, gone, "gone")


async def edited_life(at: World) -> None:
    """Create, Ready, let go by somebody, held again, a larger disk, delete."""
    await at.create(_OBJECTS)
    if not await at.reach(_OBJECTS, ready, "Ready"):
        return
    for name in _OBJECTS:
        await scenes.clear(at, name)
    if not await at.reach(_OBJECTS, scenes.held, "held again"):
        return
    await at.edit(_OBJECTS, rootfsSizeGB=_LARGER_GB)
    if not await at.reach(_OBJECTS, ready, "Ready with a larger disk"):
        return
    await at.delete(_OBJECTS)
    await at.reach(_OBJECTS, gone, "gone")


async def crash(point: str, ending: Ending, stage: Stage) -> Tally:
    """One life with crashes at one point."""
    async with world(stage, "crash") as at:
        if point in REFUSAL_POINTS:
            await at.novita.fault("rate-limited", route="create", times=_REFUSALS)
        keeper = at.keeper(arms=_arms(point, ending), replicas=ending.replicas, pause=ending.pause)
        await (edited_life(at) if point in EDIT_POINTS else life(at))
        await keeper.stop()
        fired, not_fired = len(keeper.fired_at), keeper.not_fired
        if keeper.unasked:
            at.stuck["the process"] = f"{keeper.unasked} processes ended that nobody had asked to"
        return await judge.verdict(at, fired=fired, not_fired=not_fired)


def _arms(point: str, ending: Ending) -> list[str]:
    """A process that goes on after a raise is never started again, so it is armed once."""
    if ending.how == "raise":
        return [f"{point}#{number}:raise" for number in range(1, ending.replicas + 1)]
    return [f"{point}:{ending.how}"] * _PER_LIFE


def _cases() -> Iterator[Case]:
    for point in (*POINTS, *REFUSAL_POINTS, *EDIT_POINTS):
        for ending in ENDINGS:
            quick = (point, str(ending)) in _QUICK
            yield Case(f"{point}: {ending}", partial(crash, point, ending), quick)


ROW = Row("crashes", "Crash points x kill, term, raise x restart at once, later, two without a Lease", tuple(_cases()))
