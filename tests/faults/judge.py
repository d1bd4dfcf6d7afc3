"""The judge: reads the ledger and what the API server held, and counts what the safety rules forbid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from tests.faults import lives as ledger
from tests.faults.lives import Life
from tests.faults.observer import Seen
from tests.faults.tally import Tally
from tests.faults.world import World
from tests.support import kube, waiting

Owners = Mapping[str, Seen]
"""Every object that there ever was, by its UID."""

_SETTLE_SECONDS = 20.0  # twenty times what a deletion takes, and much longer than the list lag of these worlds


async def lives(world: World) -> tuple[Life, ...]:
    """Everything in the ledger."""
    return await ledger.of(world.novita)


async def settled(world: World) -> None:
    """Until no call is on its way any more, and nothing lives without an object; or until patience ends."""

    async def quiet() -> bool:
        if await world.novita.late_commits():
            return False
        left = _forgotten(await lives(world), await _uids(world))
        return all(life.id in world.sentinel.excused for life in left)

    try:
        await waiting.until(quiet, "the ledger is quiet", seconds=_SETTLE_SECONDS)
    except AssertionError:
        return  # the judgement says what is left


async def judge(
    world: World, *, window: bool = False, foreign: Collection[str] = (), expected: Collection[str] = ()
) -> Tally:
    """The verdict on a world at rest.

    `window`: the case is inside the documented window, where two of one name may live until they are healed.
    `foreign`: planted ids that nobody may delete; `expected`: ids whose deletion is right although an object lives.
    """
    book, uids = await lives(world), await _uids(world)
    doubled = _doubled(book)
    owners = world.owners()
    forgotten = [life for life in _forgotten(book, uids) if life.id not in world.sentinel.excused]
    wrong = _wrong(book, owners, foreign, expected)
    frozen = await _frozen(world)
    person = len(world.stuck) + frozen
    unhealed = [name for name, same in _by_name(book).items() if sum(each.deleted is None for each in same) > 1]
    outside = set(doubled) | set(unhealed) if not window else set(unhealed)
    complaints = [
        *(f"two lived: {name} ({_when(doubled.get(name, ()))})" for name in sorted(outside)),
        *(f"forgotten: {life.id} {life.name}" for life in forgotten),
        *(f"wrongly deleted: {life.id} {life.name}" for life in wrong),
        *world.stuck.values(),
        *world.sentinel.found.values(),
        *(["the account's creates are frozen"] if frozen else []),
    ]
    where = world.workspace.namespace
    return Tally(
        outside=len(outside),
        inside=len(set(doubled) - outside),
        forgotten=len(forgotten),
        wrong=len(wrong),
        person=person,
        unguarded=world.sentinel.count("unguarded"),
        untrue=world.sentinel.count("untrue"),
        orphaned=_orphaned(book, owners),
        heal=tuple(world.heal),
        complaints=tuple(f"{where}: {text}" for text in complaints),
    )


async def verdict(world: World, *, fired: int, not_fired: int = 0, **how: Any) -> Tally:
    """Let the world come to rest and judge it."""
    await settled(world)
    world.sentinel.must_be_awake()
    return replace(await judge(world, **how), fired=fired, not_fired=not_fired)


async def _uids(world: World) -> frozenset[str]:
    bodies = [body for each in (world, *world.relatives) for body in await each.objects()]
    return frozenset(body["metadata"]["uid"] for body in bodies)


async def _frozen(world: World) -> int:
    body = await world.stage.plane.kube.find(kube.NOVITA_ACCOUNTS, world.workspace.account_name)
    creates = ((body or {}).get("status") or {}).get("creates") or {}
    return int(bool(creates.get("frozenAt")))


def _by_name(book: Sequence[Life]) -> Mapping[str, list[Life]]:
    named: defaultdict[str, list[Life]] = defaultdict(list)
    for life in book:
        if life.uid is not None:
            named[life.name].append(life)
    return named


def _doubled(book: Sequence[Life]) -> Mapping[str, Sequence[Life]]:
    """Names that two instances bore at once which the operator had ordered."""
    ordered = _by_name([life for life in book if not life.planted])
    return {
        name: same for name, same in ordered.items() if any(one.overlaps(other) for one, other in combinations(same, 2))
    }


def _forgotten(book: Sequence[Life], uids: Collection[str]) -> list[Life]:
    return [life for life in book if life.deleted is None and not life.planted and life.uid not in uids]


def _wrong(book: Sequence[Life], owners: Owners, foreign: Collection[str], expected: Collection[str]) -> list[Life]:
    return [
        life
        for life in book
        if life.delete_requested is not None and life.id not in expected and _was_wrong(life, book, owners, foreign)
    ]


def _was_wrong(life: Life, book: Sequence[Life], owners: Owners, foreign: Collection[str]) -> bool:
    """Deleted although it was not ours, or although its object wanted it and no better one served it.

    Of two of one name the one that was Ready serves; where none was, the older one.
    """
    if life.id in foreign:
        return True
    owner = owners.get(life.uid or "")
    if life.planted or owner is None or life.delete_requested is None:
        return False
    unwanted = owner.deleting or owner.gone  # an object without finalizers is gone at once
    wanted = unwanted is None or life.delete_requested < unwanted - _CLOCKS_DIFFER_SECONDS
    others = [each for each in book if each.name == life.name and each is not life and each.overlaps(life)]
    if life.id in owner.ready_ids:
        return wanted and not any(each.id in owner.ready_ids for each in others)
    return wanted and not any(each.created < life.created or each.id in owner.ready_ids for each in others)


# The ledger's seconds are rounded, and the watch tells of a deletion a moment after it was asked for.
_CLOCKS_DIFFER_SECONDS = 1.0


def _orphaned(book: Sequence[Life], owners: Owners) -> tuple[float, ...]:
    """Per ordered instance: GPU-seconds billed before an object's status held its id, or after the object was gone."""
    return tuple(_unheld_seconds(life, owners.get(life.uid or "")) * life.gpus for life in book if not life.planted)


def _unheld_seconds(life: Life, owner: Seen | None) -> float:
    held_from = float("inf") if owner is None else owner.ids.get(life.id, float("inf"))
    held_to = float("inf") if owner is None or owner.gone is None else owner.gone
    return sum((end - start) - max(0.0, min(end, held_to) - max(start, held_from)) for start, end in life.billed)


def _when(same: Sequence[Life]) -> str:
    if not same:
        return "still"
    first = same[0].created
    return "; ".join(f"{life.id}: {life.created - first:.2f} to {(life.deleted or 0) - first:.2f} s" for life in same)
