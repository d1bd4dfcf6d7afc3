"""The GPUInstances of an owner: read from etcd on first sight, from the cache afterwards; made and deleted."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

from novita_operator import crashpoints
from novita_operator.api import kinds, meta
from novita_operator.kube import errors
from novita_operator.kube.cache import Cache, Key, key_of
from novita_operator.kube.client import KubeClient
from novita_operator.reconciling import owned
from novita_operator.reconciling.claims import Claims

Body = dict[str, Any]
KIND = kinds.GPU_INSTANCE


class Children:
    """Children of the owners of one kind. `label` carries the owner's name on each of them.

    The watch of the children may be behind the one of their owners, above all after a start: so an owner's children are
    first read from etcd, once, and then kept by the watch and by the answers to our own writes. Those that have lost
    their labels are found by reading each namespace whole, once: after a start all owners ask at the same moment, and
    share that reading.
    """

    def __init__(self, kube: KubeClient, cache: Cache, label: str, claims: Claims) -> None:
        self._kube = kube
        self._cache = cache
        self._label = label
        self._claims = claims
        self._known_of: set[str] = set()
        self._read_whole: set[str] = set()
        self._reading: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def of(self, owner: meta.Meta) -> tuple[Body, ...]:
        """All children, those that are being deleted included, by name. Raises kube errors."""
        if owner.uid not in self._known_of:
            await self._meet(owner)
        held = self._cache.in_namespace(KIND.plural, owner.namespace)
        mine = [claimed for _, body in held if (claimed := await self._claims.claim(body, owner)) is not None]
        return tuple(sorted(mine, key=lambda body: str(body["metadata"]["name"])))

    async def refresh(self, owner: meta.Meta) -> None:
        """Read those that bear the owner's label from etcd. Raises kube errors."""
        for body in await self._kube.list_labelled(KIND, owner.namespace, {self._label: owner.name}):
            self._cache.put(key_of(KIND.plural, body), body)
        self._known_of.add(owner.uid)

    async def _meet(self, owner: meta.Meta) -> None:
        """On first sight."""
        if owner.namespace in self._read_whole:
            await self.refresh(owner)
            return
        async with self._reading[owner.namespace]:
            if owner.namespace not in self._read_whole:
                await self._read(owner.namespace)
        self._known_of.add(owner.uid)

    async def _read(self, namespace: str) -> None:
        async for body in self._kube.each(KIND, (namespace,)):
            self._cache.put(key_of(KIND.plural, body), body)
        self._read_whole.add(namespace)

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
        return None if await self._claims.claim(made, owner) is not None else f"GPUInstance {key.name}"

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
        return await self._claims.claim(found, owner)

    def is_leaving(self, owner: meta.Meta, name: str) -> bool:
        """Whether who has the name goes by itself: it is being deleted, or its owner was of the owner's name."""
        held = self._cache.find(Key(KIND.plural, owner.namespace, name))
        if held is None:
            return True
        known = owned.controller(held)
        earlier = known is not None and known.get("name") == owner.name and known.get("kind") == self._claims.kind.name
        return earlier or "deletionTimestamp" in held["metadata"]

    def taken(self, namespace: str, owner_uid: str) -> frozenset[str]:
        """Names of objects in this namespace that do not belong to the owner."""
        held = self._cache.in_namespace(KIND.plural, namespace)
        return frozenset(str(body["metadata"]["name"]) for _, body in held if not self._claims.has(body, owner_uid))

    def forget(self, uid: str) -> bool:
        """The owner is gone, or somebody else's. True if it was known."""
        known = uid in self._known_of
        self._known_of.discard(uid)
        return known
