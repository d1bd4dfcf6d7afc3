"""The collector: compares the cloud with the cluster, and ends what belongs to nobody (safety: Collector)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from novita_operator.api import kinds, meta
from novita_operator.api.events import Event, EventReason
from novita_operator.api.gpu_instance.resource import account_of
from novita_operator.api.novita_account.reasons import Reason
from novita_operator.api.novita_account.resource import NovitaAccount
from novita_operator.api.novita_account.status import MOST_DEPARTED
from novita_operator.api.novita_account.status import Orphan as ApiOrphan
from novita_operator.clock import Clock
from novita_operator.controllers.novita_account.garbagecollection import orphans
from novita_operator.controllers.novita_account.garbagecollection.absences import Absences
from novita_operator.controllers.novita_account.garbagecollection.orphans import (
    Brake,
    Objects,
    Orphan,
    OrphanCheck,
    Rules,
    Verdict,
)
from novita_operator.controllers.novita_account.polling.census import Census
from novita_operator.kube import errors as kube_errors
from novita_operator.kube.client import KubeClient
from novita_operator.metrics import Metrics
from novita_operator.novita import errors
from novita_operator.reconciling import naming
from novita_operator.runtime.accounts.account import Account
from novita_operator.runtime.accounts.registry import Accounts
from novita_operator.runtime.accounts.retained import Full, NotKnown, Retained
from novita_operator.runtime.accounts.retention import Left, Record

logger = logging.getLogger(__name__)

_USERS = kinds.GPU_INSTANCE
_LOOKS_PER_GAP = 4  # often enough to be late by a quarter of the gap at most; each costs a list of all objects


@dataclass(slots=True)
class Checked:
    """What an account's looks have found so far."""

    verdict: Verdict = field(default_factory=Verdict)
    at: float = float("-inf")
    first_seen: dict[str, datetime] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    confirmed: str | None = None
    """What a person said, and let these orphans be deleted."""
    confirmed_ids: frozenset[str] = frozenset()
    spent: str | None = None
    """The same, when all of them are gone."""

    def take_events(self) -> list[Event]:
        """What is to be told, each thing once."""
        told, self.events = self.events, []
        return told

    def settle(self, said: str | None) -> None:
        """What was said of orphans that are gone says nothing of later ones, of which there may be as many."""
        left = {orphan.instance.id for orphan in self.verdict.orphans}
        if self.verdict.confirmed:
            self.confirmed, self.confirmed_ids = said, self.confirmed_ids | left
        elif self.confirmed is not None and self.confirmed_ids.isdisjoint(left):
            self.spent, self.confirmed, self.confirmed_ids = self.confirmed, None, frozenset()


@dataclass(frozen=True, slots=True)
class Collector:
    """Looks for orphans after polls. Raises nothing: what goes wrong is a brake."""

    kube: KubeClient
    names: naming.Names
    namespaces: tuple[str, ...]
    sees_everything: bool
    min_age: timedelta
    sightings_apart: timedelta
    accounts: Accounts
    clock: Clock
    metrics: Metrics
    retained: Retained
    absences: Absences
    _checked: dict[str, Checked] = field(default_factory=dict)

    def forget(self, account: str) -> None:
        self._checked.pop(account, None)
        self.absences.forget(account)

    async def check(self, resource: NovitaAccount, account: Account, census: Census, users: int) -> Checked:
        """The state of things, after another look if one is due."""
        checked = self._checked.setdefault(account.name, _remembered(resource))
        await self.absences.look(account)
        if not census.unclaimed:
            checked.verdict, checked.first_seen = Verdict(baseline=users), {}
            checked.settle(None)
            return checked
        gap = self.sightings_apart.total_seconds() / _LOOKS_PER_GAP
        if self.clock.monotonic() - checked.at < gap:
            return checked
        checked.at = self.clock.monotonic()
        before = checked.verdict.brake
        checked.verdict = await self._judge(resource, account, census, checked)
        checked.settle(resource.meta.annotations.get(meta.CONFIRM_ORPHANS))
        checked.first_seen = {orphan.instance.id: orphan.first_seen for orphan in checked.verdict.orphans}
        brake = checked.verdict.brake
        if brake is not None and (before is None or before.reason is not brake.reason):
            checked.events.append(Event("Warning", EventReason.ORPHAN_DELETION_PAUSED, brake.message))
        for orphan in checked.verdict.delete:
            await self._delete(orphan, account, checked)
        return checked

    async def _judge(self, resource: NovitaAccount, account: Account, census: Census, checked: Checked) -> Verdict:
        try:
            objects = await self._objects(account.name)
        except kube_errors.KubeError as error:
            text = f"The GPUInstances could not be listed ({error}); nothing is deleted until they can."
            return Verdict((), (), Brake(Reason.OBJECTS_UNREADABLE, text), checked.verdict.baseline)
        # After the objects: whoever is not among them has written down before what it leaves.
        retained = await self._left(account, census)
        rules = Rules(self.names, resource.spec.orphans, self.sees_everything, self.min_age, self.sightings_apart)
        check = OrphanCheck(
            unclaimed=census.unclaimed,
            marked=census.managed + len(census.unclaimed),
            objects=objects,
            objects_before=checked.verdict.baseline,
            first_seen=checked.first_seen,
            confirmed=resource.meta.annotations.get(meta.CONFIRM_ORPHANS),
            now=self.clock.now(),
            departed=frozenset(self.departed(resource)),
            renamed=self.accounts.renamed.explain(account.name, self.names.cluster),
            spent=checked.spent,
            confirmed_ids=checked.confirmed_ids,
            retained=retained,
        )
        return orphans.judge(check, rules)

    def departed(self, resource: NovitaAccount) -> tuple[str, ...]:
        """Objects whose deletion was seen, by this process or an earlier one, and whose instance was to be deleted."""
        seen = dict.fromkeys(
            each.uid for each in self.accounts.departures.of(resource.meta.name) if each.end == "Delete"
        )
        # In the same order each time, or the status is never at rest.
        earlier = [uid for uid in resource.status.departed if uid not in seen]
        return (*earlier, *seen)[-MOST_DEPARTED:]

    async def _left(self, account: Account, census: Census) -> Record | str:
        """What people chose to leave. A text: why that is not known, or could not be written down."""
        twins = self._twins(account, census)
        try:
            await self._catch_up(account)
            record = await self.retained.read(account.name)
            beside = await self.retained.beside(account.name)
            for twin in twins:
                await self.retained.read(twin.name)  # where that is lost, ours cannot be told from what it left, either
            if account.spec.orphans == "Delete":
                await self.retained.rehearse(account.name)
        except NotKnown as error:
            return str(error)
        unwritten = (each for one in (account, *twins) for each in self.accounts.departures.left(one.name))
        return Record({**beside.left, **record.left, **{each.uid: each for each in unwritten}})

    def _twins(self, account: Account, census: Census) -> tuple[Account, ...]:
        """Other accounts that show the same instances: with the same key, or another one of the same owner."""
        ids = {each.id for each in census.unclaimed}
        others = (each for each in self.accounts if each.name != account.name and each.snapshot is not None)
        return tuple(each for each in others if each.snapshot and not ids.isdisjoint(each.snapshot.instances))

    async def _catch_up(self, account: Account) -> None:
        """Write down what nobody could when it was left. What there is no room for counts in this process alone."""
        for each in self.accounts.departures.left(account.name):
            try:
                await self.retained.keep(account.name, replace(each, key=account.fingerprint))
            except (Full, kube_errors.KubeError) as error:
                logger.warning("what %s/%s leaves could not be written down: %s", each.namespace, each.name, error)
                if not isinstance(error, Full):
                    raise NotKnown(_unwritten(each, error)) from None
            else:
                self.accounts.departures.written(account.name, each.uid)

    async def _objects(self, account: str) -> Objects:
        """All GPUInstances, read from etcd. Raises kube errors, also where the kind is no longer known."""
        uids, instance_ids, users = set(), set(), 0
        async for body in self.kube.each(_USERS, self.namespaces):
            uids.add(body["metadata"]["uid"])
            if instance_id := (body.get("status") or {}).get("instanceId"):
                instance_ids.add(instance_id)
            if account_of(body) == account:
                users += 1
        return Objects(frozenset(uids), frozenset(instance_ids), users)

    async def _delete(self, orphan: Orphan, account: Account, checked: Checked) -> None:
        """Read it once more: the id must still carry the name that made it an orphan."""
        instance = orphan.instance
        try:
            fresh = await account.client.get_instance(instance.id)
            if fresh.name != instance.name:
                logger.warning("orphan %s is now named %s; left alone", instance.id, fresh.name)
                return
            await account.client.delete_instance(instance.id)
        except errors.NotFound:
            return
        except errors.NovitaError as error:
            logger.warning("orphan %s could not be deleted: %s", instance.id, error, extra={"account": account.name})
            return
        account.poll_by(self.clock.monotonic())
        self.metrics.orphans_deleted.labels(account.name).inc()
        text = f"Deleted instance {instance.id} ({instance.name}), which belongs to no GPUInstance any more."
        checked.events.append(Event("Normal", EventReason.ORPHAN_DELETED, text))


def _remembered(resource: NovitaAccount) -> Checked:
    """What the status still knows of the looks of an earlier process. What was confirmed then is asked for again."""
    collector = resource.status.collector
    baseline = collector.objects if collector is not None else 0
    first_seen = {orphan.id: orphan.first_seen for orphan in resource.status.orphans}
    spent = collector.confirmed if collector is not None else None
    return Checked(verdict=Verdict(baseline=baseline), first_seen=first_seen, spent=spent)


def _unwritten(left: Left, error: Exception) -> str:
    return (
        f"What GPUInstance {left.namespace}/{left.name} has left at Novita could not be written down: "
        f"{str(error).rstrip('.')}. Nothing is deleted until it can; it is tried again at each orphan check."
    )


def wire(orphan: Orphan, price: Decimal | None) -> ApiOrphan:
    """For `status.orphans`."""
    return ApiOrphan(
        id=orphan.instance.id,
        name=orphan.instance.name,
        price_per_hour=None if price is None else str(price),
        first_seen=orphan.first_seen,
    )
