"""Being the operator's process: health, leadership, the watch, and going away without losing a paid call."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
from collections.abc import Coroutine
from functools import partial

import kopf

from novita_operator import __version__, composition
from novita_operator.api import kinds
from novita_operator.composition import Controllers
from novita_operator.controllers.novita_account import bootstrap
from novita_operator.kube import client as kube_client
from novita_operator.kube import errors as kube_errors
from novita_operator.reconciling import naming
from novita_operator.runtime import core, first_lists, kopf_session, kopf_settings
from novita_operator.runtime.core import Core
from novita_operator.runtime.health import HealthServer
from novita_operator.runtime.kopf_kinds import KopfKinds, Patience
from novita_operator.runtime.leases import Lease
from novita_operator.runtime.resync import Resync
from novita_operator.runtime.watchdog import Watchdog
from novita_operator.runtime.workers import Workers
from novita_operator.settings import Settings
from novita_operator.webhooks.courier import Courier

logger = logging.getLogger(__name__)

_BROKEN_EXIT = 1
# Liveness fails when keys wait and no pass has ended for this long: no call to Novita may take longer.
_STUCK_SECONDS = 120.0
# For the Events of the last passes, after their own grace; a pod has half a minute beyond that.
_LAST_EVENTS_SECONDS = 5.0


async def run(settings: Settings) -> None:
    """Run the operator until a signal ends it. Raises kube errors where the cluster cannot be used at all."""
    logger.info("novita-operator %s starts", __version__)
    kube = await kube_client.connect()
    try:
        shared = await core.build(settings, kube)
        await _serve(shared, composition.controllers(shared))
    finally:
        await kube.aclose()
    logger.info("novita-operator has ended")


async def _serve(shared: Core, controllers: Controllers) -> None:
    settings = shared.settings
    workers = Workers(shared.queue, controllers.reconcilers, shared.clock, shared.metrics)
    interval = settings.resync_interval / 1000
    resync = Resync(shared.kube, shared.cache, controllers.intakes, settings.namespaces, interval, shared.metrics)
    watchdog = Watchdog(shared.queue, workers, resync, shared.clock, _STUCK_SECONDS)
    ready = asyncio.Event()
    server = HealthServer(
        settings.health_host,
        settings.health_port,
        alive=watchdog.complaints,
        ready=partial(_not_ready, ready, resync, shared),
        registry=shared.metrics.registry,
    )
    server.start(settings.health_port_file)
    shared.shutdown.install()
    background = [_in_background(watchdog.beat(), "heartbeat")]
    try:
        if await _served(shared, controllers) and await _leads(shared, ready):
            if shared.lease is not None:
                background.append(_in_background(shared.lease.keep(), "lease"))
            background.append(_in_background(resync.run(), "resync"))
            await bootstrap.ensure(shared.kube, settings, shared.operator_class)
            await _take_in(shared, controllers)
            background.append(_in_background(controllers.run(), "watching machines"))
            controllers.courier.start()
            shared.recorder.start()
            workers.start(settings.workers)
            await _watch(shared, controllers, workers, ready)
    finally:
        for task in background:
            task.cancel()
        await controllers.aclose()
        if shared.lease is not None:
            await shared.lease.release()
        await shared.recorder.drain(_LAST_EVENTS_SECONDS)
        server.stop()


def _not_ready(ready: asyncio.Event, resync: Resync, shared: Core) -> list[str]:
    reasons = resync.complaints() if ready.is_set() else ["the watch has not started"]
    return reasons + shared.serving.complaints() + (["shutting down"] if shared.shutdown.under_way else [])


def _in_background(work: Coroutine[object, object, None], name: str) -> asyncio.Task[None]:
    """A task that the process cannot live without."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_end_with)
    return task


def _end_with(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.critical("%s failed; ending the process", task.get_name(), exc_info=error)
        os._exit(_BROKEN_EXIT)


async def _served(shared: Core, controllers: Controllers) -> bool:
    """Wait until the API server lists every kind that it serves. False where a signal came first."""
    kinds = [intake.kind for intake in controllers.intakes]
    namespaces, stopping = shared.settings.namespaces, shared.shutdown.asked
    return await first_lists.until_served(shared.kube, kinds, namespaces, stopping, shared.serving)


async def _leads(shared: Core, ready: asyncio.Event) -> bool:
    """Wait for the Lease, if there is one; a standby counts as ready. False where a signal came first."""
    if shared.lease is None:
        return True
    ready.set()
    # What a standby says of itself, in readiness and metrics, is about now, too.
    looking = _in_background(shared.serving.follow(_heed_nothing), "served kinds, in wait")
    try:
        if not await _acquired(shared.lease, shared.shutdown.asked):
            return False
    finally:
        looking.cancel()
    ready.clear()
    return True


async def _heed_nothing(_: frozenset[str]) -> None:
    """Nobody works on anything yet."""


async def _acquired(lease: Lease, stopping: asyncio.Event) -> bool:
    """Wait for the Lease. False where a signal came first."""
    acquiring = asyncio.create_task(lease.acquire(), name="acquire-lease")
    asked = asyncio.create_task(stopping.wait(), name="shutdown-asked")
    await asyncio.wait({acquiring, asked}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if not acquiring.done():
        acquiring.cancel()
        return False
    await acquiring
    return True


async def _take_in(shared: Core, controllers: Controllers) -> None:
    """What must be known before the first pass."""
    not_the_first = await _take_in_accounts(shared, controllers)
    # Without their CRD there are none to take in; they are when it comes.
    with contextlib.suppress(kube_errors.NotServed):
        await _take_in_instances(shared, controllers, not_the_first)


async def _take_in_accounts(shared: Core, controllers: Controllers) -> bool:
    """Accounts before the objects that name them: else each restart would call every account missing for a moment.

    Returns whether a process before this one has worked here: the first poll of an account is written into its status.
    """
    not_the_first = False
    for intake in controllers.intakes:
        if not intake.kind.namespaced:
            async for body in shared.kube.each(intake.kind):
                not_the_first |= bool(body.get("status"))
                await intake.seen(body)
    return not_the_first


async def _take_in_instances(shared: Core, controllers: Controllers, not_the_first: bool) -> None:
    """What must be known before anything is rented: what was there before, and carries another cluster id."""
    instances = [intake for intake in controllers.intakes if intake.kind is kinds.GPU_INSTANCE]
    for intake, namespace in itertools.product(instances, shared.settings.namespaces or [""]):
        # One that may no longer be read was left out with a warning already (first_lists.py).
        with contextlib.suppress(kube_errors.Forbidden):
            async for body in shared.kube.each(intake.kind, [namespace] if namespace else ()):
                if not_the_first:
                    shared.accounts.elders.add(body["metadata"]["uid"])
                recorded = (body.get("status") or {}).get("instanceName") or ""
                if naming.uid_in(recorded) == body["metadata"]["uid"] and shared.names.unaccepted(recorded) is not None:
                    await intake.seen(body)


async def _watch(shared: Core, controllers: Controllers, workers: Workers, ready: asyncio.Event) -> None:
    """Run kopf until a signal; then drain the workers first, since kopf cancels everything when it ends."""
    settings, registry = shared.settings, kopf.OperatorRegistry()
    controllers.register(registry)
    patience = Patience(shared.serving.doubt)

    @kopf.on.login(registry=registry)
    async def login(**kwargs: object) -> kopf.AiohttpSession | None:
        return _login(patience, **kwargs)

    grace = settings.shutdown_grace / 1000
    options = kopf.OperatorSettings()
    kopf_settings.configure(options, grace_seconds=grace)
    watched, stop = KopfKinds(), asyncio.Event()
    before = asyncio.all_tasks()
    ending = asyncio.create_task(_drain_then_stop(shared, workers, controllers.courier, stop, grace), name="shutdown")
    tasks = await kopf.spawn_tasks(
        registry=registry,
        settings=options,
        standalone=True,
        clusterwide=not settings.namespaces,
        namespaces=settings.namespaces,
        stop_flag=stop,
        ready_flag=ready,
        insights=watched.insights,
    )
    following = _in_background(shared.serving.follow(partial(_heed, shared, controllers, watched)), "served kinds")
    # Again: kopf has put its own handlers in their place.
    shared.shutdown.install()
    try:
        await kopf.run_tasks(tasks, ignored=before | {ending, following})
    finally:
        ending.cancel()
        following.cancel()


async def _heed(shared: Core, controllers: Controllers, watched: KopfKinds, served: frozenset[str]) -> None:
    """Go by what is served. Raises kube errors: then it is repeated."""
    await watched.until_begun()
    returned = served - watched.plurals
    if kinds.GPU_INSTANCE.plural in returned:
        await _take_in_instances(shared, controllers, not_the_first=True)
    await watched.follow(served)
    for plural in returned:
        for key, _ in shared.cache.of_kind(plural):
            shared.queue.add(key)


async def _drain_then_stop(shared: Core, workers: Workers, courier: Courier, stop: asyncio.Event, grace: float) -> None:
    await shared.shutdown.asked.wait()
    if not await workers.drain(grace):
        logger.warning("calls were still under way after %.0f s; their intents are on the objects", grace)
    await courier.drain(shared.settings.webhook_timeout / 1000)
    stop.set()


def _login(patience: Patience, **kwargs: object) -> kopf.AiohttpSession | None:
    """The same place as our own client: the pod's ServiceAccount, else the kubeconfig."""
    found = kopf.login_with_service_account(**kwargs) or kopf.login_with_kubeconfig(**kwargs)  # type: ignore[arg-type]
    return kopf_session.bounded(found, patience)
