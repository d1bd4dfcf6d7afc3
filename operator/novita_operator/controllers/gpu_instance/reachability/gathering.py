"""The keys that a spec asks for, from wherever it says that they come."""

from __future__ import annotations

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance.reachability import authorized_keys
from novita_operator.kube.client import KubeClient
from novita_operator.machines import public_keys
from novita_operator.machines.public_keys import MOST_CHARS, Keys, NoPublicKey, PublicKey
from novita_operator.reconciling import entries
from novita_operator.reconciling.entries import Entries, Unresolved

_NOT_BINARY = "keys are text, as in the file ~/.ssh/authorized_keys. Put them there as text."


async def gather(kube: KubeClient, resource: GPUInstance) -> Keys:
    """All of them. Raises NoPublicKey for one in the spec itself, Unresolved for one elsewhere, and kube errors."""
    found = list(authorized_keys.stated(resource.spec))
    held = Entries(kube, resource.meta.namespace, _NOT_BINARY)
    for number, source in enumerate(resource.spec.authorized_keys_from):
        where = f"spec.authorizedKeysFrom[{number}]"
        text = await held.find(source, where)
        found += _read(text or "", f"{where}: {entries.explain(source)}")
    try:
        return public_keys.together(found)
    except NoPublicKey as error:
        raise Unresolved(f"spec.authorizedKeysFrom: the keys {error}, all sources together.") from None


def _read(text: str, where: str) -> list[PublicKey]:
    # Before anything is made of it: one entry of a Secret may have a megabyte.
    if len(text) > MOST_CHARS:
        raise Unresolved(f"{where} has {len(text)} characters, and {MOST_CHARS} are taken. Shorten it.")
    try:
        lines = public_keys.numbered(text)
    except NoPublicKey as error:
        raise Unresolved(f"{where} {error}.") from None
    found = []
    for number, line in lines:
        try:
            found.append(public_keys.parse(line))
        except NoPublicKey as error:
            raise Unresolved(f"{where}: line {number} {error}.") from None
    return found
