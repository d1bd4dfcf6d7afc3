"""The accounts that this process works with: one client, one snapshot, one state of health each.

`controllers/novita_account` fills them, `controllers/gpu_instance` reads them; neither imports the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from novita_operator.api.novita_account.spec import NovitaAccountSpec
from novita_operator.kube.cache import Key
from novita_operator.novita.account import NovitaAccountClient
from novita_operator.novita.models import Balance, Instance, Product
from novita_operator.novita.snapshot import Snapshot
from novita_operator.reconciling.account_health import Health, Healthy, KeyRejected, NotPolled
from novita_operator.runtime.accounts.capacity import CapacityMemory
from novita_operator.runtime.accounts.caseless_ids import CaselessIds
from novita_operator.runtime.accounts.losses import Losses
from novita_operator.runtime.accounts.money_breaker import MoneyBreaker
from novita_operator.runtime.accounts.told_prices import ToldPrices
from novita_operator.runtime.parking import Parking


@dataclass
class Account:
    """One NovitaAccount at work.

    `polls_begun` is the number of the last list call; `snapshot_poll` that of the one that `snapshot` is of. An action
    that was done while `polls_begun` was n shows for sure in a snapshot of a poll with a number greater than n.
    `adopted` are ids of instances that objects have taken over: their names do not show that they are ours, so that
    every poll must read everything. `everything` is the last unfiltered list, with the instances of others. `products`
    are those of the catalogue by id, as the account's own pass has last read them. `passes`
    bounds the workers that objects of this account hold, so that its trouble leaves workers for the other accounts.
    `fingerprint` names the key, without telling it.
    """

    name: str
    spec: NovitaAccountSpec
    client: NovitaAccountClient
    capacity: CapacityMemory
    creates: Parking[Key]
    passes: Parking[Key]
    money: MoneyBreaker
    losses: Losses = field(default_factory=Losses)
    prices: ToldPrices = field(default_factory=ToldPrices)
    health: Health = field(default_factory=NotPolled)
    snapshot: Snapshot | None = None
    everything: tuple[Instance, ...] | None = None
    products: Mapping[str, Product] = field(default_factory=dict)
    everything_read_at: float = float("-inf")
    adopted: CaselessIds = field(default_factory=CaselessIds)
    balance: Balance | None = None
    polling: bool = False
    poll_due: float = float("-inf")
    polled_at: float = float("-inf")
    polls_begun: int = 0
    snapshot_poll: int = 0
    fingerprint: str | None = None
    selected_namespaces: frozenset[str] = frozenset()
    _moving: set[Key] = field(default_factory=set)
    _waiting: set[Key] = field(default_factory=set)

    def admits(self, namespace: str) -> bool:
        """Whether objects of this namespace may use the account."""
        allowed = self.spec.namespaces
        return allowed is None or namespace in allowed.names or namespace in self.selected_namespaces

    def key_was_rejected(self, message: str) -> None:
        """A call of an object was refused: from now on only the poll tests the key, once in a while."""
        if isinstance(self.health, Healthy):
            self.health = KeyRejected(message)

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
