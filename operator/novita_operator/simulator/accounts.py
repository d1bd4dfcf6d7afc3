"""Which key belongs to which account."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from novita_operator.simulator import refusal
from novita_operator.simulator.account import Account
from novita_operator.simulator.settings import Settings
from novita_operator.simulator.state.hosting import Hosting, NoHosting

_KEY_PREFIX = "sk_"
_BEARER = "Bearer "
_SEED_STEP = 1_000_003  # keeps the accounts of one simulator apart from those of another with the next seed


class Accounts:
    """All accounts of one simulator, each with a state of its own.

    Without a list of keys every `sk_…` key is an account from its first sight on; the first key gets the account that
    was there before any key was seen, which is also the one that control calls without a header mean.
    """

    def __init__(
        self,
        settings: Settings,
        keys: Sequence[str] = (),
        seed: int = 0,
        hosting_of: Callable[[Account], Hosting] = lambda _: NoHosting(),
    ) -> None:
        self._settings = settings
        self._seed = seed
        self._open = not keys
        self._hosting_of = hosting_of
        self._first = self._new(seed)
        self._by_key: dict[str, Account] = {}
        self._revoked: set[str] = set()
        for key in keys:
            self._bind(key)

    def authenticate(self, authorization: str) -> Account:
        """The account of an Authorization header, also of a revoked one. Raises UNAUTHORIZED."""
        key = _key_of(authorization)
        if not authorization.startswith(_BEARER) or not key:
            raise refusal.unauthorized("missing api key")
        found = self._by_key.get(key)
        if found is None and not (self._open and key.startswith(_KEY_PREFIX)):
            raise refusal.unauthorized()
        return found or self._bind(key)

    def is_revoked(self, authorization: str) -> bool:
        """Whether the key was good once: its calls are counted, and refused."""
        return _key_of(authorization) in self._revoked

    def chosen(self, key: str) -> Account:
        """The account that a control call means; made if the key is new. Raises Gone where keys are listed."""
        if not key:
            return self._first
        found = self._by_key.get(key)
        if found is None and not self._open:
            raise refusal.Gone("no account has this key")
        return found or self._bind(key)

    def add_key(self, account: Account, key: str) -> None:
        """One more key for the same account."""
        self._revoked.discard(key)
        self._by_key[key] = account

    def revoke_key(self, key: str) -> None:
        """From now on the key is refused; the account and its other keys stay."""
        self._revoked.add(key)

    def _bind(self, key: str) -> Account:
        number = len(self._by_key)
        account = self._new(self._seed + number * _SEED_STEP) if number else self._first
        self._by_key[key] = account
        return account

    def _new(self, seed: int) -> Account:
        return Account(self._settings, seed=seed, hosting_of=self._hosting_of)


def _key_of(authorization: str) -> str:
    return authorization.removeprefix(_BEARER).strip()
