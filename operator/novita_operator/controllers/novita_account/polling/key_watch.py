"""Notices that a key leads to another account than before, also where it was changed while no operator ran.

The account's status keeps a fingerprint of the last key with which instances of ours were seen; never the key itself.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from novita_operator.api import kinds
from novita_operator.api.gpu_instance.reasons import Reason
from novita_operator.api.gpu_instance.resource import account_of
from novita_operator.api.novita_account.resource import NovitaAccount
from novita_operator.kube.client import KubeClient
from novita_operator.runtime.accounts.account import Account

_CHARS = 16  # 80 bits: two keys that look alike are no accident that happens


@dataclass(frozen=True, slots=True)
class KeyWatch:
    """Compares fingerprints. `namespaces`: the watched ones; empty means all.

    `address`: where accounts are that name none.
    """

    kube: KubeClient
    namespaces: tuple[str, ...]
    address: str

    async def compare(self, resource: NovitaAccount, account: Account, key: SecretStr) -> None:
        """Expect to see what objects have, where the key is not the recorded one. Raises kube errors."""
        recorded = resource.status.key_fingerprint
        before, now = account.fingerprint or recorded, self._fingerprint(resource, key)
        account.fingerprint = None  # whatever a poll shows until this has ended is of a key that nobody knows
        if now == recorded:
            account.losses.expect(())
        elif before is not None and now != before:
            account.losses.expect({account.name})  # something, until it is known what
            account.losses.expect(await self._have_instances(account.name))
        account.fingerprint = now

    def _fingerprint(self, resource: NovitaAccount, key: SecretStr) -> str:
        """Names a key at an address, for this account object alone. Keys are random: nobody finds one by trying."""
        said = f"{resource.spec.base_url or self.address}\n{key.get_secret_value()}"
        digest = hmac.digest(resource.meta.uid.encode(), said.encode(), hashlib.sha256)
        return base64.b32encode(digest).decode().lower()[:_CHARS]

    async def _have_instances(self, name: str) -> set[str]:
        """The objects of this account that may have one; read from etcd, since the watch may not be there yet."""
        bodies = self.kube.each(kinds.GPU_INSTANCE, self.namespaces)
        return {str(body["metadata"]["uid"]) async for body in bodies if account_of(body) == name and _may_have(body)}


def _may_have(body: Mapping[str, Any]) -> bool:
    """An id is recorded, or a create call has had no answer yet."""
    status = body.get("status") or {}
    unknown = (each.get("reason") == Reason.CREATE_OUTCOME_UNKNOWN for each in status.get("conditions") or ())
    return bool(status.get("instanceId")) or any(unknown)
