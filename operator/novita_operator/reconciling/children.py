"""The GPUInstances of an owner: read from etcd on first sight, from the cache afterwards; made and deleted."""

from __future__ import annotations

from typing import Any

from novita_operator import crashpoints
from novita_operator.api import kinds, meta
from novita_operator.kube import errors
from novita_operator.kube.cache import Cache, Key, key_of
from novita_operator.kube.client import KubeClient

Body = dict[str, Any]
KIND = kinds.GPU_INSTANCE


class Children:
    """Children of the owners of one kind. `label` carries the owner's name on each of them.

    The watch of the children may be behind the one of their owners, above all after a start: so an owner's children are
    first read from etcd, once, and then kept by the watch and by the answers to our own writes.
    """

    def __init__(self, kube: KubeClient, cache: Cache, label: str) -> None:
        self._kube = kube
        self._cache = cache
        self._label = label
        self._known_of: set[str] = set()

    async def of(self, owner: meta.Meta) -> tuple[Body, ...]:
        """All children, those that are being deleted included, by name. Raises kube errors."""
        if owner.uid not in self._known_of:
            await self.look(owner)
        held = (body for _, body in self._cache.of_kind(KIND.plural))
        mine = [body for body in held if _belongs_to(body, owner.uid)]
        return tuple(sorted(mine, key=lambda body: str(body["metadata"]["name"])))

    async def look(self, owner: meta.Meta) -> None:
        """Read them from etcd. Raises kube errors."""
        for body in await self._kube.list_labelled(KIND, owner.namespace, {self._label: owner.name}):
            self._cache.put(key_of(KIND.plural, body), body)
        self._known_of.add(owner.uid)

    async def make(self, body: Body, owner: meta.Meta) -> str | None:
        """Create it; that it exists already is as good. Raises kube errors.

        Returns who has the name instead, where it is somebody else's.
        """
        key = key_of(KIND.plural, body)
        try:
            crashpoints.reached("child.before-create")
            made = await self._kube.create(KIND, body)
            crashpoints.reached("child.after-create")
        except errors.Conflict:
            made = await self._kube.get(KIND, key.namespace, key.name)
        self._cache.put(key, made)
        return None if _belongs_to(made, owner.uid) else f"GPUInstance {key.name}"

    async def delete(self, name: str, uid: str, owner: meta.Meta) -> None:
        """Ask for the deletion of this very object; its finalizer does the rest. Raises kube errors."""
        key = Key(KIND.plural, owner.namespace, name)
        try:
            crashpoints.reached("child.before-delete")
            left = await self._kube.delete(KIND, owner.namespace, name, uid=uid)
            crashpoints.reached("child.after-delete")
        except errors.NotFound:
            self._cache.remove(key, uid)
            return
        if left is None:
            self._cache.remove(key, uid)
        else:
            self._cache.put(key, left)

    async def find(self, owner: meta.Meta, name: str) -> Body | None:
        """The API server's own copy of one child, which then is in the cache, too. Raises kube errors."""
        key = Key(KIND.plural, owner.namespace, name)
        try:
            found = await self._kube.get(KIND, owner.namespace, name)
        except errors.NotFound:
            held = self._cache.find(key)
            if held is not None:
                self._cache.remove(key, held["metadata"]["uid"])
            return None
        self._cache.put(key, found)
        return found if _belongs_to(found, owner.uid) else None

    def taken(self, namespace: str, owner_uid: str) -> frozenset[str]:
        """Names of objects in this namespace that do not belong to the owner."""
        held = (body for key, body in self._cache.of_kind(KIND.plural) if key.namespace == namespace)
        return frozenset(str(body["metadata"]["name"]) for body in held if not _belongs_to(body, owner_uid))

    def forget(self, uid: str) -> bool:
        """The owner is gone, or somebody else's. True if it was known."""
        known = uid in self._known_of
        self._known_of.discard(uid)
        return known


def _belongs_to(body: Body, uid: str) -> bool:
    references = body["metadata"].get("ownerReferences") or []
    return any(reference.get("controller") and reference.get("uid") == uid for reference in references)
