"""Whose child a GPUInstance is: by its ownerReference, and where that is lost, by what else is known of it.

`kubectl replace` drops ownerReferences and labels, and the instance goes on costing: so its owner takes it back, as a
ReplicaSet adopts matching pods of no other owner.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from novita_operator.api import kinds, meta
from novita_operator.api.kinds import Kind
from novita_operator.kube import errors
from novita_operator.kube.cache import Cache, key_of
from novita_operator.kube.client import KubeClient
from novita_operator.reconciling import owned

logger = logging.getLogger(__name__)

Body = dict[str, Any]
_INSTANCE = kinds.GPU_INSTANCE
# The status of a child says the same a second after it was made: this bridges that second.
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a child beside its metadata. `labels`: those by which its owner finds it."""

    owner: str
    labels: dict[str, str]


@dataclass(frozen=True, slots=True)
class Claims:
    """Claims the children of the owners of one kind. `label` carries the owner's name on each of them.

    `adopts`: whether orphans with that label belong to whoever has the name now.
    """

    kube: KubeClient
    cache: Cache
    kind: Kind
    label: str
    adopts: bool
    _known: OrderedDict[str, Known] = field(default_factory=OrderedDict)

    def has(self, body: Body, owner_uid: str) -> bool:
        """Whether the ownerReference says so."""
        found = owned.controller(body)
        return found is not None and found.get("uid") == owner_uid

    async def claim(self, body: Body, owner: meta.Meta) -> Body | None:
        """The child with all that its owner finds it by; None where it is not this owner's. Raises kube errors."""
        known = self._of(body)
        if self.has(body, owner.uid):
            lost = {name: value for name, value in known.labels.items() if name not in owned.labels_of(body)}
            self._remember(body, owner.uid, known.labels | owned.labels_of(body))
            return await self._put_back(body, lost, owner) if lost else body
        if owned.controller(body) is not None or not self._is_mine(body, known, owner):
            return None
        if not await self._may_claim(owner):
            return None
        child = key_of(_INSTANCE.plural, body)
        logger.warning("%s: had no owner any more; it is that of %s %s", child, self.kind.name, owner.name)
        labels = {name: value for name, value in known.labels.items() if known.owner == owner.uid}
        return await self._put_back(body, {self.label: owner.name} | labels, owner)

    def _is_mine(self, body: Body, known: Known, owner: meta.Meta) -> bool:
        """An orphan that is known to be this owner's, or carries its label. Another value there lets it go."""
        said = owned.labels_of(body).get(self.label)
        if said is None:
            return known.owner == owner.uid
        if said != owner.name or known.owner == owner.uid:
            return said == owner.name
        going = "deletionTimestamp" in body["metadata"]
        return self.adopts and not going and not owner.paused

    def _of(self, body: Body) -> Known:
        """Its status outlives this process; what this process has seen is newer."""
        recorded, uid = owned.recorded(body), body["metadata"]["uid"]
        seen = self._known.get(uid)
        if seen is not None:
            return seen
        labels = recorded.get("labels")
        return Known(str(recorded.get("uid", "")), dict(labels) if isinstance(labels, dict) else {})

    def _remember(self, body: Body, owner_uid: str, labels: dict[str, str]) -> None:
        uid, known = body["metadata"]["uid"], Known(owner_uid, labels)
        if self._known.get(uid) == known:
            return
        self._known[uid] = known
        self._known.move_to_end(uid)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    async def _may_claim(self, owner: meta.Meta) -> bool:
        """Whether the owner lives, by the API server's own copy: one that is deleted lets its orphans go."""
        try:
            fresh = await self.kube.get(self.kind, owner.namespace, owner.name)
        except errors.NotFound:
            return False
        at = fresh["metadata"]
        return bool(at["uid"] == owner.uid) and "deletionTimestamp" not in at

    async def _put_back(self, body: Body, labels: dict[str, str], owner: meta.Meta) -> Body:
        at = meta.Meta.parse(body["metadata"])
        others = [each for each in body["metadata"].get("ownerReferences") or [] if not each.get("controller")]
        references = [*others, owned.reference(self.kind.name, owner)]
        written = await self.kube.patch_metadata(_INSTANCE, at, labels=labels, owner_references=references)
        self.cache.wrote(key_of(_INSTANCE.plural, written), written)
        self._remember(written, owner.uid, owned.labels_of(written))
        return written
