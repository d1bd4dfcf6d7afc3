"""Which instances were taken over with the consent of spec.tenancy: the record that outlives a later refusal. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from novita_operator.api import meta
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.novita_account.resource import NovitaAccount
from novita_operator.api.novita_account.status import MOST_ADOPTIONS, Adoption
from novita_operator.runtime.accounts.account import Account


def of(bodies: Iterable[Mapping[str, Any]], resource: NovitaAccount, account: Account) -> tuple[Adoption, ...]:
    """The record of an account: what its status has, and what the objects that use it add."""
    wanting = (body for body in bodies if isinstance(spec := body.get("spec"), dict) and spec.get("adopt"))
    users = [GPUInstance.parse(body) for body in wanting]
    shown = None if account.everything is None else {each.id.casefold() for each in account.everything}
    consents = {each.meta.namespace: account.allowance(each.meta.namespace).adoption for each in users}
    return record(resource.status.adoptions, users, consents.__getitem__, shown)


def record(
    old: Iterable[Adoption],
    users: Iterable[GPUInstance],
    consents: Callable[[str], bool],
    shown: Collection[str] | None,
) -> tuple[Adoption, ...]:
    """What was recorded and is not over, and what has been taken over since. The oldest first; the rest waits.

    `consents`: whether a namespace may take instances over now. `shown`: ids in the last complete list; None before it.
    """
    taken = {each.meta.uid: each for each in users if _has_taken_over(each)}
    known = by_id(each for each in old if each.uid in taken or shown is None or each.instance_id.casefold() in shown)
    for each in taken.values():
        before = known.get((each.status.instance_id or "").casefold())
        # One instance has one owner: whoever came first, for as long as that object lives.
        if consents(each.meta.namespace) and (before is None or before.uid not in taken):
            adoption = _adoption(each)
            known[adoption.instance_id.casefold()] = adoption
    return tuple(known.values())[:MOST_ADOPTIONS]


def by_id(adoptions: Iterable[Adoption]) -> dict[str, Adoption]:
    """Each by the id of its instance, in lower case: Novita may write an id otherwise than a person does."""
    return {each.instance_id.casefold(): each for each in adoptions}


def _has_taken_over(resource: GPUInstance) -> bool:
    adopt, recorded = resource.spec.adopt, resource.status.instance_id
    held = meta.FINALIZER in resource.meta.finalizers
    return held and adopt is not None and recorded is not None and recorded.casefold() == adopt.instance_id.casefold()


def _adoption(resource: GPUInstance) -> Adoption:
    at = resource.meta
    instance_id = resource.status.instance_id or ""
    return Adoption(instance_id=instance_id, namespace=at.namespace, name=at.name, uid=at.uid)
