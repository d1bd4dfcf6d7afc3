"""All accounts of this process by name, and which object claims which instance name."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

from novita_operator.kube.cache import Key
from novita_operator.runtime.accounts.account import Account
from novita_operator.runtime.accounts.departures import Departures
from novita_operator.runtime.accounts.renamed import Renamed


class Accounts:
    """All accounts by name, and which object claims which instance name."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._claims: dict[str, Key] = {}
        self._names: dict[str, str] = {}
        self.departures = Departures()
        self.renamed = Renamed()
        self.elders: set[str] = set()
        """UIDs of GPUInstances for which an earlier process may have made calls."""
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

    def claim_for(self, uid: str, instance_name: str, key: Key) -> None:
        """The same, by the object's UID: it has one name at a time, and `release` lets go of it."""
        if self._names.get(uid, instance_name) != instance_name:
            self._claims.pop(self._names[uid], None)
        self._names[uid] = instance_name
        self.claim(instance_name, key)

    def release(self, uid: str) -> str:
        """The object with this UID is gone. Returns the name that it had; empty where it had none."""
        name = self._names.pop(uid, "")
        self._claims.pop(name, None)
        self.renamed.forget(uid)
        self.elders.discard(uid)
        return name

    @property
    def claims(self) -> Mapping[str, Key]:
        return self._claims
