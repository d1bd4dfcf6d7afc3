"""What a pass sees: the object, its account, what the last list shows of it, and what this process remembers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from novita_operator.api import kinds, meta
from novita_operator.api.gpu_instance.life import Adopt
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.clock import Clock
from novita_operator.controllers.gpu_instance.action import Intent
from novita_operator.controllers.gpu_instance.observing import bare_lists, horizons, price_limits, views
from novita_operator.controllers.gpu_instance.observing.memory import Memory
from novita_operator.controllers.gpu_instance.observing.observation import Absence, AccountView, Observation
from novita_operator.controllers.gpu_instance.policies import belief, defaults, drift, flaws, restarts, use, window
from novita_operator.controllers.gpu_instance.policies import lifetime as lifetimes
from novita_operator.controllers.gpu_instance.policies.belief import Belief, Misses
from novita_operator.controllers.gpu_instance.policies.defaults import Defaults
from novita_operator.kube.cache import Cache, Key
from novita_operator.novita.models import Instance, InstanceState
from novita_operator.reconciling import naming
from novita_operator.runtime.accounts.account import Account
from novita_operator.runtime.accounts.registry import Accounts

# Novita needs seconds to carry out an edit (novita-api 2A.1); after a minute it is asked again.
_EDIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Observer:
    """Observes. It asks nobody: lists come with the poll of the account.

    `check_pause`: seconds between two checks by id of an instance of which lists do not tell when it was started.
    """

    cache: Cache
    accounts: Accounts
    clock: Clock
    names: naming.Names
    defaults: Defaults
    list_lag: timedelta
    intent_of: Callable[[meta.Meta], Intent | None]
    complaint: Callable[[meta.Meta], str | None]
    check_pause: float = 300.0

    def observe(self, resource: GPUInstance, account: Account | None, memory: Memory) -> Observation:
        """The facts of one pass."""
        intent, name = self._intent_and_name(resource, memory)
        instance_id, found = self._instances(name, resource, account, memory)
        resource = _without_disproved(_spelled(resource, instance_id), found)
        horizon = horizons.of(resource, memory, now := self.clock.now())
        seen = Observation(
            resource=resource,
            name=name,
            intent=intent,
            account=self._account_view(account, resource),
            instance_id=instance_id,
            found=found,
            fresh=account is not None and account.snapshot_poll > memory.unseen_before,
            list_lag=self.list_lag,
            allowance=account.allowance(resource.meta.namespace) if account is not None else None,
            consent=account is not None and account.consents_to(resource),
            startup=timedelta(seconds=defaults.startup_seconds(resource.spec, self.defaults)),
            absence=self._absence(intent, account, memory, found),
            belief=self._belief(resource, account, memory, instance_id),
            doubt=account.losses.explain() if account is not None and account.losses.in_doubt else None,
            frozen=self.accounts.renamed.explain(resource.spec.account_ref.name, self.names.cluster),
            renamed=self.names.unaccepted(name) is not None,
            detail=memory.detail,
            hindered_at=memory.hindered_at,
            flaw=flaws.of(resource),
            remembered=memory.note,
            failure_stands=restarts.stands(resource, now),
            ended=horizon.ended,
            end=horizon.end,
            unclear_end=horizon.unclear,
            standing=horizon.standing,
            price_limit=(limit := price_limits.unproven(resource, memory)),
            price_due=limit is not None and account is not None and account.polls_begun > memory.price_asked_in_poll,
            listed_price=price_limits.listed_price(resource, account),
            unreadable=self._unreadable(resource),
            measure=self._should_measure(resource, memory),
            edit_settles=self.clock.monotonic() - memory.edited_at < _EDIT_SECONDS,
        )
        return _remembered(seen, memory)

    def _begin(self, resource: GPUInstance, memory: Memory) -> None:
        """On first sight: what an earlier process may have called for is searched for from now on, noted or not."""
        if memory.earlier is None:
            memory.earlier = resource.meta.uid in self.accounts.elders or bool(resource.status.conditions)
            memory.search(None, self.clock.monotonic())

    def _intent_and_name(self, resource: GPUInstance, memory: Memory) -> tuple[Intent | None, str]:
        """The note of the last create call, and the name that its instance has, whatever the cluster id is now."""
        self._begin(resource, memory)
        intent = self.intent_of(resource.meta)
        memory.note = intent or memory.note
        noted = intent.name if intent is not None else None
        return intent, self.names.of(resource.meta.uid, resource.status.instance_name or noted)

    def _instances(
        self, name: str, resource: GPUInstance, account: Account | None, memory: Memory
    ) -> tuple[str | None, tuple[Instance, ...]]:
        """The id of ours, and what the list shows."""
        unwritten = memory.unwritten
        if resource.spec.adopt is None:
            found = _found(account, name)
            instance_id = unwritten.instance_id or _recorded(resource, account, name, found)
        else:
            recorded = account.adoption_of(resource.meta.uid) if account is not None else None
            told = unwritten.instance_id or resource.status.instance_id or recorded
            instance_id = _taken_over(told, resource.spec.adopt)
            found = self._adopted(account, instance_id, resource)
        if unwritten.released:
            instance_id = None  # the status does not say so yet
        instance_id = _as_listed(instance_id, found)
        memory.had = instance_id or memory.had
        for listed in (each for each in found if each.id == instance_id):
            # The list has it: an earlier one that missed it was a flicker, and proves nothing about the next.
            memory.gone_in_polls.clear()
            memory.only_by_id = False
            memory.announced = listed.state is InstanceState.REMOVING or listed.reclaimed
            if not self._delete_settles(memory):
                # Accepted, and not done: the next time that it is missing is explained by nothing.
                memory.delete_accepted_at = None
            if account is not None:
                account.losses.back(resource.meta.uid, self.clock.now())
        if account is not None and resource.meta.deleted_at is not None:
            account.losses.forget(resource.meta.uid)
        return instance_id, self._filled(instance_id, found, account, memory)

    def _filled(
        self, instance_id: str | None, found: tuple[Instance, ...], account: Account | None, memory: Memory
    ) -> tuple[Instance, ...]:
        """With what the last check by id has shown of ours, where the list is bare."""
        shown = len(account.snapshot.instances) if account is not None and account.snapshot is not None else 0
        pause, now = bare_lists.pause(self.check_pause, shown), self.clock.monotonic()
        return tuple(bare_lists.filled(each, memory, now, pause) if each.id == instance_id else each for each in found)

    def _absence(
        self, intent: Intent | None, account: Account | None, memory: Memory, found: tuple[Instance, ...]
    ) -> Absence:
        searches = self._count_search(intent, account, memory, found)
        return Absence(
            unnoted=bool(memory.earlier) and memory.note is None,
            searches=searches,
            gone_polls=len(memory.gone_in_polls),
            only_by_id=memory.only_by_id,
            intent_known_for=timedelta(seconds=self.clock.monotonic() - memory.searched_since),
            delete_accepted=memory.delete_accepted_at is not None,
            delete_settles=self._delete_settles(memory),
        )

    def _delete_settles(self, memory: Memory) -> bool:
        at = memory.delete_accepted_at
        return at is not None and self.clock.monotonic() - at < self.list_lag.total_seconds()

    def _belief(
        self, resource: GPUInstance, account: Account | None, memory: Memory, instance_id: str | None
    ) -> Belief:
        listed = account.snapshot.find(instance_id) if account and account.snapshot and instance_id else None
        removed = listed is not None and listed.state is InstanceState.REMOVED
        misses = Misses(len(memory.gone_in_polls), memory.gone_since, memory.gone_checked_at)
        return belief.judge(
            misses if memory.gone_in_polls else None,
            announced=memory.announced or memory.delete_accepted_at is not None or removed,
            wait=_wait(resource, account) if account is not None else None,
            lag=self.list_lag.total_seconds(),
            now=self.clock.monotonic(),
        )

    def _adopted(self, account: Account | None, instance_id: str | None, resource: GPUInstance) -> tuple[Instance, ...]:
        """The one of the recorded id: names of adopted instances prove nothing."""
        if account is None or instance_id is None:
            return ()
        account.adopted.add(instance_id)
        found = account.snapshot.find(instance_id) if account.snapshot is not None else None
        if found is None or found.state is InstanceState.REMOVED:
            return ()
        key = Key(kinds.GPU_INSTANCE.plural, resource.meta.namespace, resource.meta.name)
        if self.names.owner_uid(found.name) is None or found.name not in self.accounts.claims:
            self.accounts.claim(found.name, key)
        return (found,)

    def _unreadable(self, resource: GPUInstance) -> tuple[str, ...]:
        at = resource.meta
        lost = f"{resource.lost}." if resource.lost else None
        found = (lost, self.complaint(at), use.unclear(resource), window.unclear_override(resource), at.unclear_pause)
        return tuple(each for each in found if each is not None)

    def _should_measure(self, resource: GPUInstance, memory: Memory) -> bool:
        lifetime = resource.spec.lifetime
        idle = lifetime.idle if lifetime is not None else None
        if idle is None or idle.gpu_utilization_below is None or resource.status.ready_at is None:
            return False
        return self.clock.monotonic() - memory.measured_at >= lifetimes.measuring_pause(idle.after_seconds)

    def _account_view(self, account: Account | None, resource: GPUInstance) -> AccountView:
        if (
            account is None
            and self.cache.find(Key(kinds.NOVITA_ACCOUNT.plural, "", resource.spec.account_ref.name)) is not None
        ):
            return AccountView("Starting")
        return views.of(account, resource)

    def _count_search(
        self, note: Intent | None, account: Account | None, memory: Memory, found: tuple[Instance, ...]
    ) -> int:
        """A poll that began after our last call and shows nothing is a look; looks are spread over the list lag."""
        if note != memory.searched_for:
            # Another call, perhaps of another process: polls that began before it say nothing about it.
            memory.search(note, self.clock.monotonic())
            memory.searched_in_poll = account.polls_begun if account is not None else 0
        if found or account is None or account.snapshot_poll <= max(memory.unseen_before, memory.searched_in_poll):
            return memory.searches
        now = self.clock.monotonic()
        # Three looks have two gaps between them: together they span the lag.
        if memory.searches == 0 or now - memory.searched_at >= self.list_lag.total_seconds() / 2:
            memory.searches += 1
            memory.searched_at = now
            memory.searched_in_poll = account.snapshot_poll
        return memory.searches


def _remembered(seen: Observation, memory: Memory) -> Observation:
    """The same, with what was known before; that the instance has what this generation asks for is remembered."""
    spec, at, before = seen.resource.spec, seen.resource.meta, memory.matched_generation
    if seen.instance is not None and drift.edit(spec, seen.instance, seen.most_rootfs_gb) is None:
        memory.matched_generation = at.generation
    return replace(seen, matched_generation=before)


def _wait(resource: GPUInstance, account: Account) -> float | None:
    losses = account.losses
    return losses.wait_for(resource.meta.uid) if resource.meta.deleted_at is None else losses.wait_to_let_go


def _recorded(resource: GPUInstance, account: Account | None, name: str, found: tuple[Instance, ...]) -> str | None:
    """The id in the status, unless it is that of another's instance: a restored status, or an edited one.

    Under a name that is nobody's it stays recorded: Novita renders names otherwise, or gave the id away.
    """
    instance_id = resource.status.instance_id
    snapshot = account.snapshot if account is not None else None
    listed = snapshot.find(instance_id) if snapshot is not None and instance_id is not None else None
    foreign = listed is not None and naming.is_anothers(name, listed.name, ours_seen=bool(found))
    return None if foreign else instance_id


def _taken_over(recorded: str | None, adopt: Adopt) -> str | None:
    """The recorded id, if it is the one to adopt: whoever may write a status must not choose what is deleted."""
    same = recorded is not None and recorded.casefold() == adopt.instance_id.casefold()
    return recorded if same else None


def _as_listed(instance_id: str | None, found: tuple[Instance, ...]) -> str | None:
    """The id in the case in which the list shows it: that may be another one than the create call gave."""
    if instance_id is None:
        return None
    return next((each.id for each in found if each.id.casefold() == instance_id.casefold()), instance_id)


def _spelled(resource: GPUInstance, instance_id: str | None) -> GPUInstance:
    """The object with its id and that of its failure in the case in which the list shows it: they are compared."""
    status = resource.status
    known = status.instance_id or ""
    if instance_id is None or known == instance_id or known.casefold() != instance_id.casefold():
        return resource
    failure = status.failure
    if failure is not None and failure.instance_id == known:
        failure = failure.model_copy(update={"instance_id": instance_id})
    return replace(resource, status=status.model_copy(update={"instance_id": instance_id, "failure": failure}))


def _without_disproved(resource: GPUInstance, found: tuple[Instance, ...]) -> GPUInstance:
    """A start that Novita refused for lack of a GPU, and carried out all the same, has not failed."""
    status = resource.status
    if status.failure is None or status.failure.reason != "NoCapacityAtStart":
        return resource
    at_rest = {InstanceState.EXITED, InstanceState.FROZEN, InstanceState.REMOVING}
    starts = any(each.id == status.failure.instance_id and each.state not in at_rest for each in found)
    return replace(resource, status=status.model_copy(update={"failure": None})) if starts else resource


def _found(account: Account | None, name: str) -> tuple[Instance, ...]:
    named = account.snapshot.by_name.get(name, ()) if account is not None and account.snapshot is not None else ()
    return tuple(instance for instance in named if instance.state is not InstanceState.REMOVED)
