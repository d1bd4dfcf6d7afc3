"""Carrying out the steps: what people, Novita and fate do to the objects."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.faults.keeper import Keeper
from tests.faults.rows import scenes
from tests.faults.sentinel import FINALIZER
from tests.faults.world import World, gone
from tests.soak.estate import Clock
from tests.soak.plan import Step
from tests.soak.population import Slot
from tests.support import builders, kube
from tests.support.history import condition
from tests.support.kube import Body
from tests.support.plane import OPERATOR_NAMESPACE
from tests.support.simulator import NotThere

_NOTICE_SECONDS = 600.0  # of accelerated time
_MOST_REPLICAS = 4
# What the documents of Novita show, instead of what it really answers; each has a test of its own elsewhere.
_LIVE: dict[str, Any] = {"listItems": "live", "totalAs": "string", "emptyList": "array", "errorBody": "kratos"}
_FORMS: tuple[dict[str, Any], ...] = (
    {"listItems": "bare"},
    {"listItems": "bare", "totalAs": "absent"},
    {"emptyList": "null", "totalAs": "int"},
    {"errorBody": "message"},
    {"listItems": "bare", "totalAs": "absent", "emptyList": "null", "errorBody": "message"},
    {},
)


@dataclass
class Turmoil:
    """`done` and `skipped`: how often each deed was carried out, and how often its object was not there for it.

    `reclaimed`: ids of the instances that Novita has announced to take back: it is right to end them. `left`: those of
    objects that were deleted while a replace had just taken their finalizer and nobody was there to put it back. What
    happens while no operator runs is a reported orphan, as documented.
    """

    world: World
    keeper: Keeper
    clock: Clock
    slots: list[Slot]
    done: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    keys: list[str] = field(default_factory=list)
    reclaimed: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)

    async def carry_out(self, step: Step) -> None:
        slot = self.slots[step.number]
        body = await slot.find(self.world)
        try:
            fits = await self._for_all(step) or (body is not None and await self._for_one(step, slot, body))
        except NotThere:
            fits = False  # its instance has gone since the object said that it runs
        (self.done if fits else self.skipped)[step.deed] += 1

    async def _for_all(self, step: Step) -> bool:
        match step.deed:
            case "rotate key":
                await self._rotate()
            case "bare forms":
                await self.world.novita.set(**(_LIVE | _FORMS[int(step.draw * len(_FORMS))]))
            case "kill operator":
                await self._kill()
            case _:
                return False
        return True

    async def _for_one(self, step: Step, slot: Slot, body: Body) -> bool:
        """False where the object is not there for it."""
        match step.deed:
            case "replace":
                await self.world.workspace.replace(slot.manifest(self.world))
            case "restore":
                return await self._restore(slot, body)
            case "delete and make anew":
                self._note_what_is_left(body)
                await self._make_anew(slot)
            case "reclaim":
                return await self._reclaim(body)
            case "program ends":
                return await self._ends(slot)
            case _:
                await slot.patch(self.world, **_edit(step))
        return True

    async def _make_anew(self, slot: Slot) -> None:
        """Deleted, and another one of the kind in its place before it is gone."""
        world = self.world
        await world.stage.plane.kube.delete(slot.resource, slot.name, world.workspace.namespace)
        slot.renew(world)
        await slot.apply(world)

    async def _restore(self, slot: Slot, body: Body) -> bool:
        """Deleted, and put back from a backup with finalizers, annotations and status."""
        if not body.get("status"):
            return False
        self._note_what_is_left(body)
        await self.world.delete([slot.name])
        if not await self.world.reach([slot.name], gone, "gone, to be restored"):
            return False
        await scenes.restore(self.world, body)
        return True

    def _note_what_is_left(self, body: Body) -> None:
        instance = (body.get("status") or {}).get("instanceId")
        if instance and FINALIZER not in (body["metadata"].get("finalizers") or ()):
            self.left.add(instance)
            self.world.sentinel.excused.add(instance)

    async def _reclaim(self, body: Body) -> bool:
        """Novita takes a spot instance back."""
        instance = (body.get("status") or {}).get("instanceId")
        if condition(body, "Ready").get("reason") != "Ready" or body["status"].get("billing") != "Spot":
            return False
        await self.world.novita.force(instance, reclaim=True, noticeSeconds=_NOTICE_SECONDS)
        self.reclaimed.add(instance)
        return True

    async def _ends(self, slot: Slot) -> bool:
        """The program of a job's attempt ends."""
        attempts = [
            body
            for name, body in self.world.observer.bodies.items()
            if name.rpartition("-")[0] == slot.name and condition(body, "Ready").get("reason") == "Ready"
        ]
        if not attempts:
            return False
        await self.world.novita.force(attempts[0]["status"]["instanceId"], status="exited")
        return True

    async def _rotate(self) -> None:
        """Another key of the same account; the one before last is refused from now on."""
        world, account = self.world, self.world.workspace.account_name
        self.keys.append(f"{world.novita.key}-{len(self.keys)}")
        await world.novita.accept_key(self.keys[-1])
        entry = builders.secret(account, OPERATOR_NAMESPACE, apiKey=self.keys[-1])
        await world.stage.plane.kube.patch(kube.SECRETS, account, {"data": entry["data"]}, OPERATOR_NAMESPACE)
        for old in (world.novita.key, *self.keys)[:-2]:
            await world.novita.revoke_key(old)

    async def _kill(self) -> None:
        """The next process goes on in the accelerated time."""
        self.set_clock()
        for process in list(self.keeper.running):
            await process.kill()

    def set_clock(self) -> None:
        self.world.settings["CLOCK_OFFSET"] = f"{self.clock.ahead_seconds():.0f}"


def _edit(step: Step) -> dict[str, Any]:
    """What a deed that only edits puts into the spec."""
    match step.deed:
        case "stop":
            return {"powerState": "Stopped"}
        case "start":
            return {"powerState": "Running"}
        case "edit price":
            return {"maxPricePerHour": f"{5 + step.draw:.2f}"}
        case "edit ports":
            return {"ports": [{"port": 8000 + int(step.draw * 100), "protocol": "HTTP"}]}
        case "scale":
            return {"replicas": int(step.draw * (_MOST_REPLICAS + 1))}
        case _:
            raise ValueError(step.deed)
