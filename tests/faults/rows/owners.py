"""Sets and jobs through crashes around each child that they make and let go: none too many, nothing left billing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from tests.cluster import owners
from tests.faults import judge
from tests.faults.row import Case, Row
from tests.faults.rows import scenes
from tests.faults.tally import Tally
from tests.faults.world import Stage, World, world
from tests.support import waiting
from tests.support.history import condition
from tests.support.kube import Body, Kind, Refused

_POINTS = ("child.before-create", "child.after-create", "child.before-delete", "child.after-delete")
_REPLICAS = 3
_SECONDS = 150.0
_API_VERSION = "gpu.novita.ai/v1alpha1"


async def set_life(point: str, stage: Stage) -> Tally:
    """A set grows, shrinks and goes, while its operator is killed at one point again and again."""
    async with world(stage, "sets") as at:
        keeper = at.keeper(arms=[f"{point}#{turn}:kill" for turn in (1, 2)])
        await _apply(at, owners.SETS, "GPUInstanceSet", _set(at))
        await _until(
            at, owners.SETS, lambda body: _status(body, "readyReplicas") == _REPLICAS, "all of the set are Ready"
        )
        scaled = {"spec": {"replicas": 1}}
        await at.stage.plane.kube.patch(owners.SETS, "it", scaled, at.workspace.namespace)
        await _until(at, owners.SETS, lambda body: _status(body, "replicas") == 1, "the set has shrunk")
        await _delete(at, owners.SETS)
        await keeper.stop()
        return await judge.verdict(at, fired=len(keeper.fired_at), not_fired=keeper.not_fired)


async def job_life(point: str, stage: Stage) -> Tally:
    """A job whose program ends, while its operator is killed at one point: Complete, and released."""
    async with world(stage, "jobs") as at:
        keeper = at.keeper(arms=[f"{point}:kill"])
        await _apply(at, owners.JOBS, "GPUJob", _job(at))
        child = await waiting.until(partial(_running, at), "the job runs", seconds=_SECONDS)
        await at.novita.force(child, status="exited")
        await _until(at, owners.JOBS, lambda body: condition(body, "Complete").get("status") == "True", "Complete")
        await _delete(at, owners.JOBS)
        await keeper.stop()
        return await judge.verdict(at, fired=len(keeper.fired_at), not_fired=keeper.not_fired)


async def robbed(working: bool, stage: Stage) -> Tally:
    """Each instance of a set loses labels, owner and finalizer; none is made or let go because of it."""
    async with world(stage, "sets") as at:
        keeper = at.keeper()
        await _apply(at, owners.SETS, "GPUInstanceSet", _set(at))
        await _until(at, owners.SETS, lambda body: _status(body, "readyReplicas") == _REPLICAS, "all are Ready")
        if not working:
            await keeper.stop()
        names = [body["metadata"]["name"] for body in await at.objects()]
        for name in names:
            await scenes.patch(at, name, {"metadata": {"finalizers": None, "labels": None, "ownerReferences": None}})
        if not working:
            keeper.start()
        await waiting.until(partial(_all_owned, at), "all are the set's again", seconds=_SECONDS)
        await _until(at, owners.SETS, lambda body: _status(body, "readyReplicas") == _REPLICAS, "all are Ready still")
        await scenes.rented(at, _REPLICAS)
        await _delete(at, owners.SETS)
        await keeper.stop()
        return await judge.verdict(at, fired=len(names))


async def orphaned(stage: Stage) -> Tally:
    """A set is deleted without its instances, and applied again: it takes them back."""
    async with world(stage, "sets") as at:
        keeper = at.keeper()
        await _apply(at, owners.SETS, "GPUInstanceSet", _set(at))
        await _until(at, owners.SETS, lambda body: _status(body, "readyReplicas") == _REPLICAS, "all are Ready")
        await owners.until_garbage_is_collected(at.workspace)
        deleted = await at.workspace.kubectl("delete", "gpuset", "it", "--cascade=orphan")
        assert deleted.code == 0, deleted.err
        await _apply(at, owners.SETS, "GPUInstanceSet", _set(at))
        await _until(at, owners.SETS, lambda body: _status(body, "readyReplicas") == _REPLICAS, "all are its own")
        await scenes.rented(at, _REPLICAS)
        await _delete(at, owners.SETS)
        await keeper.stop()
        return await judge.verdict(at, fired=_REPLICAS)


async def _all_owned(at: World) -> bool:
    bodies = await at.objects()
    return all(body["metadata"].get("ownerReferences") for body in bodies) and len(bodies) == _REPLICAS


def _set(at: World) -> dict[str, Any]:
    template = {"spec": {"accountRef": {"name": at.workspace.account_name}}}
    return {"replicas": _REPLICAS, "createIntervalSeconds": 0, "template": template}


def _job(at: World) -> dict[str, Any]:
    template = {"accountRef": {"name": at.workspace.account_name}, "command": "python train.py"}
    return {"template": template, "completion": {"signal": "Exited"}}


async def _apply(at: World, kind: Kind, name: str, spec: dict[str, Any]) -> None:
    metadata = {"name": "it", "namespace": at.workspace.namespace}
    await at.stage.plane.kube.create(
        kind, {"apiVersion": _API_VERSION, "kind": name, "metadata": metadata, "spec": spec}
    )


async def _until(at: World, kind: Kind, check: Any, what: str) -> None:
    async def so() -> bool:
        return bool(check(await at.stage.plane.kube.get(kind, "it", at.workspace.namespace)))

    await waiting.until(so, what, seconds=_SECONDS)


async def _running(at: World) -> str | None:
    """The id of the instance of a job's attempt, once it runs."""
    body = next(
        (each for each in at.observer.bodies.values() if condition(each, "Ready").get("reason") == "Ready"), None
    )
    return str(body["status"]["instanceId"]) if body is not None else None


async def _delete(at: World, kind: Kind) -> None:
    """The owner and all that it owns."""
    await at.stage.plane.kube.delete(kind, "it", at.workspace.namespace)

    async def gone() -> bool:
        try:
            await at.stage.plane.kube.get(kind, "it", at.workspace.namespace)
        except Refused:
            return not any(at.observer.bodies.values())
        return False

    await waiting.until(gone, "everything is gone", seconds=_SECONDS)


def _status(body: Body, field: str) -> object:
    return (body.get("status") or {}).get(field)


def _cases() -> Iterator[Case]:
    for point in _POINTS:
        yield Case(f"set, {point}", partial(set_life, point), quick=point == "child.after-create")
        yield Case(f"job, {point}", partial(job_life, point))
    yield Case("set, its instances robbed of labels and owner", partial(robbed, True))
    yield Case("set, its instances robbed while no operator works", partial(robbed, False))
    yield Case("set, deleted without its instances and applied again", orphaned)


ROW = Row(
    "owners",
    "Sets and jobs: kills around each child that they make and let go; children that lose their owner",
    tuple(_cases()),
)
