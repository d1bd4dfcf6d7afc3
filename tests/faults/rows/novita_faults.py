"""What Novita does wrong, one fault at a time, over a whole life of several objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.faults import judge
from tests.faults.row import Case, Row
from tests.faults.rows import crashes
from tests.faults.tally import Tally
from tests.faults.world import API_TIMEOUT_SECONDS, LIST_LAG_SECONDS, Stage, world

_OBJECTS = ("a", "b", "c", "d")
_MUTATING = ("create", "stop", "start", "delete")
_TOO_LATE = API_TIMEOUT_SECONDS + 1.0
_FOR_A_WHILE = 12  # calls in a row: some seconds of polls, and more than any one call is repeated


@dataclass(frozen=True)
class Broken:
    """Faults that are on during a life. `window`: two may live at once until they are healed (safety: documented)."""

    label: str
    faults: Sequence[Mapping[str, Any]]
    dials: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    window: bool = False
    quick: bool = False


async def lived(broken: Broken, stage: Stage) -> Tally:
    """One life with these faults. Reads are polls: a fault of theirs counts at most once per object."""
    async with world(stage, "novita", settings=broken.settings) as at:
        await at.novita.set(**broken.dials)
        numbers = [(await at.novita.fault(**fault), fault) for fault in broken.faults]
        at.keeper()
        await crashes.life(at, _OBJECTS)
        hits = await at.novita.hits()
        fired = sum(_count(hits[number], fault) for number, fault in numbers)
        await at.novita.end_faults()
        return await judge.verdict(at, fired=fired, not_fired=int(not fired), window=broken.window)


def _count(hits: int, fault: Mapping[str, Any]) -> int:
    if fault["kind"] == "list-lag":
        return 0  # it bends a create that another fault breaks, or it is a case by itself: see `_lags`
    return hits if fault.get("route") in _MUTATING else min(hits, len(_OBJECTS))


def _each(kind: str, route: str, **more: Any) -> Mapping[str, Any]:
    """Hits the first call for each object."""
    return {"kind": kind, "route": route, "times": len(_OBJECTS), **more}


def _mutations() -> Iterator[Broken]:
    endings: Sequence[tuple[str, Mapping[str, Any]]] = (
        ("reply lost after commit", {"kind": "lost-reply"}),
        ("connection dropped before commit", {"kind": "lost-reply", "commit": False}),
        ("500 after commit", {"kind": "error-after-commit", "status": 500}),
        ("502 after commit", {"kind": "error-after-commit", "status": 502}),
        ("500 before commit", {"kind": "error-before", "status": 500}),
        ("503 before commit", {"kind": "error-before", "status": 503, "retryAfter": 1}),
        ("429 without Retry-After", {"kind": "rate-limited"}),
        ("429 with Retry-After", {"kind": "rate-limited", "retryAfter": 1}),
        ("body cut after commit", {"kind": "truncated-body"}),
        ("body empty after commit", {"kind": "empty-body"}),
        ("HTML 502 before commit", {"kind": "html-502"}),
        ("HTML 502 after commit", {"kind": "html-502", "commit": True}),
        ("answer after the client's timeout", {"kind": "delay", "seconds": _TOO_LATE, "after": True}),
        ("carried out after the client's timeout", {"kind": "delay", "seconds": _TOO_LATE}),
        ("401", {"kind": "unauthorized"}),
    )
    for route in _MUTATING:
        for label, fault in endings:
            quick = route == "create" and label in {"reply lost after commit", "502 after commit"}
            # A create that is carried out a second after the client gave up is within the lag: 3 looks span 1.5 s.
            yield Broken(f"{route}: {label}", [{**_each("", route), **fault}], quick=quick)
    yield Broken("create: 201 without an id", [_each("no-id", "create")], quick=True)


def _late() -> Iterator[Broken]:
    for seconds in (0.3, 0.8, 1.2):
        fault = _each("late-commit", "create", seconds=seconds)
        yield Broken(f"create: carried out {seconds:g} s after the connection died", [fault])
    beyond = _each("late-commit", "create", seconds=LIST_LAG_SECONDS * 2.5)
    yield Broken("create: carried out after the list lag, the documented window", [beyond], window=True)


def _lags() -> Iterator[Broken]:
    for share in (0.25, 0.5, 0.75, 1.0):
        seconds = LIST_LAG_SECONDS * share
        for also_get in (False, True):
            dials = {"listLag": {"seconds": seconds, "alsoGet": also_get}}
            where = "list and look by id" if also_get else "list"
            label = f"reply lost and {where} {seconds:g} s behind"
            yield Broken(label, [_each("lost-reply", "create")], dials, quick=share == 1.0 and not also_get)
    both = _each("late-commit", "create", seconds=LIST_LAG_SECONDS / 3)
    yield Broken("carried out late and list behind", [both], {"listLag": {"seconds": LIST_LAG_SECONDS / 2}})


def _reads() -> Iterator[Broken]:
    pages = {"defaultPageSize": 2, "maxPageSize": 2}  # of two rows, so that four objects have a second page
    for route in ("list", "get"):
        for label, fault in (
            ("500", {"kind": "error-before", "status": 500}),
            ("body cut", {"kind": "truncated-body"}),
            ("HTML 502", {"kind": "html-502"}),
            ("429", {"kind": "rate-limited", "retryAfter": 1}),
            ("401", {"kind": "unauthorized"}),
        ):
            yield Broken(f"{route}: {label} for a while", [{"route": route, "times": _FOR_A_WHILE, "skip": 4, **fault}])
    failing = {"kind": "failing-page", "match": {"page": 2}, "times": _FOR_A_WHILE}
    yield Broken("list: page 2 fails for a while", [failing], pages, quick=True)
    empty = {"kind": "empty-list", "times": _FOR_A_WHILE, "skip": 6}
    yield Broken("list: empty for a while", [empty], quick=True)
    missing = {"kind": "status", "route": "get", "status": 404, "times": 1, "skip": 4}
    yield Broken("flicker: empty lists and one 404 by id", [empty, missing])
    yield Broken("everything: connection refused for a while", [{"kind": "down", "times": _FOR_A_WHILE, "skip": 8}])
    yield Broken("everything: 401 for a while", [{"kind": "unauthorized", "times": _FOR_A_WHILE, "skip": 8}])


def _cases(every: Iterator[Broken]) -> Iterator[Case]:
    for broken in every:
        yield Case(broken.label, partial(lived, broken), broken.quick)


MUTATIONS = Row(
    "novita-calls", "Create, stop, start, delete: each ending that Novita can give them", (*_cases(_mutations()),)
)
LATE = Row(
    "novita-late",
    "Creates carried out late, lists behind, up to the list lag and beyond",
    (*_cases(_late()), *_cases(_lags())),
)
READS = Row(
    "novita-reads", "Lists and look-ups that fail, are cut, empty, refused or a page short", (*_cases(_reads()),)
)
