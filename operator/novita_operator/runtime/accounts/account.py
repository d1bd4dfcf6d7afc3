"""The accounts that this process works with: one client, one snapshot, one state of health each.

`controllers/novita_account` fills them, `controllers/gpu_instance` reads them; neither imports the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.novita_account.resource import Unreadable
from novita_operator.api.novita_account.spec import NovitaAccountSpec
from novita_operator.api.novita_account.status import Adoption
from novita_operator.kube.cache import Key
from novita_operator.novita import errors
from novita_operator.novita.account import NovitaAccountClient
from novita_operator.novita.models import Balance, Instance, InstanceState, Product
from novita_operator.novita.snapshot import Snapshot
from novita_operator.reconciling.account_health import Health, NotPolled
from novita_operator.runtime.accounts.capacity import CapacityMemory
from novita_operator.runtime.accounts.caseless_ids import CaselessIds
from novita_operator.runtime.accounts.losses import Losses
from novita_operator.runtime.accounts.money_breaker import MoneyBreaker
from novita_operator.runtime.accounts.pause import Need, Waiting
from novita_operator.runtime.accounts.pausing import Pauses
from novita_operator.runtime.accounts.told_prices import ToldPrices
from novita_operator.runtime.fair_parking import FairParking
from novita_operator.tenancy import allowance as allowances
from novita_operator.tenancy.allowance import Allowance, Selected
from novita_operator.tenancy.judging import Refusal
from novita_operator.tenancy.load import Load
from novita_operator.tenancy.usage import Held, Judge, Usage, View

_AT_REST = frozenset({InstanceState.EXITED, InstanceState.FROZEN, InstanceState.REMOVING})


@dataclass
class Account:
    """One NovitaAccount at work.

    `polls_begun` is the number of the last list call; `snapshot_poll` that of the one that `snapshot` is of. An action
    that was done while `polls_begun` was n shows for sure in a snapshot of a poll with a number greater than n.
    `adopted` are ids of instances that objects have taken over: their names do not show that they are ours, so that
    every poll must read everything. `everything` is the last unfiltered list, with the instances of others. `products`
    are those of the catalogue by id, as the account's own pass has last read them. `passes`
    bounds the workers that objects of this account hold, so that its trouble leaves workers for the other accounts.
    `refusals`: how many polls in a row found the key refused. `fingerprint` names the key, without telling it.
    `claims`: which object has the instances of a name. `adoptions`: by id, who has taken over which instance with the
    consent of spec.tenancy, as the status records it. `unreadable`: why the spec admits nobody.
    `was_used`: whether this process has known an object that refers to it.
    """

    name: str
    spec: NovitaAccountSpec
    client: NovitaAccountClient
    capacity: CapacityMemory
    creates: FairParking[Key]
    passes: FairParking[Key]
    money: MoneyBreaker
    losses: Losses = field(default_factory=Losses)
    pauses: Pauses = field(default_factory=Pauses)
    prices: ToldPrices = field(default_factory=ToldPrices)
    health: Health = field(default_factory=NotPolled)
    snapshot: Snapshot | None = None
    everything: tuple[Instance, ...] | None = None
    products: Mapping[str, Product] = field(default_factory=dict)
    everything_read_at: float = float("-inf")
    adopted: CaselessIds = field(default_factory=CaselessIds)
    balance: Balance | None = None
    balance_read_at: float = float("-inf")
    polling: bool = False
    refusals: int = 0
    poll_due: float = float("-inf")
    polled_at: float = float("-inf")
    polls_begun: int = 0
    snapshot_poll: int = 0
    fingerprint: str | None = None
    selected: Selected = field(default_factory=Selected)
    claims: Mapping[str, Key] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    adoptions: Mapping[str, Adoption] = field(default_factory=dict)
    unreadable: Unreadable | None = None
    was_used: bool = False
    _moving: set[Key] = field(default_factory=set)
    _waiting: set[Key] = field(default_factory=set)

    def allowance(self, namespace: str) -> Allowance:
        """What objects of this namespace may have of the account."""
        return allowances.of(self.name, self.spec, namespace, self.selected)

    def adopt(self, recorded: Mapping[str, Adoption]) -> None:
        """What the status records counts from now on; every poll must show these instances, too."""
        self.adoptions = recorded
        for each in recorded.values():
            self.adopted.add(each.instance_id)

    def adoption_of(self, uid: str) -> str | None:
        """The instance that this object has taken over, as the status records it."""
        return next((each.instance_id for each in self.adoptions.values() if each.uid == uid), None)

    def consents_to(self, resource: GPUInstance) -> bool:
        """Whether the object may have taken over what spec.adopt names: that is recorded, or spec.tenancy allows it."""
        at, adopt = resource.meta, resource.spec.adopt
        if adopt is None:
            return False
        recorded = self.adoptions.get(adopt.instance_id.casefold())
        return recorded.uid == at.uid if recorded is not None else self.allowance(at.namespace).adoption

    def admit(self, name: str, allowance: Allowance, more: Load) -> Refusal | None:
        """Promise this load to the instance of this name, unless spec.tenancy has a limit that it would exceed."""
        if not allowance.capped:
            return None
        return self.usage.admit(name, allowance, more, self._view(), self.polls_begun)

    def room(self, name: str, allowance: Allowance) -> Judge:
        """Whether a load of the instance of this name would be admitted now, for any load."""
        if not allowance.capped:
            return lambda _: None
        return self.usage.beside(name, allowance, self._view())

    def _view(self) -> View:
        listed = self.snapshot.instances.values() if self.snapshot is not None else ()
        return View([self._held(each) for each in listed if not each.state.is_gone], self.snapshot_poll)

    def _held(self, instance: Instance) -> Held:
        runs = instance.state not in _AT_REST
        load = Load(1, instance.gpu_count, self._price(instance) if runs else Decimal(0))
        taken, owner = self.adoptions.get(instance.id.casefold()), self.claims.get(instance.name)
        if taken is not None or instance.id in self.adopted:
            # Its name is anybody's.
            return Held(instance.id, taken.namespace if taken is not None else None, load, runs)
        return Held(instance.name, owner.namespace if owner is not None else None, load, runs)

    def refused(self, who: Key, need: Need, error: errors.NovitaError, settles: float = 0.0) -> Waiting | None:
        """Novita has refused a call that would cost; None where that says nothing of the calls of others.

        `settles`: seconds until this object may try again.
        """
        waiting = self.pauses.refused(who, need, error, settles)
        if waiting is not None and waiting.scope.cause == "balance":
            # The next poll reads what there is now: more than that is news, and ends the pause.
            self.balance_read_at = self.poll_due = float("-inf")
        return waiting

    def leave_lines(self, who: Key) -> None:
        """It waits for nothing any more: what is kept for it would be missing to others."""
        self.passes.leave(who)
        self.creates.leave(who)
        self.pauses.forget(who)

    def listed(self, now: float) -> None:
        """A complete list was read, which began at this monotonic time: what it shows is no promise any more."""
        self.usage.listed(self._view(), now)

    def know(self, products: Iterable[Product]) -> None:
        """Products of the catalogue, read by an object: without prices nobody knows what is in use."""
        self.products = {**self.products, **{each.id: each for each in products}}

    def _price(self, instance: Instance) -> Decimal:
        """USD per hour: as Novita told it, else as the catalogue says; nothing where neither does."""
        if instance.price_per_hour is not None:
            return instance.price_per_hour
        product = self.products.get(instance.product_id)
        known = [product] if product is not None else []
        asked = self.prices.asked(known, instance.product_id, spot=instance.is_spot, gpu_count=instance.gpu_count)
        return asked or Decimal(0)

    @property
    def moving(self) -> bool:
        """Whether any object of the account is in transition."""
        return bool(self._moving)

    def set_moving(self, key: Key, moving: bool) -> None:
        """An object in transition makes the poll fast."""
        if moving:
            self._moving.add(key)
        else:
            self._moving.discard(key)

    def wake_after_poll(self, key: Key) -> None:
        """Reconcile this object after the next poll, changed or not."""
        self._waiting.add(key)

    def take_waiting(self) -> frozenset[Key]:
        """The objects that asked to be woken by the poll that has just ended."""
        waiting, self._waiting = frozenset(self._waiting), set()
        return waiting

    def poll_by(self, due: float) -> None:
        """Poll at this monotonic time at the latest."""
        self.poll_due = min(self.poll_due, due)
