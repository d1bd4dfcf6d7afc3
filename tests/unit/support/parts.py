"""Working parts without a network: a clock turned by hand, an account, and the reconciler of GPUInstances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from pydantic import SecretStr
from tests.unit.support.builders import LAG, NAMES, NOON

from novita_operator.api.novita_account.spec import NovitaAccountSpec
from novita_operator.controllers.gpu_instance.acting.departing import Departing
from novita_operator.controllers.gpu_instance.acting.describing import Describer
from novita_operator.controllers.gpu_instance.acting.executor import Executor
from novita_operator.controllers.gpu_instance.acting.notifier import Notifier
from novita_operator.controllers.gpu_instance.acting.service_writer import Serving
from novita_operator.controllers.gpu_instance.launching import fence
from novita_operator.controllers.gpu_instance.observing.memory import Memories
from novita_operator.controllers.gpu_instance.observing.observer import Observer
from novita_operator.controllers.gpu_instance.policies.defaults import Defaults
from novita_operator.controllers.gpu_instance.reachability.watching import Watching
from novita_operator.controllers.gpu_instance.reconciler import Reconciler
from novita_operator.kube.cache import Cache, Key
from novita_operator.metrics import Metrics
from novita_operator.novita.account import NovitaAccountClient
from novita_operator.novita.models import Instance
from novita_operator.novita.snapshot import Snapshot
from novita_operator.reconciling.account_health import Healthy
from novita_operator.reconciling.publishing import Publisher
from novita_operator.runtime.accounts.account import Account
from novita_operator.runtime.accounts.capacity import CapacityMemory
from novita_operator.runtime.accounts.losses import Losses
from novita_operator.runtime.accounts.money_breaker import MoneyBreaker
from novita_operator.runtime.accounts.registry import Accounts
from novita_operator.runtime.fair_parking import FairParking

KEY = Key("gpuinstances", "team", "demo")
DEFAULTS = Defaults(gpu_type="RTX 4090 24GB", template="pytorch-jupyter", region="CN-HK-01", startup_seconds=600)


@dataclass
class HandClock:
    """Stands still until somebody turns it. Only the wall's hand can jump."""

    turned: float = 0.0
    jumped: float = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.turned + self.jumped)

    def monotonic(self) -> float:
        return 1000.0 + self.turned

    async def sleep(self, seconds: float) -> None:
        self.turned += seconds


@dataclass
class Woken:
    """Remembers whom it was asked to wake."""

    keys: list[Key] = field(default_factory=list)

    def __call__(self, key: Key) -> None:
        self.keys.append(key)


@cache
def _unused_client() -> NovitaAccountClient:
    """Made once: reading the certificates takes longer than a whole test."""
    return NovitaAccountClient.open(base_url="http://novita.invalid", api_key=SecretStr("sk_canary_key"))


def an_account(
    name: str = "default", *, spec: dict[str, Any] | None = None, wake: Callable[[Key], None] | None = None
) -> Account:
    """A healthy account that was never polled; nothing answers at its address."""
    wake = wake or Woken()
    return Account(
        name=name,
        spec=NovitaAccountSpec.model_validate(spec or {}),
        client=_unused_client(),
        capacity=CapacityMemory(seconds=180),
        creates=FairParking(3, wake, lambda key: key.namespace, lambda: 0.0),
        passes=FairParking(8, wake, lambda key: key.namespace, lambda: 0.0),
        money=MoneyBreaker(most=20, window=600),
        health=Healthy(),
        # At once, after the list lag: what takes longer is a matter of test_losses.py.
        losses=Losses(delay=0.0),
    )


def polled(accounts: Accounts, account: Account, *shown: Instance) -> None:
    """A whole poll of the account, which showed these instances."""
    account.snapshot_poll = accounts.begin_poll(account)
    account.snapshot = Snapshot.of(account.name, shown, NOON)


def a_reconciler(accounts: Accounts, clock: HandClock) -> Reconciler:
    """One that can observe; it has no cluster and does nothing."""
    nothing, cache = cast("Any", None), Cache()
    return Reconciler(
        kube=cast("Any", nothing),
        cache=cache,
        publisher=cast("Publisher", nothing),
        accounts=accounts,
        observer=Observer(cache, accounts, clock, NAMES, DEFAULTS, LAG, fence.read, fence.complaint),
        executor=cast("Executor", nothing),
        metrics=Metrics(),
        watching=cast("Watching", nothing),
        describer=cast("Describer", nothing),
        serving=cast("Serving", nothing),
        notifier=cast("Notifier", nothing),
        departing=Departing(accounts, NAMES, clock),
        memories=Memories(),
        clock=clock,
        names=NAMES,
        cost_interval=600,
        resync_seconds=600,
        warning=timedelta(seconds=30),
    )
