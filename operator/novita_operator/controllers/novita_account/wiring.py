"""NovitaAccounts, wired."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from pydantic import SecretStr

from novita_operator.api import kinds
from novita_operator.api.novita_account.resource import NovitaAccount
from novita_operator.controllers.novita_account import handlers
from novita_operator.controllers.novita_account.garbagecollection.absences import Absences
from novita_operator.controllers.novita_account.garbagecollection.collector import Collector
from novita_operator.controllers.novita_account.garbagecollection.latecomers import Latecomers
from novita_operator.controllers.novita_account.polling.credentials import Credentials
from novita_operator.controllers.novita_account.polling.key_watch import KeyWatch
from novita_operator.controllers.novita_account.polling.poller import Pace, Poller
from novita_operator.controllers.novita_account.reconciler import Reconciler
from novita_operator.kube.cache import Key
from novita_operator.novita.account import NovitaAccountClient
from novita_operator.runtime.accounts.account import Account
from novita_operator.runtime.accounts.capacity import CapacityMemory
from novita_operator.runtime.accounts.losses import Losses
from novita_operator.runtime.accounts.money_breaker import MoneyBreaker
from novita_operator.runtime.accounts.pausing import Pauses
from novita_operator.runtime.core import Core, Wired
from novita_operator.runtime.fair_parking import FairParking
from novita_operator.runtime.intake import Intake
from novita_operator.settings import Settings

# The account timer asks whether a poll is due; four times per shortest period is exact enough and costs nothing.
_TICKS_PER_POLL = 4
# Of the workers, one account may hold a quarter: three that hang still leave a quarter to the others.
_SHARE_OF_WORKERS = 4
# Of these, a quarter is for what ends billing: the others may all wait for a call that rents.
_SHARE_OF_ENDS = 4
# The window of the money breaker (safety: Money breaker).
_RECREATES_WINDOW_SECONDS = 600.0
# A retained instance that no list shows is forgotten after so many times the age from which there are orphans.
_AGES_UNTIL_FORGOTTEN = 6


def wire(core: Core) -> Wired:
    """The kind with all its parts; nothing runs yet."""
    reconciler = _reconciler(core)
    ears = handlers.Ears(core.cache, core.queue.add, reconciler.forget)
    intake = Intake(kinds.NOVITA_ACCOUNT, core.cache, core.queue, ears)
    seconds = core.settings.transition_poll_interval / 1000 / _TICKS_PER_POLL
    register = partial(handlers.register, intake=intake, tick=reconciler.tick, seconds=seconds)
    return Wired(intake, reconciler, register)


def _reconciler(core: Core) -> Reconciler:
    settings = core.settings
    poller = Poller(
        accounts=core.accounts,
        names=core.names,
        pace=Pace(
            moving=settings.transition_poll_interval / 1000,
            settled=settings.poll_interval / 1000,
            rejected=settings.credentials_probe_interval / 1000,
        ),
        clock=core.clock,
        metrics=core.metrics,
        wake=core.queue.add,
    )
    return Reconciler(
        kube=core.kube,
        cache=core.cache,
        accounts=core.accounts,
        poller=poller,
        collector=_collector(core),
        latecomers=_latecomers(core),
        credentials=Credentials(core.kube, settings.own_api_key, settings.operator_namespace),
        key_watch=KeyWatch(core.kube, settings.namespaces, settings.novita_api_url),
        recorder=core.recorder,
        open_account=partial(_open_account, core),
        clock=core.clock,
        wake=core.queue.add,
    )


def _latecomers(core: Core) -> Latecomers:
    departures, namespaces = core.accounts.departures, core.settings.namespaces
    return Latecomers(core.kube, departures, core.clock, core.metrics, core.names, namespaces, core.retained)


def _collector(core: Core) -> Collector:
    settings = core.settings
    return Collector(
        kube=core.kube,
        names=core.names,
        namespaces=settings.namespaces,
        sees_everything=not settings.namespaces or settings.cluster_id is not None,
        min_age=timedelta(milliseconds=settings.orphan_age),
        sightings_apart=timedelta(milliseconds=settings.orphan_sightings_apart),
        accounts=core.accounts,
        clock=core.clock,
        metrics=core.metrics,
        retained=core.retained,
        absences=Absences(core.retained, core.clock, _forgotten_after(settings)),
    )


def _forgotten_after(settings: Settings) -> float:
    """Seconds: an hour by default, and never less than lists may be behind."""
    return max(_AGES_UNTIL_FORGOTTEN * settings.orphan_age, settings.list_lag) / 1000


def _open_account(core: Core, resource: NovitaAccount, key: SecretStr) -> Account:
    settings, limits = core.settings, resource.spec.limits
    passes = max(1, settings.workers // _SHARE_OF_WORKERS)
    core.metrics.know_account(resource.meta.name)

    def observe(route: str, outcome: str, seconds: float) -> None:
        core.metrics.novita_calls.labels(resource.meta.name, route, outcome).inc()
        core.metrics.novita_call_seconds.labels(route).observe(seconds)

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
        creates=_shared_places(core, limits.max_concurrent_creates, reserved=min(1, limits.max_concurrent_creates - 1)),
        passes=_shared_places(core, passes, reserved=passes // _SHARE_OF_ENDS),
        money=MoneyBreaker(settings.most_recreates, _RECREATES_WINDOW_SECONDS),
        losses=Losses(settings.loss_delay / 1000),
        pauses=Pauses(
            settings.backoff_base / 1000,
            settings.backoff_max / 1000,
            core.clock,
            core.queue.add,
            partial(core.queue.add, Key(kinds.NOVITA_ACCOUNT.plural, "", resource.meta.name)),
        ),
        claims=core.accounts.claims,
    )


def _shared_places(core: Core, count: int, *, reserved: int) -> FairParking[Key]:
    """Places that the namespaces get by turns."""
    return FairParking(count, core.queue.add, lambda key: key.namespace, core.clock.monotonic, reserved=reserved)
