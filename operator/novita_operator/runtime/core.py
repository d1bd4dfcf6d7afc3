"""What every kind of this process shares: built once, handed to the wiring of each kind."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import kopf

from novita_operator.api import kinds
from novita_operator.api.operator_class import OperatorClass
from novita_operator.clock import SystemClock
from novita_operator.kube.cache import Cache, Key
from novita_operator.kube.client import KubeClient
from novita_operator.kube.recorder import Recorder
from novita_operator.metrics import Metrics
from novita_operator.reconciling import naming
from novita_operator.runtime.accounts.registry import Accounts
from novita_operator.runtime.accounts.retained import Retained
from novita_operator.runtime.class_gate import Leaves
from novita_operator.runtime.intake import Intake
from novita_operator.runtime.leases import Lease
from novita_operator.runtime.serving import Serving
from novita_operator.runtime.shutdown import Shutdown
from novita_operator.runtime.workqueue import WorkQueue
from novita_operator.settings import Settings

RESYNC_SECONDS = 600.0
"""Objects are looked at again so often even if nothing happens."""
_LEASE_LOST_EXIT = 1


@dataclass(frozen=True, slots=True)
class Core:
    """What the whole process shares."""

    settings: Settings
    kube: KubeClient
    names: naming.Names
    operator_class: OperatorClass
    cache: Cache
    queue: WorkQueue[Key]
    accounts: Accounts
    retained: Retained
    recorder: Recorder
    clock: SystemClock
    metrics: Metrics
    serving: Serving
    shutdown: Shutdown
    lease: Lease | None

    def may_pay(self) -> bool:
        """Whether a paid call may begin now: it must end, and its id be written, while this process works and leads."""
        leads = self.lease is None or self.lease.margin > self.settings.api_timeout / 1000
        return leads and not self.shutdown.under_way


@dataclass(frozen=True, slots=True)
class Wired:
    """One kind at work: where its watch events go, what reconciles it, and its registration with kopf."""

    intake: Intake
    reconciler: Leaves
    register: Callable[[kopf.OperatorRegistry], None]


async def build(settings: Settings, kube: KubeClient) -> Core:
    """The shared parts. Raises kube errors where the cluster cannot be used at all."""
    cluster = settings.cluster_id
    if cluster is None:
        cluster = naming.cluster_id((await kube.get_namespace("kube-system"))["metadata"]["uid"])
    clock = SystemClock()
    queue: WorkQueue[Key] = WorkQueue(
        share_of=lambda key: key.namespace,
        monotonic=clock.monotonic,
        backoff_base=settings.backoff_base / 1000,
        backoff_max=settings.backoff_max / 1000,
    )
    cache, metrics = Cache(), Metrics()
    own = OperatorClass(settings.class_name, lambda name: cache.find(Key(kinds.NOVITA_ACCOUNT.plural, "", name)))
    metrics.show_objects(cache, lambda body: own.foreign(kinds.GPU_INSTANCE.plural, body) is None)
    lease = _lease(settings, kube, clock) if settings.leader_election else None
    if lease is not None:
        metrics.lease_margin.set_function(lambda: max(0.0, lease.margin))
    recorder = Recorder(kube, settings.identity)
    names = naming.Names(cluster, settings.former_clusters)
    return Core(
        settings=settings,
        kube=kube,
        names=names,
        operator_class=own,
        cache=cache,
        queue=queue,
        accounts=Accounts(),
        retained=Retained(kube, cache, names, settings.operator_namespace, clock),
        recorder=recorder,
        clock=clock,
        metrics=metrics,
        serving=Serving(kube, cache, recorder, own, clock, metrics),
        shutdown=Shutdown(),
        lease=lease,
    )


def _lease(settings: Settings, kube: KubeClient, clock: SystemClock) -> Lease:
    return Lease(
        kube=kube,
        namespace=settings.operator_namespace,
        name=settings.lease_name,
        holder=settings.identity,
        duration=settings.lease_duration / 1000,
        clock=clock,
        # At once: whatever is under way may no longer be ours to do, and intents cover it.
        lost=partial(os._exit, _LEASE_LOST_EXIT),
    )
