"""A world of values: one object, one process, and a Novita whose lists lag and whose answers get lost.

Observing, deciding and reporting are the real ones; only the calls are played, in the order of the safety rules.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from dataclasses import replace as replaced
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal

from tests.unit.support import builders as a
from tests.unit.support import parts
from tests.unit.support.builders import NAME, UID

from novita_operator.api.gpu_instance.status import Ended, Failure
from novita_operator.controllers.gpu_instance import action
from novita_operator.controllers.gpu_instance.action import Intent
from novita_operator.controllers.gpu_instance.deciding import plan
from novita_operator.controllers.gpu_instance.observing.memory import Memory
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.reporting import status
from novita_operator.controllers.gpu_instance.result import Lasting, Price, Result
from novita_operator.novita.models import Instance, PortMapping
from novita_operator.runtime.accounts.registry import Accounts

BY_HAND = "by-hand"
Fate = Literal["answered", "answer lost", "never arrived", "refused", "crash before", "crash after"]


class Crashed(Exception):
    """The process ended in the middle of a pass."""


@dataclass
class Rented:
    """One instance at Novita. It is billed from the moment it is rented, listed or not."""

    instance: Instance
    shown_from: float
    ended: bool = False


@dataclass
class Novita:
    """Everything that was ever rented. Neither lists nor looks by id show an instance before its time."""

    rented: list[Rented] = field(default_factory=list)

    @property
    def live(self) -> list[Rented]:
        return [each for each in self.rented if not each.ended]

    def rent(self, clock: parts.HandClock, hidden_for: float) -> str:
        number = len(self.rented) + 1
        instance = replaced(a.an_instance("creating", f"i-{number}"), created_at=clock.now())
        self.rented.append(Rented(instance, clock.turned + hidden_for))
        return instance.id

    def shown(self, clock: parts.HandClock) -> list[Instance]:
        return [each.instance for each in self.live if each.shown_from <= clock.turned]

    def change(self, instance_id: str, **changes: Any) -> None:
        for each in self.live:
            if each.instance.id == instance_id:
                each.instance = replaced(each.instance, **changes)

    def end(self, instance_id: str) -> None:
        """A delete call reaches what is hidden, too."""
        for each in self.rented:
            each.ended |= each.instance.id == instance_id


class World:
    """What a process would live through."""

    def __init__(self, *, adopts: bool = False) -> None:
        self.novita = Novita()
        self.clock = parts.HandClock()
        self.object: dict[str, Any] = {"spec": {}, "status": {}, "intent": None, "held": False, "generation": 1}
        self.taken_over = self.released = self.abandoned = self.dropped = False
        self.launches = 0
        self.decided: Counter[type[action.Action]] = Counter()
        if adopts:
            self.object["spec"] = {"adopt": {"instanceId": BY_HAND}}
            self.novita.rented.append(Rented(a.an_instance("running", BY_HAND, name="by hand"), shown_from=0))
        self._start()

    @property
    def ours(self) -> list[Rented]:
        """What lives for this object: what a person has rented is not, until it is taken over."""
        return [each for each in self.novita.live if self.taken_over or each.instance.id != BY_HAND]

    def drop_finalizer(self) -> None:
        """A person does."""
        self.dropped, self.object["held"] = True, False

    def replace(self, *, wiped: bool = False) -> None:
        """A person does, with the manifest in Git; or wipes the status, too."""
        self.object |= {"intent": None, "held": False} | ({"status": {}} if wiped else {})

    def restart(self) -> None:
        """A new process: it remembers nothing, and finds the object there."""
        self._start()
        self.accounts.elders.add(UID)

    def _start(self) -> None:
        self.accounts = Accounts()
        self.account = parts.an_account(spec={"tenancy": {"rules": [{"adoption": "Allow"}]}})
        self.accounts.put(self.account)
        self.reconciler = parts.a_reconciler(self.accounts, self.clock)

    def poll(self) -> None:
        """One whole list, and some progress of what is on its way."""
        for each in self.novita.live:
            if each.instance.word == "creating" and each.shown_from <= self.clock.turned:
                each.instance = replaced(
                    a.an_instance("running", each.instance.id), created_at=each.instance.created_at
                )
        parts.polled(self.accounts, self.account, *self.novita.shown(self.clock))

    def reconcile(self, fate: Fate, hidden_for: float) -> None:
        """One pass; the process may not survive it."""
        if self.released:
            return
        try:
            self._pass(fate, hidden_for)
        except Crashed:
            self.restart()

    def _pass(self, fate: Fate, hidden_for: float) -> None:
        resource = a.an_object(**self.object)
        memory = self.reconciler.memories.of(UID, self.account.polls_begun)
        seen = self.reconciler.observer.observe(resource, self.account, memory)
        decided = plan.decide(seen, self.clock.now())
        self.decided[type(decided)] += 1
        result = self._act(decided, seen, memory, (fate, hidden_for)).after(memory.unwritten)
        memory.unwritten = Lasting()
        self.object["status"] = status.report(
            seen, result, self.clock.now(), status.Pace(600, timedelta(seconds=30))
        ).status
        self.released = result.released and seen.deleting

    def _act(  # noqa: C901, PLR0911, PLR0912, PLR0915 - one case for each action
        self, decided: action.Action, seen: Observation, memory: Memory, chance: tuple[Fate, float]
    ) -> Result:
        match decided:
            case action.Launch():
                return self._launch(seen, memory, *chance)
            case action.Take(instance_id):
                memory.learned(instance_id)
                return Result(instance_id=instance_id, adopted=True)
            case action.ProvePrice():
                memory.price_asked_in_poll = self.account.polls_begun
                return Result(price=Price(Decimal("0.35")))
            case action.RemoveDuplicates(keep, remove):
                memory.learned(keep)
                self._delete(remove, memory)
                memory.delete_accepted_at = None
                return Result(instance_id=keep, duplicates_removed=remove)
            case action.Delete(instance_ids):
                self._delete(instance_ids, memory)
            case action.ConfirmGone(instance_id):
                self._confirm_gone(instance_id, memory)
            case action.Release():
                return self._release(decided, seen, memory)
            case action.Leave():
                return self._release(action.Release(), seen, memory)
            case action.Describe(instance_id):
                return Result(detail=a.a_running_instance(instance_id=instance_id, started_at=None))
            case action.Stop(instance_id):
                self._called(memory, instance_id, "exited")
                return Result(stopped_at=self.clock.now())
            case action.Start(instance_id):
                self._called(memory, instance_id, "running")
                return Result(started_at=self.clock.now())
            case action.Fail(reason, message):
                generation = self.object["generation"]
                at = self.clock.now()
                return Result(failure=Failure(reason=reason, message=message, at=at, generation=generation))
            case action.Hold(note):
                self.dropped = False
                self.object |= {"held": True} | ({} if note is None else {"intent": note})
                return Result(held_again=True)
            case action.Adopt(instance_id):
                return self._adopt(instance_id, memory)
            case action.Abandon():
                self.abandoned, self.object["held"] = True, False
                return Result(released=True)
            case action.End(cause, how):
                generation = self.object["generation"]
                return Result(ended=Ended(cause=cause, action=how, at=self.clock.now(), generation=generation))
            case action.Measure():
                memory.measured_at = self.clock.monotonic()
            case action.Edit(instance_id, ports):
                memory.edited_at = self.clock.monotonic()
                mapped = tuple(PortMapping(port.port, port.protocol, "https://e") for port in ports)
                self.novita.change(instance_id, ports=mapped)
        return Result()

    def _launch(self, seen: Observation, memory: Memory, fate: Fate, hidden_for: float) -> Result:
        shown = self.novita.shown(self.clock)
        if seen.intent is not None and shown:
            return Result(instance_id=shown[0].id, adopted=True)
        attempt = seen.intent.attempt + 1 if seen.intent else 1
        intent = Intent(attempt, self.clock.now(), "operator-0_7", "4090", "CN-HK-01")
        self.dropped = False
        self.object |= {"intent": intent, "held": True}
        self.launches += 1
        if fate == "crash before":
            raise Crashed
        instance_id = None
        if fate in {"answered", "answer lost", "crash after"}:
            instance_id = self.novita.rent(self.clock, hidden_for)
        if fate == "crash after":
            raise Crashed
        memory.searches, memory.unseen_before = 0, self.account.polls_begun
        if fate == "refused":
            self.object |= {"intent": intent.settled("Refused")}
        if fate == "answered":
            assert instance_id is not None
            memory.learned(instance_id)
            price = Price(limit=Decimal("0.50"))
            return Result(instance_id=instance_id, price=price, attempt=attempt, started_at=self.clock.now())
        return Result(attempt=attempt, started_at=self.clock.now() if fate != "refused" else None)

    def _adopt(self, instance_id: str, memory: Memory) -> Result:
        if not any(instance.id == instance_id for instance in self.novita.shown(self.clock)):
            return Result()
        note = Intent(1, self.clock.now(), "operator-0_7", "4090", "CN-HK-01", "Released")
        self.object |= {"intent": note, "held": True}
        self.taken_over, self.dropped = True, False
        memory.learned(instance_id)
        return Result(instance_id=instance_id, adopted=True, started_at=self.clock.now())

    def _delete(self, instance_ids: tuple[str, ...], memory: Memory) -> None:
        for instance_id in instance_ids:
            self.novita.end(instance_id)
        memory.delete_accepted_at, memory.unseen_before = self.clock.monotonic(), self.account.polls_begun

    def _confirm_gone(self, instance_id: str, memory: Memory) -> None:
        if any(instance.id == instance_id for instance in self.novita.shown(self.clock)):
            memory.gone_in_polls.clear()
            memory.only_by_id = True
            memory.unseen_before = self.account.polls_begun
        else:
            memory.saw_nothing(self.account.snapshot_poll, self.clock.monotonic())
            self.account.losses.miss(UID, self.clock.now())

    def _release(self, decided: action.Release, seen: Observation, memory: Memory) -> Result:
        if decided.check_first and self.novita.shown(self.clock):
            memory.unseen_before = self.account.polls_begun
            return Result()
        self.object["held"] = False
        if seen.intent is not None and not seen.deleting:
            self.object["intent"] = seen.intent.settled("Released")
        memory.forget_instance()
        return Result(released=True)

    def _called(self, memory: Memory, instance_id: str, word: str) -> None:
        instance = a.an_instance(word, instance_id)
        self.novita.change(instance_id, word=word, state=instance.state)
        memory.unseen_before = self.account.polls_begun

    def settle(self) -> None:
        """Nothing happens any more but time, polls and passes."""
        for _ in range(10):
            self.clock.turned += a.LAG / timedelta(seconds=1) / 2 + 1
            self.poll()
            for _ in range(2):
                self.reconcile("answered", 0)


__all__ = ["NAME", "Fate", "World"]
