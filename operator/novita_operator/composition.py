"""The composition root: settings -> clients -> controllers. Everything is built here, once, by hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import kopf
from pydantic import SecretStr

from novita_operator.api import meta, operator_class
from novita_operator.api.novita_account.resource import NovitaAccount
from novita_operator.api.operator_class import OperatorClass
from novita_operator.clock import SystemClock
from novita_operator.controllers.gpu_instance import handlers as instance_handlers
from novita_operator.controllers.gpu_instance import reconciler as instance_reconciler
from novita_operator.controllers.gpu_instance.acting import executor, notifier, service_writer
from novita_operator.controllers.gpu_instance.launching import adoption
from novita_operator.controllers.gpu_instance.launching import launcher as launch
from novita_operator.controllers.gpu_instance.observing import memory, observer
from novita_operator.controllers.gpu_instance.policies import defaults as desired
from novita_operator.controllers.gpu_instance.reachability import prober
from novita_operator.controllers.gpu_instance_set import handlers as set_handlers
from novita_operator.controllers.gpu_instance_set import reconciler as set_reconciler
from novita_operator.controllers.gpu_job import handlers as job_handlers
from novita_operator.controllers.gpu_job import reconciler as job_reconciler
from novita_operator.controllers.gpu_job.observing import observation as job_observation
from novita_operator.controllers.novita_account import handlers as account_handlers
from novita_operator.controllers.novita_account import reconciler as account_reconciler
from novita_operator.controllers.novita_account.garbagecollection import collector, latecomers
from novita_operator.controllers.novita_account.polling import credentials
from novita_operator.controllers.novita_account.polling import poller as poll
from novita_operator.egress.guard import EVERYTHING, Guard
from novita_operator.egress.names import Names, PublicNames
from novita_operator.kube.cache import Cache, Key
from novita_operator.kube.children import Children
from novita_operator.kube.client import KubeClient
from novita_operator.kube.recorder import Recorder
from novita_operator.metrics import Metrics
from novita_operator.novita.account import NovitaAccountClient
from novita_operator.probes.looking import Looker
from novita_operator.reconciling import naming
from novita_operator.runtime.accounts.account import Account
from novita_operator.runtime.accounts.capacity import CapacityMemory
from novita_operator.runtime.accounts.money_breaker import MoneyBreaker
from novita_operator.runtime.accounts.registry import Accounts
from novita_operator.runtime.class_gate import ClassGate, Leaves
from novita_operator.runtime.leases import Lease
from novita_operator.runtime.parking import Parking
from novita_operator.runtime.resync import Intake
from novita_operator.runtime.shutdown import Shutdown
from novita_operator.runtime.workqueue import WorkQueue
from novita_operator.settings import Settings
from novita_operator.webhooks import opening
from novita_operator.webhooks.courier import Courier
from novita_operator.webhooks.outbox import Outbox

# Objects are looked at again so often even if nothing happens.
_RESYNC_SECONDS = 600.0
# The account timer asks whether a poll is due; four times per shortest period is exact enough and costs nothing.
_TICKS_PER_POLL = 4
# Of the workers, one account may hold a quarter: three that hang still leave a quarter to the others.
_SHARE_OF_WORKERS = 4
# Objects whose ports are probed at the same time: enough for thousands, few enough for a pod's file descriptors.
_MOST_PROBES = 64
# The window of the money breaker (safety: Money breaker).
_RECREATES_WINDOW_SECONDS = 600.0
_LEASE_LOST_EXIT = 1


@dataclass(frozen=True, slots=True)
class Parts:
    """What the whole process shares."""

    settings: Settings
    kube: KubeClient
    cluster: str
    operator_class: OperatorClass
    cache: Cache
    queue: WorkQueue[Key]
    accounts: Accounts
    recorder: Recorder
    clock: SystemClock
    metrics: Metrics
    shutdown: Shutdown
    lease: Lease | None

    def may_pay(self) -> bool:
        """Whether a paid call may begin now: it must end, and its id be written, while this process works and leads."""
        leads = self.lease is None or self.lease.margin > self.settings.api_timeout / 1000
        return leads and not self.shutdown.under_way


@dataclass(frozen=True, slots=True)
class Controllers:
    """Every kind: its reconciler by plural name, where its watch events go, and its registration with kopf."""

    reconcilers: Mapping[str, ClassGate]
    intakes: tuple[Intake, ...]
    register: Callable[[kopf.OperatorRegistry], None]
    probing: prober.Probing
    courier: Courier


async def parts(settings: Settings, kube: KubeClient) -> Parts:
    """The shared parts. Raises kube errors where the cluster cannot be used at all."""
    cluster = settings.cluster_id
    if cluster is None:
        cluster = naming.cluster_id((await kube.get_namespace("kube-system"))["metadata"]["uid"])
    clock = SystemClock()
    queue: WorkQueue[Key] = WorkQueue(
        monotonic=clock.monotonic,
        backoff_base=settings.backoff_base / 1000,
        backoff_max=settings.backoff_max / 1000,
    )
    cache, metrics = Cache(), Metrics()
    own = OperatorClass(settings.class_name, lambda name: cache.find(Key(account_reconciler.KIND.plural, "", name)))
    metrics.show_objects(cache, lambda body: own.foreign(operator_class.INSTANCES, body) is None)
    lease = _lease(settings, kube, clock) if settings.leader_election else None
    if lease is not None:
        metrics.lease_margin.set_function(lambda: max(0.0, lease.margin))
    return Parts(
        settings=settings,
        kube=kube,
        cluster=cluster,
        operator_class=own,
        cache=cache,
        queue=queue,
        accounts=Accounts(),
        recorder=Recorder(kube, settings.identity),
        clock=clock,
        metrics=metrics,
        shutdown=Shutdown(),
        lease=lease,
    )


def controllers(parts: Parts) -> Controllers:
    """The kinds, wired."""
    looks = _probing(parts)
    outbox = Outbox(parts.kube, parts.cache, instance_reconciler.KIND)
    courier = opening.courier(parts.settings, parts.kube, outbox, parts.recorder, parts.clock, parts.metrics)
    instance = instance_handlers.Intake(
        _instance_reconciler(parts, looks, courier), parts.cache, parts.queue, courier, parts.operator_class
    )
    account = account_handlers.Intake(_account_reconciler(parts), parts.cache, parts.queue)
    instance_set = set_handlers.Intake(_set_reconciler(parts), parts.cache, parts.queue)
    job = job_handlers.Intake(_job_reconciler(parts), parts.cache, parts.queue)
    tick = parts.settings.transition_poll_interval / 1000 / _TICKS_PER_POLL

    def register(registry: kopf.OperatorRegistry) -> None:
        instance_handlers.register(registry, instance)
        account_handlers.register(registry, account, tick_seconds=tick)
        set_handlers.register(registry, instance_set)
        job_handlers.register(registry, job)

    intakes = (instance, account, instance_set, job)
    reconcilers = {each.kind.plural: _gate(parts, each.reconciler) for each in intakes}
    return Controllers(reconcilers, intakes, register, looks, courier)


def _gate(parts: Parts, reconciler: Leaves) -> ClassGate:
    return ClassGate(reconciler, parts.operator_class, parts.kube, parts.cache, parts.recorder, parts.clock)


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


def _probing(parts: Parts) -> prober.Probing:
    guard = EVERYTHING if parts.settings.allow_private_endpoints else Guard()
    known = PublicNames(Names(monotonic=parts.clock.monotonic), guard)
    return prober.Probing(Looker(known), known, parts.queue.add, parts.clock, _MOST_PROBES)


def _instance_reconciler(parts: Parts, looks: prober.Probing, courier: Courier) -> instance_reconciler.Reconciler:
    settings = parts.settings
    defaults = desired.Defaults(
        gpu_type=settings.default_gpu_type,
        template=settings.default_template,
        region=settings.default_region,
        startup_seconds=settings.startup_timeout // 1000,
    )
    kind = instance_reconciler.KIND
    launcher = launch.Launcher(
        kube=parts.kube,
        cache=parts.cache,
        kind=kind,
        clock=parts.clock,
        defaults=defaults,
        holder=settings.identity,
        catalog_max_age=settings.catalog_max_age / 1000,
        metrics=parts.metrics,
        may_pay=parts.may_pay,
    )
    recorder = parts.recorder
    adopter = adoption.Adopter(
        parts.kube, parts.cache, kind, parts.clock, settings.identity, settings.namespaces, parts.cluster
    )
    return instance_reconciler.Reconciler(
        kube=parts.kube,
        cache=parts.cache,
        accounts=parts.accounts,
        observer=observer.Observer(
            cache=parts.cache,
            accounts=parts.accounts,
            clock=parts.clock,
            cluster=parts.cluster,
            defaults=defaults,
            list_lag=timedelta(milliseconds=settings.list_lag),
        ),
        probing=looks,
        serving=service_writer.Serving(parts.kube, parts.clock),
        actor=executor.Actor(parts.kube, parts.cache, kind, parts.clock, launcher, adopter, recorder, parts.metrics),
        recorder=recorder,
        notifier=notifier.Notifier(courier, parts.cache, parts.clock),
        memories=memory.Memories(),
        clock=parts.clock,
        cluster=parts.cluster,
        cost_interval=settings.cost_interval / 1000,
        resync_seconds=min(_RESYNC_SECONDS, settings.cost_interval / 1000),
        warning=timedelta(milliseconds=settings.poll_interval),
    )


def _set_reconciler(parts: Parts) -> set_reconciler.Reconciler:
    return set_reconciler.Reconciler(
        kube=parts.kube,
        cache=parts.cache,
        children=Children(parts.kube, parts.cache, meta.SET_LABEL),
        recorder=parts.recorder,
        clock=parts.clock,
        resync_seconds=_RESYNC_SECONDS,
    )


def _job_reconciler(parts: Parts) -> job_reconciler.Reconciler:
    settings = parts.settings
    return job_reconciler.Reconciler(
        kube=parts.kube,
        cache=parts.cache,
        children=Children(parts.kube, parts.cache, meta.JOB_LABEL),
        recorder=parts.recorder,
        clock=parts.clock,
        pauses=job_observation.Pauses(first=settings.backoff_base / 1000, longest=settings.backoff_max / 1000),
        resync_seconds=_RESYNC_SECONDS,
    )


def _account_reconciler(parts: Parts) -> account_reconciler.Reconciler:
    settings = parts.settings
    poller = poll.Poller(
        accounts=parts.accounts,
        prefix=naming.prefix(parts.cluster),
        pace=poll.Pace(
            moving=settings.transition_poll_interval / 1000,
            settled=settings.poll_interval / 1000,
            rejected=settings.credentials_probe_interval / 1000,
        ),
        clock=parts.clock,
        metrics=parts.metrics,
        wake=parts.queue.add,
    )
    return account_reconciler.Reconciler(
        kube=parts.kube,
        cache=parts.cache,
        accounts=parts.accounts,
        poller=poller,
        collector=_collector(parts),
        latecomers=latecomers.Latecomers(parts.kube, parts.accounts.departures, parts.clock, parts.metrics),
        credentials=credentials.Credentials(parts.kube, settings.own_api_key, settings.operator_namespace),
        recorder=parts.recorder,
        open_account=partial(_open_account, parts),
        clock=parts.clock,
        wake=parts.queue.add,
    )


def _collector(parts: Parts) -> collector.Collector:
    settings = parts.settings
    return collector.Collector(
        kube=parts.kube,
        cluster=parts.cluster,
        namespaces=settings.namespaces,
        sees_everything=not settings.namespaces or settings.cluster_id is not None,
        min_age=timedelta(milliseconds=settings.orphan_age),
        sightings_apart=timedelta(milliseconds=settings.orphan_sightings_apart),
        clock=parts.clock,
        metrics=parts.metrics,
    )


def _open_account(parts: Parts, resource: NovitaAccount, key: SecretStr) -> Account:
    settings, limits = parts.settings, resource.spec.limits
    parts.metrics.know_account(resource.meta.name)

    def observe(route: str, outcome: str, seconds: float) -> None:
        parts.metrics.novita_calls.labels(resource.meta.name, route, outcome).inc()
        parts.metrics.novita_call_seconds.labels(route).observe(seconds)

    client = NovitaAccountClient.open(
        base_url=resource.spec.base_url or settings.novita_api_url,
        api_key=key,
        timeout_seconds=settings.api_timeout / 1000,
        max_retries=settings.max_retries,
        retry_delay_seconds=settings.retry_delay / 1000,
        requests_per_minute=limits.requests_per_minute,
        catalog_max_age_seconds=settings.catalog_max_age / 1000,
        observe=observe,
    )
    return Account(
        name=resource.meta.name,
        spec=resource.spec,
        client=client,
        capacity=CapacityMemory(settings.capacity_memory / 1000),
        creates=Parking(limits.max_concurrent_creates, parts.queue.add),
        passes=Parking(max(1, settings.workers // _SHARE_OF_WORKERS), parts.queue.add),
        money=MoneyBreaker(settings.most_recreates, _RECREATES_WINDOW_SECONDS),
    )
