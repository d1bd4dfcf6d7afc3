"""One simulated account: everything that belongs to one API key, and nothing that belongs to another."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from novita_operator.simulator import names, refusal
from novita_operator.simulator.call import Call
from novita_operator.simulator.faults.book import FaultBook
from novita_operator.simulator.faults.fault import Fault, Kind
from novita_operator.simulator.offer import catalog_sample, templates_sample
from novita_operator.simulator.settings import Settings
from novita_operator.simulator.state.auths import RegistryAuths
from novita_operator.simulator.state.calls import CallLog
from novita_operator.simulator.state.fleet import Fleet
from novita_operator.simulator.state.hosting import Hosting, NoHosting
from novita_operator.simulator.state.instance import Instance
from novita_operator.simulator.state.jobs import Jobs
from novita_operator.simulator.state.ledger import Ledger
from novita_operator.simulator.state.lifecycle import Lifecycle
from novita_operator.simulator.state.networks import Networks
from novita_operator.simulator.state.prewarms import Prewarms
from novita_operator.simulator.state.rate import RateWindow
from novita_operator.simulator.state.virtual_clock import VirtualClock


class Account:
    """State of one account. Everything in it happens on one event loop and without awaiting, so no call sees half."""

    def __init__(
        self, settings: Settings, *, seed: int = 0, hosting_of: Callable[[Account], Hosting] = lambda _: NoHosting()
    ) -> None:
        self.settings = settings
        # Ids are new with every start, so that an id remembered from an earlier one is never somebody else's.
        self.chance = random.Random()  # noqa: S311 - protects nothing
        self.clock = VirtualClock(settings.acceleration)
        self.catalog = catalog_sample.new()
        self.templates = templates_sample.new()
        self.auths = RegistryAuths()
        self.jobs = Jobs()
        self.networks = Networks()
        self.prewarms = Prewarms()
        self.ledger = Ledger()
        self.fleet = Fleet(self.product_name, self.shown_name)
        self.faults = FaultBook(seed)
        self.calls = CallLog()
        self.rate = RateWindow()
        self.hosting = hosting_of(self)
        self.lifecycle = Lifecycle(
            self.clock,
            lambda: self.settings,
            self.catalog,
            self.fleet,
            self.ledger,
            self.jobs,
            self.chance,
            self.hosting,
        )

    def advance(self) -> None:
        """Brings every status up to now; done before each look and each change."""
        self.lifecycle.advance()

    def change_settings(self, change: dict[str, Any]) -> None:
        """Lays `change` over the settings. Raises ValidationError."""
        self.settings = self.settings.merged(change)
        self.clock.accelerate(self.settings.acceleration)

    def find(self, instance_id: str) -> Instance:
        """As the API sees it. Raises Gone."""
        if self.settings.blind:
            raise refusal.Gone("instance not found")
        made = instance_id.lower() if self.settings.ids == "upper" else instance_id
        return self.fleet.get(made, self.clock.real())

    def shown_name(self, instance: Instance) -> str:
        """As replies show it."""
        return names.shown(instance.name, self.settings.names)

    def faults_for(self, call: Call) -> Sequence[Fault]:
        """What hits this call: the account's own rate limit, or the switches."""
        limit = self.settings.rate_limit
        if self.rate.refuses(limit, self.clock.real()):
            return [Fault(kind=Kind.RATE_LIMITED, retry_after=limit.retry_after)]
        return self.faults.fire(call, self.ledger.name_of)

    def product_name(self, product_id: str) -> str:
        product = self.catalog.products.get(product_id)
        return "" if product is None else product.name

    def new_id(self) -> str:
        """16 lower-case hexadecimal digits, as the live service gives."""
        return f"{self.chance.getrandbits(64):016x}"

    @property
    def balance(self) -> Decimal:
        """USD left; negative in arrears."""
        return self.settings.balance - self.ledger.cost(self.clock.moment())

    def require_balance(self, price_per_hour: Decimal) -> None:
        """An hour must be payable. Raises BALANCE_NOT_ENOUGH."""
        if self.balance + self.settings.credit_limit < price_per_hour:
            raise refusal.no_balance()
