"""The judge that runs beside every case is shown planted lies: it must find each of them, and nothing where none is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.faults import judge, planting
from tests.faults import world as worlds
from tests.faults.rows.orphans import name_of
from tests.faults.sentinel import Objects, Sentinel
from tests.faults.world import Stage, World
from tests.support import kube, waiting


@pytest.fixture
async def at(stage: Stage) -> AsyncIterator[World]:
    """A world without an operator, whose sentinel is made to believe that one works: it can tell no lies by itself."""

    async def always() -> bool:
        return True

    async with worlds.world(stage, "lies") as made:
        made.sentinel.working = always
        yield made


async def _let_go(at: World, name: str = "gpu") -> None:
    change = {"metadata": {"finalizers": None}}
    await at.stage.plane.kube.patch(kube.GPU_INSTANCES, name, change, at.workspace.namespace)


async def test_all_planted_lies_are_found_and_nothing_else(at: World) -> None:
    names = ("honest", "let-go", "left", "dead", "liar")
    uid = {name: (await planting.held(at, name, finalizer=name != "left"))["metadata"]["uid"] for name in names}
    honest, let_go, left, dead = [await planting.rented(at, uid[name]) for name in names if name != "liar"]
    for name, instance in (("honest", honest), ("dead", dead), ("liar", honest)):
        await planting.says(at, name, instance, "Ready")
    await at.novita.plant(name="somebody-elses")
    await at.novita.plant(name=name_of(at.settings["CLUSTER_ID"]))
    await _let_go(at, "let-go")
    await at.delete(["left"])
    await at.novita.force(dead, gone=True)
    lies = {("unguarded", let_go), ("unguarded", left), ("untrue", uid["dead"]), ("untrue", uid["liar"])}

    async def all_found() -> bool:
        return lies <= set(at.sentinel.found)

    await waiting.until(all_found, "all lies are found", explain=at.workspace.explain)
    assert set(at.sentinel.found) == lies


async def test_what_is_found_makes_the_verdict_unclean(at: World) -> None:
    at.sentinel.found[("unguarded", "i")] = "unguarded: i"

    tally = await judge.verdict(at, fired=1)

    assert (tally.unguarded, tally.clean) == (1, False)


def _blind(working: bool = True) -> Sentinel:
    async def nothing() -> tuple[Any, ...]:
        return ()

    async def whether() -> bool:
        return working

    async def no_objects() -> Objects:
        return Objects(())

    return Sentinel(nothing, no_objects, whether)


_WRONG = {("unguarded", "i"): "i: no object holds it"}


@pytest.mark.parametrize(
    ("looks", "count"),
    [
        pytest.param([0, 1, 2, 3, 4, 5], 0, id="as long as the grace is allowed"),
        pytest.param([0, 1, 2, 3, 4, 5, 6], 1, id="longer than the grace counts once"),
        pytest.param([0, 20], 0, id="a look that comes late counts as one"),
    ],
)
def test_only_what_is_wrong_for_longer_than_the_grace_counts(looks: list[float], count: int) -> None:
    sentinel = _blind()

    for at in looks:
        sentinel.note(_WRONG, now=float(at))

    assert sentinel.count("unguarded") == count


def test_the_grace_begins_again_where_it_was_put_right_between() -> None:
    sentinel = _blind()

    for at in range(10):
        sentinel.note(_WRONG if at != 5 else {}, now=float(at))

    assert not sentinel.found


async def test_where_no_operator_works_nothing_counts() -> None:
    sentinel = _blind(working=False)
    for at in range(4):
        sentinel.note(_WRONG, now=float(at))

    await sentinel.look()
    for at in range(4, 8):
        sentinel.note(_WRONG, now=float(at))

    assert not sentinel.found
