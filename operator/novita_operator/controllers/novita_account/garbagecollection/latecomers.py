"""Instances that appear after the deletion of their object was watched: Novita was late, or nobody held the object.

This is no guess of the collector: the object asked for `deletionPolicy: Delete`, and this process saw it go.
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
from novita_operator.novita.models import InstanceState
from novita_operator.runtime.accounts.account import Account
from novita_operator.runtime.accounts.departures import Departed, Departures

logger = logging.getLogger(__name__)

_USERS = kinds.GPU_INSTANCE
_LEAVING = frozenset({InstanceState.REMOVING, InstanceState.REMOVED})


@dataclass(frozen=True, slots=True)
class Latecomers:
    """Ends them, whatever `spec.orphans` says. Raises nothing: what fails is tried again after the next poll."""

    kube: KubeClient
    departures: Departures
    clock: Clock
    metrics: Metrics

    async def end(self, account: Account) -> list[Event]:
        """Delete what the last poll, or an answer that came too late, shows of deleted objects."""
        events = []
        for departed in self.departures.of(account.name):
            for instance_id in sorted(departed.ids | _listed(departed, account)):
                try:
                    events += await self._end(instance_id, departed, account)
                except errors.NotFound:
                    departed.ids.discard(instance_id)
                except (errors.NovitaError, kube_errors.KubeError) as error:
                    logger.warning("instance %s of a deleted object could not be ended: %s", instance_id, error)
        return events

    async def _end(self, instance_id: str, departed: Departed, account: Account) -> list[Event]:
        if await self._lives(departed):
            self.departures.drop(departed.name)
            return []
        found = await account.client.get_instance(instance_id)
        if found.name != departed.name or found.state in _LEAVING:
            departed.ids.discard(instance_id)
            return []
        await account.client.delete_instance(instance_id)
        account.poll_by(self.clock.monotonic())
        self.metrics.orphans_deleted.labels(account.name).inc()
        where = f"{departed.key.namespace}/{departed.key.name}"
        text = (
            f"Deleted instance {instance_id} ({departed.name}): it was still there after GPUInstance {where} was gone."
        )
        return [Event("Normal", EventReason.ORPHAN_DELETED, text)]

    async def _lives(self, departed: Departed) -> bool:
        """The API server's own copy decides, and not what the watch has said."""
        try:
            body = await self.kube.get(_USERS, departed.key.namespace, departed.key.name)
        except kube_errors.NotFound:
            return False
        return bool(body["metadata"]["uid"] == departed.uid)


def _listed(departed: Departed, account: Account) -> set[str]:
    named = account.snapshot.by_name.get(departed.name, ()) if account.snapshot is not None else ()
    return {found.id for found in named if found.state not in _LEAVING}
