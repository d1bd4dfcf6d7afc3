"""Objects that speak of an instance that is not theirs: restored, cloned, carried into a second cluster, forged."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import asynccontextmanager
from functools import partial

from tests.faults import judge
from tests.faults.row import Case, Row, with_quick
from tests.faults.rows import scenes
from tests.faults.tally import Tally
from tests.faults.world import Stage, World, gone, ready, secluded
from tests.support import builders, kube, waiting
from tests.support.kube import Body
from tests.support.plane import OPERATOR_NAMESPACE, Plane

_NAMES = ("a", "b")
# Long enough to delete something while the operator has just started and an id may be too young for the list.
_YOUNG = {"LIST_LAG": "20000"}
_OLD_SECONDS = 4.0  # with the list lag of the other cases: no longer young
_FLICKER = {"kind": "empty-list", "route": "list", "probability": 0.5}
_HIDDEN = {"kind": "empty-list", "route": "list"}
_HIDDEN_SECONDS = 5.0  # several polls, and far less than the list lag
_MISSING = {"kind": "status", "route": "get", "status": 404, "reason": "RESOURCE_NOT_FOUND"}

Then = Callable[[World], Awaitable[None]]
"""What somebody does with the copies, once an operator works on them."""


# --- What is done with copies -----------------------------------------------------------------------------------


async def deleted_at_once(at: World) -> None:
    """Deleted before or while the operator starts."""
    await at.delete(_NAMES)


async def deleted_later(at: World) -> None:
    """Deleted when the operator has worked for a while."""
    await asyncio.sleep(_OLD_SECONDS)
    await at.delete(_NAMES)


async def stopped_first(at: World) -> None:
    """Stopped, and deleted later."""
    await at.edit(_NAMES, powerState="Stopped")
    await deleted_later(at)


async def deleted_while_lists_flicker(at: World) -> None:
    """Deleted while every other list is empty and no id is found."""
    await at.novita.fault(**_FLICKER)
    await at.novita.fault(**_MISSING)
    await at.delete(_NAMES)
    await asyncio.sleep(_OLD_SECONDS)
    await at.novita.end_faults()


async def touched_by_people(at: World) -> None:
    """Finalizers cleared, and deleted."""
    for name in _NAMES:
        await scenes.clear_if_there(at, name)
    await deleted_later(at)


_THEN: tuple[tuple[str, Then], ...] = (
    ("deleted at once", deleted_at_once),
    ("deleted later", deleted_later),
    ("stopped", stopped_first),
    ("deleted while lists flicker", deleted_while_lists_flicker),
    ("cleared and deleted", touched_by_people),
)


# --- The copies -------------------------------------------------------------------------------------------------


async def restored(then: Then, young: bool, stage: Stage) -> Tally:
    """Objects are lost while nobody works, and put back with status and finalizers under new UIDs.

    The instances are those of the lost objects: whoever restored decides about them, and nothing is done to them.
    """
    async with secluded(stage, "restored", settings=_YOUNG if young else {}) as at:
        keeper = at.keeper()
        await scenes.settle(at, _NAMES, "ready")
        instances, copies = scenes.ids(at, _NAMES), [at.observer.bodies[name] for name in _NAMES]
        await keeper.stop()
        await scenes.forget(at, _NAMES)
        at.sentinel.excused |= instances
        for body in copies:
            await scenes.restore(at, body)
        keeper.start()
        await then(at)
        await at.reach(_NAMES, gone, "gone")
        await scenes.rented(at, _most(young))
        await scenes.untouched(at, instances)
        tally = await judge.verdict(at, fired=len(_NAMES), foreign=instances)
        await keeper.stop()
        return tally


async def from_before_the_rent(stage: Stage) -> Tally:
    """The cluster is put back to a moment before anything was rented: its objects know nothing of their instances.

    Nor does the list for a while. What is older than the process is looked for by its name before it rents.
    """
    async with secluded(stage, "elders", settings=_YOUNG) as at:
        keeper = at.keeper()
        await scenes.settle(at, _NAMES, "ready")
        instances = scenes.ids(at, _NAMES)
        await keeper.stop()
        at.sentinel.excused |= instances  # nothing holds them until they are found
        for name in _NAMES:
            await scenes.wipe(at, name)
        await at.novita.fault(**_HIDDEN)
        keeper.start()
        await waiting.until(at.works, "the operator works again")
        await asyncio.sleep(_HIDDEN_SECONDS)
        await at.novita.end_faults()
        await at.reach(_NAMES, ready, "Ready")
        await scenes.rented(at, len(_NAMES))
        if (found := scenes.ids(at, _NAMES)) != instances:
            at.stuck["found"] = f"they have {found}, and not {instances}"
        await scenes.leave(at, _NAMES)
        return await judge.verdict(at, fired=len(_NAMES))


async def cloned(then: Then, young: bool, stage: Stage) -> Tally:
    """The same objects once more in another namespace of the same operator, with status and finalizers."""
    async with secluded(stage, "first", settings=_YOUNG if young else {}) as at, _beside(at) as copy:
        at.settings["WATCH_NAMESPACES"] += f",{copy.workspace.namespace}"
        keeper = at.keeper()
        await scenes.settle(at, _NAMES, "ready")
        instances = scenes.ids(at, _NAMES)
        await keeper.stop()
        for name in _NAMES:
            await scenes.restore(copy, at.observer.bodies[name])
        keeper.start()
        return await _ended(at, copy, then, instances, _most(young))


async def second_cluster(then: Then, young: bool, stage: Stage) -> Tally:
    """The same objects in another cluster whose operator has the same account."""
    settings = _YOUNG if young else {}
    async with secluded(stage, "first") as at, secluded(stage, "second", settings=settings) as copy:
        await _share(at, copy)
        return await _carried_over(at, copy, then, _most(young))


async def second_control_plane(then: Then, stage: Stage) -> Tally:
    """The same with a control plane of its own, and cluster ids as users have them."""
    directory = stage.directory / f"second-{secrets.token_hex(3)}"
    directory.mkdir()
    plane = await Plane.start(directory, crds=stage.crds)
    try:
        second = Stage(plane, stage.simulator, directory, stage.broken, stage.checkout, stage.patience)
        derived = {**_YOUNG, "CLUSTER_ID": ""}
        async with (
            secluded(stage, "first", settings=derived) as at,
            secluded(second, "second", settings=derived) as copy,
        ):
            await _share(at, copy)
            return await _carried_over(at, copy, then, _most(young=True))
    finally:
        await plane.close()


async def _carried_over(at: World, copy: World, then: Then, most: int) -> Tally:
    at.keeper()
    await scenes.settle(at, _NAMES, "ready")
    for name in _NAMES:
        body = at.observer.bodies[name]
        # Another cluster's account has another name here, or the copies would have none.
        paid = {**body["spec"], "accountRef": {"name": copy.workspace.account_name}}
        await scenes.restore(copy, {**body, "spec": paid})
    copy.keeper()
    return await _ended(at, copy, then, scenes.ids(at, _NAMES), most)


def _most(young: bool) -> int:
    """How many may ever be rented: a copy is a wish of its own (docs: backup-and-restore) after the list lag.

    A young operator is still looking for what bears its name when the copies are deleted.
    """
    return len(_NAMES) if young else 2 * len(_NAMES)


async def _ended(at: World, copy: World, then: Then, instances: Collection[str], most: int) -> Tally:
    """The copies go without a trace, and the first objects live on as if nothing had been."""
    await then(copy)
    await copy.reach(_NAMES, gone, "gone")
    await at.reach(_NAMES, ready, "Ready")
    await scenes.rented(at, most)
    await scenes.untouched(at, instances)
    alive = {life.id for life in await judge.lives(at) if life.deleted is None}
    if lost := set(instances) - alive:
        at.stuck["the first ones"] = f"the copies have ended {lost}"
    await scenes.leave(at, _NAMES)
    return await _verdict(at, copy)


async def _verdict(at: World, copy: World) -> Tally:
    """On both, as one."""
    at.stuck |= {f"copy of {name}": why for name, why in copy.stuck.items()}
    at.sentinel.found |= copy.sentinel.found
    return await judge.verdict(at, fired=len(_NAMES))


@asynccontextmanager
async def _beside(at: World) -> AsyncIterator[World]:
    """Another namespace for the operators of a world."""
    async with secluded(at.stage, "copy") as copy:
        await _relate(at, copy)
        copy.keepers = at.keepers  # the same operators work on both
        yield copy


async def _share(at: World, copy: World) -> None:
    """Both have the same Novita account."""
    secret = builders.secret(copy.workspace.namespace, OPERATOR_NAMESPACE, apiKey=at.novita.key)
    change = {"data": secret["data"]}
    await copy.stage.plane.kube.patch(kube.SECRETS, copy.workspace.namespace, change, OPERATOR_NAMESPACE)
    await _relate(at, copy)


async def _relate(at: World, copy: World) -> None:
    await copy.workspace.novita.aclose()
    copy.workspace.novita = at.workspace.novita
    at.relatives.append(copy)
    copy.relatives.append(at)


# --- Forged and lost status -------------------------------------------------------------------------------------


async def forged(of: str, then: Then, stage: Stage) -> Tally:
    """Somebody writes another id into the status of living objects: that of a neighbour, or of a stranger."""
    async with secluded(stage, "forged", settings=_YOUNG if then is deleted_at_once else {}) as at:
        at.keeper()
        await scenes.settle(at, (*_NAMES, "victim"), "ready")
        strange = await _id_of(at, of)
        for name in _NAMES:
            await scenes.patch(at, name, {"status": {"instanceId": strange}}, subresource="status")
        await then(at)
        await at.reach(_NAMES, gone, "gone")
        await scenes.untouched(at, {strange})
        await at.reach(["victim"], ready, "Ready")
        await scenes.leave(at, ["victim"])
        foreign = set() if of == "a neighbour" else {strange}
        return await judge.verdict(at, fired=len(_NAMES), foreign=foreign)


async def forged_and_killed(point: str, stage: Stage) -> Tally:
    """The id of a stranger in the status, and the operator ends around its delete call: the object goes all the same.

    Its own instance was seen under its name, and nothing of it is left there.
    """
    async with secluded(stage, "forged") as at:
        keeper = at.keeper(arms=[f"{point}:kill"])
        await scenes.settle(at, ("a",), "ready")
        strange = await _id_of(at, "a stranger")
        await scenes.patch(at, "a", {"status": {"instanceId": strange}}, subresource="status")
        await at.delete(["a"])
        await keeper.until_fired()
        await at.reach(["a"], gone, "gone")
        await scenes.untouched(at, {strange})
        return await judge.verdict(at, fired=1, not_fired=keeper.not_fired, foreign={strange})


async def _id_of(at: World, of: str) -> str:
    match of:
        case "a neighbour":
            return str(at.observer.bodies["victim"]["status"]["instanceId"])
        case "a stranger":
            return str(await at.novita.plant(name="somebody-elses"))
        case _:
            return "0123456789abcdef"


async def applied_again(stage: Stage) -> Tally:
    """`kubectl get -o yaml | kubectl apply` into another namespace: notes and finalizers, and no status.

    It is a wish to rent: one more instance for each, and none more.
    """
    async with secluded(stage, "first") as at, _beside(at) as copy:
        at.settings["WATCH_NAMESPACES"] += f",{copy.workspace.namespace}"
        at.keeper()
        await scenes.settle(at, _NAMES, "ready")
        for name in _NAMES:
            body: Body = {**at.observer.bodies[name], "status": None}
            await scenes.restore(copy, body)
        await copy.reach(_NAMES, ready, "Ready")
        await scenes.rented(at, 2 * len(_NAMES))
        await scenes.leave(copy, _NAMES)
        await at.reach(_NAMES, ready, "Ready")
        await scenes.leave(at, _NAMES)
        return await _verdict(at, copy)


def _cases() -> Iterator[Case]:
    for label, then in _THEN:
        for young in (True, False):
            age = "operator just started" if young else "operator has settled in"
            yield Case(f"restored, {label}, {age}", partial(restored, then, young))
            yield Case(f"cloned, {label}, {age}", partial(cloned, then, young))
            yield Case(f"second cluster, {label}, {age}", partial(second_cluster, then, young))
    yield Case("second control plane, deleted at once", partial(second_control_plane, deleted_at_once))
    for of in ("a neighbour", "a stranger", "nobody"):
        for label, then in _THEN[:3]:
            yield Case(f"status with the id of {of}, {label}", partial(forged, of, then))
    for point in ("delete.before-call", "delete.after-call", "release.before-write"):
        yield Case(f"status with the id of a stranger, killed at {point}", partial(forged_and_killed, point))
    yield Case("applied again elsewhere, without status", applied_again)
    yield Case("put back to before the rent, hidden from the list", from_before_the_rent)


ROW = Row(
    "copies",
    "Objects restored, cloned, carried into a second cluster of the account, or forged; deleted, stopped",
    with_quick(
        _cases(),
        "restored, deleted at once, operator has settled in",
        "second cluster, deleted later, operator has settled in",
        "status with the id of a neighbour, deleted at once",
    ),
)
