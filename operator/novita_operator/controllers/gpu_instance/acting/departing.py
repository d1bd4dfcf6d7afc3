"""Objects that are gone before anything could hold them: what they leave at Novita ends as they have asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from novita_operator.api import meta
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.clock import Clock
from novita_operator.controllers.gpu_instance.acting import leaving
from novita_operator.controllers.gpu_instance.observing.memory import Memory
from novita_operator.kube.cache import Key
from novita_operator.reconciling import naming
from novita_operator.runtime.accounts.departures import Departed
from novita_operator.runtime.accounts.registry import Accounts

_NOTED_SECONDS = 2.0  # the pace of polls while anything moves: many deletions share one


@dataclass(frozen=True, slots=True)
class Departing:
    """Notes what is to end; the account ends it. `names`: what our instances are called."""

    accounts: Accounts
    names: naming.Names
    clock: Clock

    def watched(self, key: Key, resource: GPUInstance, memory: Memory | None) -> None:
        """Its deletion was watched: its instance ends, and so does what appears under its name from now on."""
        self._note_what_stays(resource, memory)
        departed = self._departed(key, resource, memory)
        if departed is None:
            if memory is not None:
                memory.left_alone = True
            return
        self.accounts.departures.add(departed)
        # What was seen to its end can only appear late: that this object was deleted is written down by the next poll.
        done = memory is not None and memory.let_go
        self._poll_within(_NOTED_SECONDS if done else 0.0, departed)

    def answered(self, key: Key, resource: GPUInstance, memory: Memory, instance_id: str) -> None:
        """An id came for an object which went while the call was under way."""
        departed = self._departed(key, resource, memory)
        if departed is None or memory.left_alone:
            return
        departed.ids.add(instance_id)
        adopt = resource.spec.adopt
        if adopt is not None and adopt.instance_id.casefold() == instance_id.casefold():
            departed.adopted = instance_id
        self.accounts.departures.add(departed)
        self._poll_within(0.0, departed)

    def _note_what_stays(self, resource: GPUInstance, memory: Memory | None) -> None:
        """Nothing held it, so that nobody wrote down what it leaves: the account does, before it looks for orphans."""
        noted = memory is not None and (memory.let_go or memory.left_alone)
        reason, account = self._policy(resource), self.accounts.find(resource.spec.account_ref.name)
        allowed = account is None or account.allowance(resource.meta.namespace).retention
        had = resource.status.instance_id or (memory.had if memory is not None else None)
        may_have = had is not None or meta.CREATE_INTENT in resource.meta.annotations
        if noted or reason == "Delete" or not allowed or not may_have:
            return
        left = leaving.unheld(resource, self.names, self._taken_over(resource, memory), reason, self.clock.now())
        self.accounts.departures.leave(resource.spec.account_ref.name, left)

    def _departed(self, key: Key, resource: GPUInstance, memory: Memory | None) -> Departed | None:
        """None where its instance is to stay as it is."""
        policy = self._policy(resource)
        unclear = resource.unreadable is not None and not resource.unreadable.can_delete
        if unclear or policy == "Retain" or (memory is not None and memory.left_alone):
            return None
        let_go = memory is not None and memory.let_go
        if policy == "Stop" and let_go:
            return None  # it was seen at rest: a person may start it again
        adopted = None if let_go else self._taken_over(resource, memory)
        ids = {adopted} if adopted is not None else set()
        uid = resource.meta.uid
        name = self.names.of(uid, resource.status.instance_name)
        return Departed(key, uid, resource.spec.account_ref.name, name, ids, adopted, policy)

    def _policy(self, resource: GPUInstance) -> Literal["Delete", "Stop", "Retain"]:
        """What it asked for; where nothing may be left running, that is a stop at least, which loses no data."""
        policy, account = resource.spec.deletion_policy, self.accounts.find(resource.spec.account_ref.name)
        denied = account is not None and not account.allowance(resource.meta.namespace).retention
        return "Stop" if policy == "Retain" and denied else policy

    def _poll_within(self, seconds: float, departed: Departed) -> None:
        account = self.accounts.find(departed.account)
        if account is not None:
            account.poll_by(self.clock.monotonic() + seconds)

    def _taken_over(self, resource: GPUInstance, memory: Memory | None) -> str | None:
        """The instance that the object had adopted: its status says so, or what this process knows.

        Both follow what tenants write: only with the account's consent is it ended.
        """
        if resource.spec.adopt is None:
            return None
        known = {resource.status.instance_id}
        if memory is not None:
            known |= {memory.had, memory.unwritten.instance_id}
        wanted, account = resource.spec.adopt.instance_id, self.accounts.find(resource.spec.account_ref.name)
        is_known = wanted.casefold() in {each.casefold() for each in known if each is not None}
        return wanted if account is not None and account.consents_to(resource) and is_known else None
