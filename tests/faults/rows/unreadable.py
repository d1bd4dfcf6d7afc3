"""What people write into spec, annotations and status that cannot be read: ends go on all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from tests.faults import judge
from tests.faults.row import Case, Row, with_quick
from tests.faults.rows import scenes
from tests.faults.tally import Tally
from tests.faults.world import Stage, World, gone, secluded
from tests.support import waiting
from tests.support.kube import Refused

_SCHEDULE = {"stop": "0 20 * * 1-5", "start": "0 8 * * 1-5"}
_WRITTEN_SECONDS = 2.0  # so that several passes have read it
_DEADLINE_SECONDS = 60  # the shortest that spec.lifetime takes
_LATE_SECONDS = 45.0  # beyond the deadline: a minute of restarts, and a loaded machine

End = Literal["deleted", "stopped", "at its deadline"]
Where = Literal["spec", "metadata", "status"]


@dataclass(frozen=True)
class Garbage:
    """Merge patches by a word for each, and where they go: one object gets one of them."""

    label: str
    where: Where
    changes: Mapping[str, dict[str, Any]]


def _notes(key: str, texts: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    return {text[:40]: {"metadata": {"annotations": {f"gpu.novita.ai/{key}": text}}} for text in texts}


def _schedules(field: str, texts: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    return {text: {"spec": {"lifetime": {"schedule": {**_SCHEDULE, field: text}}}} for text in texts}


_ZONES = (
    "Brazil",
    "US",
    "America",
    "Etc",
    "Nowhere/City",
    "tzdata.zi",
    "zone.tab",
    "__init__.py",
    "..",
    "\u0130stanbul",
)
_CRONS = ("0 0 31 2 *", "99 99 * * *", "not a cron at all", "0 0 * * 1-1000000000", "0 0 30 2 1#6")
_INTENTS = (
    '{"attempt": Infinity}',
    '{"attempt": NaN}',
    '{"attempt": 1e400}',
    '{"attempt": -1}',
    '{"attempt": "1"}',
    '{"attempt": ' + "9" * 5000 + "}",
    '{"attempt": 1, "at": "never"}',
    '{"attempt": 1, "at": "0001-01-01T00:00:00+23:59"}',
    '{"attempt": 1, "at": "9999-12-31T23:59:59-23:59"}',
    "[" * 20_000,
    "[]",
    "null",
    "",
    "not JSON",
    "x" * 200_000,
)
_USES = ("yesterday", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "Infinity", "1" * 5000, "")
_STATUS: Mapping[str, dict[str, Any]] = {
    "createdAt in the year 1": {"createdAt": "0001-01-01T00:00:00Z"},
    "createdAt in the year 9999": {"createdAt": "9999-12-31T23:59:59Z"},
    "startedAt in the year 9999": {"startedAt": "9999-12-31T23:59:59Z"},
    "readyAt in the year 1": {"readyAt": "0001-01-01T00:00:00Z"},
    "attempts of 2^62": {"attempts": 2**62},
    "instanceName of another form": {"instanceName": "../../x"},
    "id of another form": {"instanceId": "../../x?y=z#"},
    "no conditions": {"conditions": []},
}
GARBAGE: tuple[Garbage, ...] = (
    Garbage("time zones", "spec", _schedules("timeZone", _ZONES)),
    Garbage("cron expressions", "spec", _schedules("stop", _CRONS)),
    Garbage("notes of intent", "metadata", _notes("create-intent", _INTENTS)),
    Garbage("last-used", "metadata", _notes("last-used", _USES)),
    Garbage("reconcile-requested-at", "metadata", _notes("reconcile-requested-at", ("x" * 5000, "", "\u0130"))),
    Garbage("status", "status", {label: {"status": change} for label, change in _STATUS.items()}),
)


async def ends(garbage: Garbage, end: End, stage: Stage) -> Tally:
    """Objects that are Ready get the garbage, and are to end."""
    async with secluded(stage, "garbage") as at:
        keeper = at.keeper()
        names = scenes.named(len(garbage.changes))
        lifetime = {"lifetime": {"maxSeconds": _DEADLINE_SECONDS, "action": "Delete"}}
        await scenes.settle(at, names, "ready", **(lifetime if end == "at its deadline" else {}))
        taken = [
            name for name, label in zip(names, garbage.changes, strict=True) if await _write(at, name, garbage, label)
        ]
        await asyncio.sleep(_WRITTEN_SECONDS)
        for process in list(keeper.running):  # the next one reads all of it for the first time
            await process.kill()
        await _end(at, names, end)
        await scenes.rented(at, len(names))
        await scenes.leave(at, names)
        for name, label in zip(names, garbage.changes, strict=True):
            if name in at.stuck:
                at.stuck[name] = f"{garbage.label} {label}: {at.stuck[name]}"
        return await judge.verdict(at, fired=len(taken), expected=await _all(at) if end == "at its deadline" else ())


async def _write(at: World, name: str, garbage: Garbage, label: str) -> bool:
    """Whether the API server takes it; where its schema refuses it, nobody has to read it."""
    subresource = "status" if garbage.where == "status" else ""
    try:
        await scenes.patch(at, name, garbage.changes[label], subresource=subresource)
    except Refused as refused:
        if refused.status not in (400, 422):
            raise
        return False
    return True


async def _end(at: World, names: Sequence[str], end: End) -> None:
    match end:
        case "deleted":
            await at.delete(names)
            await at.reach(names, gone, "gone")
        case "stopped":
            await at.edit(names, powerState="Stopped")
            await scenes.or_stuck(at, "stop", waiting.until(partial(_none_bills, at), "nothing is billed", seconds=90))
        case "at its deadline":
            lasts = _DEADLINE_SECONDS + _LATE_SECONDS
            await scenes.or_stuck(at, "end", waiting.until(partial(_none_lives, at), "nothing lives", seconds=lasts))


async def _none_bills(at: World) -> bool:
    """Whatever the objects say of it."""
    return not (await at.novita.ledger()).billing


async def _none_lives(at: World) -> bool:
    return not (await at.novita.ledger()).live


async def _all(at: World) -> frozenset[str]:
    return frozenset(life.id for life in await judge.lives(at))


def _cases() -> Iterator[Case]:
    for garbage in GARBAGE:
        yield Case(f"{garbage.label}: deleted", partial(ends, garbage, "deleted"))
        yield Case(f"{garbage.label}: stopped", partial(ends, garbage, "stopped"))
        if garbage.where == "metadata":  # a schedule lies over the deadline, and the deadline counts from the status
            yield Case(f"{garbage.label}: at its deadline", partial(ends, garbage, "at its deadline"))


ROW = Row(
    "unreadable",
    "Time zones, cron texts, notes and status that cannot be read: deletion, stop and deadlines go on",
    with_quick(_cases(), "time zones: deleted"),
)
