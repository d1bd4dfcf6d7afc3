"""Instances that appear after the deletion of their object was watched: Novita was late, or nobody held the object.

This is no guess of the collector: the object asked for its end by its deletion policy, and this process saw it go.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from novita_operator.api import kinds
from novita_operator.api.events import Event, EventReason
from novita_operator.clock import Clock
from novita_operator.kube import errors as kube_errors
from novita_operator.kube.client import KubeClient
from novita_operator.metrics import Metrics
from novita_operator.novita import errors
from novita_operator.novita.models import Instance, InstanceState
from novita_operator.reconciling import naming
from novita_operator.runtime.accounts.account import Account
from novita_operator.runtime.accounts.departures import Departed, Departures
from novita_operator.runtime.accounts.retained import NotKnown, Retained

logger = logging.getLogger(__name__)

_USERS = kinds.GPU_INSTANCE
_AT_REST = frozenset({InstanceState.EXITED, InstanceState.FROZEN})
_STOPPABLE = frozenset({InstanceState.RUNNING, InstanceState.PULLING})


@dataclass(frozen=True, slots=True)
class Latecomers:
    """Ends them, whatever `spec.orphans` says. Raises nothing: what fails is tried again after the next poll.

    `names`: what our instances are called. `namespaces`: the watched ones; empty means all.
    """

    kube: KubeClient
    departures: Departures
    clock: Clock
    metrics: Metrics
    names: naming.Names
    namespaces: tuple[str, ...]
    retained: Retained

    async def end(self, account: Account) -> list[Event]:
        """End what the last poll, or an answer that came too late, shows of deleted objects."""
        events = []
        for departed in self.departures.of(account.name):
            for instance_id in sorted(departed.ids | _listed(departed, account)):
                try:
                    events += await self._end(instance_id, departed, account)
                except errors.NotFound:
                    self._not_shown(instance_id, departed, account)
                except (errors.NovitaError, kube_errors.KubeError) as error:
                    logger.warning("instance %s of a deleted object could not be ended: %s", instance_id, error)
        return events

    async def _end(self, instance_id: str, departed: Departed, account: Account) -> list[Event]:
        if await self._lives(departed) or await self._was_left(departed):
            self.departures.drop(departed.name)
            return []
        found = await account.client.get_instance(instance_id)
        departed.unseen_since.pop(instance_id, None)
        if found.state.is_leaving or not await self._is_its(found, departed):
            departed.over(instance_id)
            return []
        if departed.end == "Stop":
            return await self._stop(found, departed, account)
        await account.client.delete_instance(instance_id)
        departed.asked.add(instance_id)
        account.poll_by(self.clock.monotonic())
        self.metrics.orphans_deleted.labels(account.name).inc()
        text = f"Deleted instance {instance_id} ({found.name}): it was still there after {_who(departed)} was gone."
        return [Event("Normal", EventReason.ORPHAN_DELETED, text)]

    async def _stop(self, found: Instance, departed: Departed, account: Account) -> list[Event]:
        """Until it was seen at rest once: whoever starts it afterwards means it."""
        if found.state in _AT_REST:
            self.departures.drop(departed.name)
        departed.ids.add(found.id)
        if found.state not in _STOPPABLE:
            return []
        await account.client.stop_instance(found.id)
        account.poll_by(self.clock.monotonic())
        text = (
            f"Stopped instance {found.id} ({found.name}): it still ran after {_who(departed)} was gone, by "
            "whose deletionPolicy, or by spec.tenancy of the account, it is not to run on."
        )
        return [Event("Normal", EventReason.ORPHAN_STOPPED, text)]

    def _not_shown(self, instance_id: str, departed: Departed, account: Account) -> None:
        """An outage looks like an end: unless we have asked for it, that takes as long as a loss."""
        now, needed = self.clock.monotonic(), account.losses.wait_to_let_go
        since = departed.unseen_since.setdefault(instance_id, now)
        if instance_id in departed.asked or (needed is not None and now - since >= needed):
            departed.over(instance_id)

    async def _is_its(self, found: Instance, departed: Departed) -> bool:
        """A rented one carries its name; the name of an adopted one must not speak for another object."""
        if found.name == departed.name:
            return True
        return found.id == departed.adopted and not await self._has_another_owner(found)

    async def _has_another_owner(self, found: Instance) -> bool:
        """Whether a living object, or another cluster, has the instance; read from etcd, as a cache may be behind."""
        renter = self.names.owner_uid(found.name)
        if renter is None and naming.is_an_operators(found.name):
            return True
        async for body in self.kube.each(_USERS, self.namespaces):
            wanted = ((body.get("spec") or {}).get("adopt") or {}).get("instanceId")
            recorded = (body.get("status") or {}).get("instanceId")
            if renter == body["metadata"]["uid"] or found.id in {wanted, recorded}:
                return True
        return False

    async def _was_left(self, departed: Departed) -> bool:
        """An earlier process let it go, as a person asked, and somebody else's finalizer kept the object until now."""
        if departed.end == "Stop":
            return False  # what is left is to be at rest
        try:
            return departed.uid in (await self.retained.read(departed.account)).left
        except NotKnown:
            return False

    async def _lives(self, departed: Departed) -> bool:
        """The API server's own copy decides, and not what the watch has said."""
        try:
            body = await self.kube.get(_USERS, departed.key.namespace, departed.key.name)
        except kube_errors.NotFound:
            return False
        return bool(body["metadata"]["uid"] == departed.uid)


def _who(departed: Departed) -> str:
    return f"GPUInstance {departed.key.namespace}/{departed.key.name}"


def _listed(departed: Departed, account: Account) -> set[str]:
    named = account.snapshot.by_name.get(departed.name, ()) if account.snapshot is not None else ()
    return {found.id for found in named if not found.state.is_leaving}
