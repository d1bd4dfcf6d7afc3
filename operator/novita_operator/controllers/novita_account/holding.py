"""The account's finalizer: its key is needed as long as there may be objects whose instances are to be ended."""

from __future__ import annotations

from novita_operator.api import kinds, meta
from novita_operator.api.gpu_instance.resource import account_of
from novita_operator.api.novita_account.resource import NovitaAccount
from novita_operator.kube import errors
from novita_operator.kube.cache import Cache, Key
from novita_operator.kube.client import KubeClient
from novita_operator.reconciling.account_health import Healthy
from novita_operator.runtime.accounts.account import Account

_KIND, _USERS = kinds.NOVITA_ACCOUNT, kinds.GPU_INSTANCE


def is_held(resource: NovitaAccount) -> bool:
    return meta.ACCOUNT_FINALIZER in resource.meta.finalizers


async def hold(resource: NovitaAccount, key: Key, kube: KubeClient, cache: Cache) -> None:
    """Objects need the key for their deletion, so the account outlives them. Raises kube errors."""
    finalizers = [*resource.meta.finalizers, meta.ACCOUNT_FINALIZER]
    cache.put(key, await kube.patch_metadata(_KIND, resource.meta, finalizers=finalizers))


async def is_used(name: str, kube: KubeClient, namespaces: tuple[str, ...]) -> bool:
    """Whether an object uses the account, as etcd has it. Raises kube errors; NotServed says nothing of objects."""
    async for found in kube.each(_USERS, namespaces):
        if account_of(found) == name:
            return True
    return False


async def let_go(resource: NovitaAccount, key: Key, kube: KubeClient, cache: Cache) -> None:
    """Drop the finalizer. Raises kube errors."""
    finalizers = [name for name in resource.meta.finalizers if name != meta.ACCOUNT_FINALIZER]
    try:
        cache.put(key, await kube.patch_metadata(_KIND, resource.meta, finalizers=finalizers))
    except errors.NotFound:
        return


def unread(account: Account) -> str | None:
    """What keeps an account whose objects cannot be read, and of which none is known. None: nothing does.

    Where the watch has shown them all go, that is known. Else they may be stored, and the key be needed to end what
    they rent; where Novita shows nothing, there is nothing to end. Held for ever, it would hold its own CRD.
    """
    if account.was_used:
        return None
    if not isinstance(account.health, Healthy) or account.snapshot is None:
        what = "Novita could not be asked whether it still has instances of theirs"
    elif account.snapshot.instances:
        what = f"Novita still has {len(account.snapshot.instances)} of theirs"
    else:
        return None
    return (
        f"Whether GPUInstances use this account is not known, as their CRD is not served, and {what}. "
        "It goes when no instance is left, or when the CRD is back and no GPUInstance uses it."
    )
