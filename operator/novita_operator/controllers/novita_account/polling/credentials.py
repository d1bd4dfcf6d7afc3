"""The API key of an account: from its Secret in the operator's namespace, or the operator's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from pydantic import SecretStr

from novita_operator import secrecy
from novita_operator.api.novita_account.resource import NovitaAccount
from novita_operator.kube import errors as kube_errors
from novita_operator.kube.client import KubeClient
from novita_operator.reconciling.account_health import KeyMissing
from novita_operator.runtime.accounts.account import Account


@dataclass(frozen=True, slots=True)
class Credentials:
    """Reads keys. A namespace never comes from an object: keys live with the operator."""

    kube: KubeClient
    own_key: Callable[[], SecretStr | None]
    namespace: str

    async def key(self, resource: NovitaAccount) -> SecretStr | KeyMissing:
        """The key as it is now. Raises kube errors other than NotFound."""
        if resource.unreadable is not None and not resource.unreadable.says_where:
            return KeyMissing(f"{resource.unreadable.message}. Correct it: no call is made until it can be read.")
        ref = resource.spec.api_key_secret_ref
        if ref is None:
            return self._own_key()
        where = f'spec.apiKeySecretRef: Secret "{ref.name}" in namespace "{self.namespace}"'
        try:
            found = await self.kube.read_secret(self.namespace, ref.name)
        except kube_errors.NotFound:
            return KeyMissing(f"{where} does not exist. Create it; it is looked for every few seconds.")
        if ref.key in found.binary:
            return KeyMissing(f'{where}: the entry "{ref.key}" is no text (UTF-8). Put the API key there.')
        value = found.entries.get(ref.key, "").strip()
        if not value:
            return KeyMissing(f'{where} has no entry "{ref.key}". Add the API key under that name.')
        if not _is_header_safe(value):
            return KeyMissing(f'{where}: the entry "{ref.key}" is no API key: it must be one word of printable ASCII.')
        return _remembered(SecretStr(value))

    def _own_key(self) -> SecretStr | KeyMissing:
        try:
            key = self.own_key()
        except OSError:
            return KeyMissing("The file named by NOVITA_API_KEY_FILE cannot be read by the operator.")
        if key is None:
            return KeyMissing("spec.apiKeySecretRef is absent and the operator has no key of its own. Set it.")
        return _remembered(key)


def _is_header_safe(text: str) -> bool:
    return all("!" <= char <= "~" for char in text)


def _remembered(key: SecretStr) -> SecretStr:
    secrecy.SECRETS.add(key.get_secret_value(), lasting=True)
    return key


def as_held(resource: NovitaAccount, held: Account | None) -> NovitaAccount:
    """An account whose key or address cannot be read keeps those with which it works: what it has rented can end."""
    unreadable = resource.unreadable
    if held is None or unreadable is None or unreadable.says_where:
        return resource
    known, spec = replace(unreadable, says_where=True), held.spec
    kept = {"api_key_secret_ref": spec.api_key_secret_ref, "base_url": spec.base_url, "limits": spec.limits}
    return replace(resource, spec=resource.spec.model_copy(update=kept), unreadable=known)
