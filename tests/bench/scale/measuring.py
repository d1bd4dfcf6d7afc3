"""The steps: take in, poll, pass, poll again. What is unchanged must cost no write, no call and no pass."""

from __future__ import annotations

from tests.bench.scale import population
from tests.bench.scale.process import Scale
from tests.support.kube import Body
from tests.support.plane import OPERATOR_USER

CHANGED = 100  # one of so many instances changes between two polls


async def measure(scale: Scale, like: Body, instances: int) -> None:
    """All steps. Raises AssertionError where a pass over what is unchanged wrote or called anything."""
    await scale.open_accounts()
    scale.weigh("before")
    changing = await _take_in_all(scale, like, instances)
    scale.weigh("with the objects")
    await _first_poll(scale)
    scale.weigh("with the instances")
    await _passes(scale, "first look at every object, which asks for a poll that began after it")
    await scale.poll()
    await _passes(scale, "a whole pass over every object")
    await _poll(scale, "poll of all accounts, nothing changed", woken=0)
    for workspace, ids in zip(scale.workspaces, changing, strict=True):
        for instance_id in ids:
            await workspace.novita.force(instance_id, status="exited")
    await _poll(scale, f"poll of all accounts, one of {CHANGED} changed", woken=sum(map(len, changing)))


async def _take_in_all(scale: Scale, like: Body, instances: int) -> list[list[str]]:
    """Account after account. Returns, for each, the ids of those instances that are to change later."""
    step, changing = scale.begin("objects taken in from the watch"), []
    for workspace in scale.workspaces:
        found = list(population.residents(like, workspace, scale.parts.cluster, instances))
        with step.timed():
            await scale.take_in(found)
        await population.settle(found, workspace.novita)
        changing.append([each.instance_id for each in found[::CHANGED]])
    step.counted["objects"] = instances * len(scale.workspaces)
    return changing


async def _first_poll(scale: Scale) -> None:
    await scale.forget_calls()
    step = scale.begin("first poll of all accounts")
    with step.timed():
        await scale.poll()
    step.counted["calls"] = await scale.calls()


async def _passes(scale: Scale, what: str) -> None:
    await scale.forget_calls()
    audit, step = scale.plane.audit.from_now(), scale.begin(what)
    with step.timed():
        step.counted["passes"] = await scale.drain()
    writes = sum(audit.count(user=OPERATOR_USER).values())
    step.counted |= {"calls": await scale.calls(), "writes": writes}
    assert step.counted["calls"] == step.counted["writes"] == 0, step


async def _poll(scale: Scale, what: str, *, woken: int) -> None:
    await scale.forget_calls()
    step = scale.begin(what)
    with step.timed():
        await scale.poll()
    step.counted |= {"calls": await scale.calls(), "woken": await scale.drain(only_count=True)}
    assert step.counted["woken"] == woken, step
