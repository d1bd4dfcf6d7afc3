"""The accounts that this process works with: one client, one snapshot, one state of health each.

`controllers/novita_account` fills them, `controllers/gpu_instance` reads them; neither imports the other.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from novita_operator.api.novita_account import spec as novita_account
from novita_operator.kube.cache import Key
from novita_operator.novita.account import NovitaAccountClient
from novita_operator.novita.models import Balance, Instance
from novita_operator.novita.snapshot import Snapshot
from novita_operator.reconciling.account_health import Health, Healthy, KeyRejected, NotPolled
from novita_operator.runtime.accounts.money_breaker import MoneyBreaker


@dataclass
class CapacityMemory:
    """Products that a region had none of: left alone for a while, so that a sold-out offer is not asked for again."""

    seconds: float
    _until: dict[tuple[str, str, str], float] = field(default_factory=dict)

    def remember(self, product_id: str, region: str, billing: str, monotonic: float) -> None:
        self._until[(product_id, region, billing)] = monotonic + self.seconds

    def exhausted(self, monotonic: float) -> frozenset[tuple[str, str, str]]:
        """The (product id, region, billing) triples to leave alone now."""
        self._until = {offer: until for offer, until in self._until.items() if until > monotonic}
        return frozenset(self._until)

    def retry_in(self, monotonic: float) -> float:
        """Seconds until the first of them may be tried again."""
        return max(0.0, min(self._until.values(), default=monotonic) - monotonic)


class Slots:
    """So many at a time; who finds none free is woken in turn instead of blocking a worker."""

    def __init__(self, count: int, wake: Callable[[Key], None]) -> None:
        self._free = count
        self._wake = wake
        self._waiting: dict[Key, None] = {}

    def try_take(self, key: Key) -> bool:
        """Take a slot, or be woken when one is free."""
        if self._free <= 0:
            self._waiting[key] = None
            return False
        self._free -= 1
        self._waiting.pop(key, None)
        return True

    def give_back(self) -> None:
        self._free += 1
        if self._waiting:
            key = next(iter(self._waiting))
            del self._waiting[key]
            self._wake(key)


@dataclass
class Account:
    """One NovitaAccount at work.

    `polls_begun` is the number of the last list call; `snapshot_poll` that of the one that `snapshot` is of. An action
    that was done while `polls_begun` was n shows for sure in a snapshot of a poll with a number greater than n.
    `adopted` are ids of instances that objects have taken over: their names do not show that they are ours, so that
    every poll must read everything. `everything` is the last unfiltered list, with the instances of others. `passes`
    bounds the workers that objects of this account hold, so that its trouble leaves workers for the other accounts.
    """

    name: str
    spec: novita_account.NovitaAccountSpec
    client: NovitaAccountClient
    capacity: CapacityMemory
    creates: Slots
    passes: Slots
    money: MoneyBreaker
    health: Health = field(default_factory=NotPolled)
    snapshot: Snapshot | None = None
    everything: tuple[Instance, ...] | None = None
    everything_read_at: float = float("-inf")
    adopted: set[str] = field(default_factory=set)
    balance: Balance | None = None
    polling: bool = False
    poll_due: float = float("-inf")
    polled_at: float = float("-inf")
    polls_begun: int = 0
    snapshot_poll: int = 0
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


class Accounts:
    """All accounts by name, and which object claims which instance name."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._claims: dict[str, Key] = {}
        # One row of numbers for all: what was remembered of an account still holds after it was opened anew.
        self._poll_numbers = itertools.count(1)

    def __iter__(self) -> Iterator[Account]:
        return iter(list(self._accounts.values()))

    def find(self, name: str) -> Account | None:
        return self._accounts.get(name)

    def put(self, account: Account) -> None:
        self._accounts[account.name] = account

    def remove(self, name: str) -> Account | None:
        return self._accounts.pop(name, None)

    def begin_poll(self, account: Account) -> int:
        """The number of the list call that begins now: greater than all earlier ones."""
        account.polls_begun = next(self._poll_numbers)
        return account.polls_begun

    def claim(self, instance_name: str, key: Key) -> None:
        """The object under this key owns the instances of this name."""
        self._claims[instance_name] = key

    def release(self, instance_name: str) -> None:
        self._claims.pop(instance_name, None)

    @property
    def claims(self) -> Mapping[str, Key]:
        return self._claims
