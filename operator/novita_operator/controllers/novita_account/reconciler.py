"""One pass over one NovitaAccount: make its client match the spec, then report."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from novita_operator import telemetry
from novita_operator.api import novita_account
from novita_operator.controllers.novita_account import poll, status
from novita_operator.kube import errors as kube_errors
from novita_operator.kube.cache import Cache, Key
from novita_operator.kube.client import Kind, KubeClient
from novita_operator.reconciling.outcome import After, Requeue
from novita_operator.runtime.accounts import Account, Accounts, KeyMissing, NotPolled
from novita_operator.runtime.clock import Clock

logger = logging.getLogger(__name__)

KIND = Kind("novitaaccounts", namespaced=False)
_USERS = "gpuinstances"
# How often the Secret of a key is read again: a new key works within this time, without a restart.
_KEY_CHECK_SECONDS = 15.0

Opener = Callable[[novita_account.NovitaAccount, SecretStr], Account]
"""Builds the working account of a spec and a key."""


@dataclass(frozen=True, slots=True)
class Reconciler:
    """The reconciler of the kind."""

    kube: KubeClient
    cache: Cache
    accounts: Accounts
    poller: poll.Poller
    open_account: Opener
    own_key: Callable[[], SecretStr | None]
    operator_namespace: str
    clock: Clock
    wake: Callable[[Key], None]

    async def reconcile(self, key: Key) -> Requeue:
        """Bring client and status up to date. Raises kube errors."""
        body = self.cache.find(key)
        if body is None:
            return None
        resource = novita_account.NovitaAccount.parse(body)
        account = await self._account(resource)
        wanted = status.report(resource, account, self._counts(resource), self.clock.now())
        if wanted != resource.status.to_wire():
            patched = await self.kube.patch_status(KIND, resource.meta, body.get("status") or {}, wanted)
            self.cache.put(key, patched)
        return After(_KEY_CHECK_SECONDS)

    async def forget(self, name: str) -> None:
        """The object is gone: close its connections."""
        account = self.accounts.remove(name)
        if account is not None:
            await account.client.aclose()

    async def _account(self, resource: novita_account.NovitaAccount) -> Account:
        """The working account: opened once, opened anew when the spec changes, given a new key in place."""
        key = await self._key(resource)
        held = self.accounts.find(resource.meta.name)
        if held is not None and held.spec == resource.spec:
            self._renew_key(held, key)
            return held
        account = self.open_account(resource, key if isinstance(key, SecretStr) else SecretStr(""))
        if not isinstance(key, SecretStr):
            account.health = key
        self.accounts.put(account)
        if held is not None:
            await held.client.aclose()
        self._wake_users(resource.meta.name)
        return account

    def _renew_key(self, account: Account, key: SecretStr | KeyMissing) -> None:
        if not isinstance(key, SecretStr):
            account.health = key
        elif account.client.replace_key(key) or isinstance(account.health, KeyMissing):
            logger.info("NovitaAccount %s: the key was replaced", account.name, extra={"account": account.name})
            account.health = NotPolled()
            account.poll_due = self.clock.monotonic()

    async def _key(self, resource: novita_account.NovitaAccount) -> SecretStr | KeyMissing:
        ref = resource.spec.api_key_secret_ref
        if ref is None:
            return self._own_key()
        where = f'spec.apiKeySecretRef: Secret "{ref.name}" in namespace "{self.operator_namespace}"'
        try:
            entries = await self.kube.get_secret(self.operator_namespace, ref.name)
        except kube_errors.NotFound:
            return KeyMissing(f"{where} does not exist. Create it; it is looked for every few seconds.")
        if not entries.get(ref.key, "").strip():
            return KeyMissing(f'{where} has no entry "{ref.key}". Add the API key under that name.')
        return _remembered(SecretStr(entries[ref.key].strip()))

    def _own_key(self) -> SecretStr | KeyMissing:
        try:
            key = self.own_key()
        except OSError:
            return KeyMissing("The file named by NOVITA_API_KEY_FILE cannot be read by the operator.")
        if key is None:
            return KeyMissing("spec.apiKeySecretRef is absent and the operator has no key of its own. Set it.")
        return _remembered(key)

    def _wake_users(self, name: str) -> None:
        for key, body in self.cache.of_kind(_USERS):
            spec: dict[str, Any] = body.get("spec") or {}
            if (spec.get("accountRef") or {}).get("name", "default") == name:
                self.wake(key)

    def _counts(self, resource: novita_account.NovitaAccount) -> status.Counts:
        account = self.accounts.find(resource.meta.name)
        snapshot = account.snapshot if account else None
        names = snapshot.by_name if snapshot else {}
        managed = sum(len(found) for name, found in names.items() if name in self.accounts.claims)
        return status.Counts(managed=managed, unclaimed=sum(map(len, names.values())) - managed)


def _remembered(key: SecretStr) -> SecretStr:
    telemetry.SECRETS.add(key.get_secret_value())
    return key
