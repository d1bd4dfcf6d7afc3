"""The composition root: settings -> clients -> controllers -> kopf. Everything is built here, once, by hand."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import kopf
from pydantic import SecretStr

from novita_operator import __version__, telemetry
from novita_operator.api import meta, novita_account
from novita_operator.controllers.gpu_instance import acting, desired, launch, memory
from novita_operator.controllers.gpu_instance import handlers as instance_handlers
from novita_operator.controllers.gpu_instance import reconciler as instance_reconciler
from novita_operator.controllers.novita_account import collector, credentials, poll
from novita_operator.controllers.novita_account import handlers as account_handlers
from novita_operator.controllers.novita_account import reconciler as account_reconciler
from novita_operator.kube import client as kube_client
from novita_operator.kube import errors as kube_errors
from novita_operator.kube.cache import Cache, Key
from novita_operator.kube.recorder import Recorder
from novita_operator.novita.account import NovitaAccountClient
from novita_operator.reconciling import naming
from novita_operator.runtime import accounts, health, kopf_settings
from novita_operator.runtime.clock import SystemClock
from novita_operator.runtime.money_breaker import MoneyBreaker
from novita_operator.runtime.shutdown import Shutdown
from novita_operator.runtime.workers import Workers
from novita_operator.runtime.workqueue import WorkQueue
from novita_operator.settings import Settings

logger = logging.getLogger(__name__)

_DEFAULT_ACCOUNT = "default"
# Objects are looked at again so often even if nothing happens: missed watch events heal within this time.
_RESYNC_SECONDS = 600.0
# The account timer asks whether a poll is due; four times per shortest period is exact enough and costs nothing.
_TICKS_PER_POLL = 4
# Of the workers, one account may hold a quarter: three that hang still leave a quarter to the others.
_SHARE_OF_WORKERS = 4
# The window of the money breaker (safety: Money breaker).
_RECREATES_WINDOW_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What the whole process shares."""

    settings: Settings
    kube: kube_client.KubeClient
    cluster: str
    cache: Cache
    queue: WorkQueue[Key]
    accounts: accounts.Accounts
    clock: SystemClock
    metrics: telemetry.Metrics
    shutdown: Shutdown


async def run(settings: Settings) -> None:
    """Run the operator until a signal ends it. Raises kube errors where the cluster cannot be used at all."""
    logger.info("novita-operator %s starts", __version__)
    kube = await kube_client.connect()
    try:
        parts = await _parts(settings, kube)
        await _ensure_default_account(parts)
        await _serve(parts)
    finally:
        await kube.aclose()
    logger.info("novita-operator has ended")


async def _parts(settings: Settings, kube: kube_client.KubeClient) -> Parts:
    cluster = settings.cluster_id
    if cluster is None:
        cluster = naming.cluster_id((await kube.get_namespace("kube-system"))["metadata"]["uid"])
    clock = SystemClock()
    queue: WorkQueue[Key] = WorkQueue(
        monotonic=clock.monotonic,
        backoff_base=settings.backoff_base / 1000,
        backoff_max=settings.backoff_max / 1000,
    )
    return Parts(settings, kube, cluster, Cache(), queue, accounts.Accounts(), clock, telemetry.Metrics(), Shutdown())


async def _ensure_default_account(parts: Parts) -> None:
    """An account named `default`, made from the operator's own key, where no account exists at all."""
    if parts.settings.own_api_key() is None:
        return
    kind = account_reconciler.KIND
    if await parts.kube.list(kind):
        return
    body = {
        "apiVersion": f"{meta.GROUP}/{meta.VERSION}",
        "kind": "NovitaAccount",
        "metadata": {"name": _DEFAULT_ACCOUNT},
        "spec": {},
    }
    try:
        await parts.kube.create(kind, body)
    except kube_errors.Conflict:
        return
    logger.info("made the NovitaAccount %r from the operator's own key", _DEFAULT_ACCOUNT)


async def _serve(parts: Parts) -> None:
    settings, registry = parts.settings, kopf.OperatorRegistry()
    instance, account = _instance_reconciler(parts), _account_reconciler(parts)
    instance_handlers.register(registry, instance, parts.cache, parts.queue)
    tick = settings.transition_poll_interval / 1000 / _TICKS_PER_POLL
    account_handlers.register(registry, account, parts.cache, parts.queue, tick_seconds=tick)
    workers = Workers(
        parts.queue,
        {instance_reconciler.KIND.plural: instance, account_reconciler.KIND.plural: account},
        parts.clock,
        parts.metrics,
    )
    workers.start(settings.workers)
    watching = asyncio.Event()
    server = health.HealthServer(
        settings.health_host,
        settings.health_port,
        alive=list,
        ready=partial(_not_ready, watching, parts.shutdown),
        registry=parts.metrics.registry,
    )
    server.start()
    try:
        await _watch(parts, registry, workers, watching)
    finally:
        server.stop()


def _not_ready(watching: asyncio.Event, shutdown: Shutdown) -> list[str]:
    reasons = [] if watching.is_set() else ["the watch has not started"]
    return reasons + (["shutting down"] if shutdown.under_way else [])


async def _watch(parts: Parts, registry: kopf.OperatorRegistry, workers: Workers, watching: asyncio.Event) -> None:
    """Run kopf until a signal; then drain the workers first, since kopf cancels everything when it ends."""
    settings = parts.settings
    grace = settings.shutdown_grace / 1000
    kopf_options = kopf.OperatorSettings()
    kopf_settings.configure(kopf_options, grace_seconds=grace)
    kopf.on.login(registry=registry)(_login)
    stop = asyncio.Event()
    before = asyncio.all_tasks()
    ending = asyncio.create_task(_drain_then_stop(parts, workers, stop, grace), name="shutdown")
    tasks = await kopf.spawn_tasks(
        registry=registry,
        settings=kopf_options,
        standalone=True,
        clusterwide=not settings.namespaces,
        namespaces=settings.namespaces,
        stop_flag=stop,
        ready_flag=watching,
    )
    parts.shutdown.install()
    try:
        await kopf.run_tasks(tasks, ignored=before | {ending})
    finally:
        ending.cancel()


async def _drain_then_stop(parts: Parts, workers: Workers, stop: asyncio.Event, grace: float) -> None:
    await parts.shutdown.asked.wait()
    if not await workers.drain(grace):
        logger.warning("calls were still under way after %.0f s; their intents are on the objects", grace)
    stop.set()


def _login(**kwargs: object) -> kopf.ConnectionInfo | None:
    """The same place as our own client: the pod's ServiceAccount, else the kubeconfig."""
    return kopf.login_with_service_account(**kwargs) or kopf.login_with_kubeconfig(**kwargs)  # type: ignore[arg-type]


def _instance_reconciler(parts: Parts) -> instance_reconciler.Reconciler:
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
        may_pay=lambda: not parts.shutdown.under_way,
    )
    return instance_reconciler.Reconciler(
        kube=parts.kube,
        cache=parts.cache,
        accounts=parts.accounts,
        actor=acting.Actor(parts.kube, parts.cache, kind, parts.clock, launcher, parts.metrics),
        recorder=Recorder(parts.kube, settings.identity),
        memories=memory.Memories(),
        clock=parts.clock,
        cluster=parts.cluster,
        defaults=defaults,
        list_lag=timedelta(milliseconds=settings.list_lag),
        cost_interval=settings.cost_interval / 1000,
        resync_seconds=min(_RESYNC_SECONDS, settings.cost_interval / 1000),
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
        credentials=credentials.Credentials(parts.kube, settings.own_api_key, settings.operator_namespace),
        recorder=Recorder(parts.kube, settings.identity),
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


def _open_account(parts: Parts, resource: novita_account.NovitaAccount, key: SecretStr) -> accounts.Account:
    settings, limits = parts.settings, resource.spec.limits

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
    return accounts.Account(
        name=resource.meta.name,
        spec=resource.spec,
        client=client,
        capacity=accounts.CapacityMemory(settings.capacity_memory / 1000),
        creates=accounts.Slots(limits.max_concurrent_creates, parts.queue.add),
        passes=accounts.Slots(max(1, settings.workers // _SHARE_OF_WORKERS), parts.queue.add),
        money=MoneyBreaker(settings.most_recreates, _RECREATES_WINDOW_SECONDS),
    )
