"""Names at Novita: the only idempotency key that its API leaves us (novita-api 1.8).

`nvo-<cluster8>-<uid26>`: the same for every attempt of one object, so that "how many instances
carry this name" is the duplicate oracle; an instance is ours only if prefix and cluster id match.
"""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
from dataclasses import dataclass

from novita_operator.api import meta

_CLUSTER_CHARS = 8  # 40 bits: two clusters of one account collide once in a trillion pairs
_UID_CHARS = 26  # 128 bits in base32 without padding
# The mark of the cluster, and 40 bits of the UID: of the objects of one account, no two share that by accident.
_TELLING_CHARS = len(meta.NAME_PREFIX) + 1 + _CLUSTER_CHARS + 1 + 8
_OURS = re.compile(rf"{meta.NAME_PREFIX}-(?P<cluster>[a-z2-7]{{{_CLUSTER_CHARS}}})-(?P<uid>[a-z2-7]{{{_UID_CHARS}}})")


def cluster_id(kube_system_uid: str) -> str:
    """Eight base32 characters that name a cluster, from the UID of its `kube-system` namespace."""
    digest = hashlib.sha256(kube_system_uid.encode()).digest()
    return base64.b32encode(digest).decode().lower()[:_CLUSTER_CHARS]


def prefix(cluster: str) -> str:
    """What the names of all instances of one cluster start with."""
    return f"{meta.NAME_PREFIX}-{cluster}-"


def instance_name(cluster: str, uid: str) -> str:
    """The name at Novita of the object with this UID."""
    return prefix(cluster) + base64.b32encode(uuid.UUID(uid).bytes).decode().lower().rstrip("=")


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one operator. `former`: cluster ids that it had before, and that an administrator has accepted."""

    cluster: str
    former: frozenset[str] = frozenset()

    def of(self, uid: str, recorded: str | None) -> str:
        """What the instance of this object is called: as recorded, if that carries its UID, whatever the cluster id."""
        if recorded is not None and uid_in(recorded) == uid:
            return recorded
        return instance_name(self.cluster, uid)

    def marks(self, name: str) -> bool:
        """Whether a name carries one of our cluster ids."""
        return any(name.startswith(prefix(each)) for each in (self.cluster, *self.former))

    def owner_uid(self, name: str) -> str | None:
        """The UID of the object that a name belongs to; None where the name is not ours."""
        return uid_in(name) if self.marks(name) else None

    def unaccepted(self, name: str) -> str | None:
        """The cluster id in a name of the right form, where it is neither ours nor accepted."""
        found = _OURS.fullmatch(name)
        return found["cluster"] if found is not None and not self.marks(name) else None


def uid_in(name: str) -> str | None:
    """The UID in a name, whatever cluster it is of; None where it is no name of ours."""
    found = _OURS.fullmatch(name)
    if found is None:
        return None
    try:
        return str(uuid.UUID(bytes=base64.b32decode(found["uid"].upper() + "======")))
    except ValueError:
        return None


def resembles(name: str, shown: str) -> bool:
    """Whether `shown` may be this name in another rendering: cut, with something added, or in another case."""
    said = shown.strip().lower()
    return name in said or (len(said) >= _TELLING_CHARS and name.startswith(said))


def is_anothers(name: str, shown: str, *, ours_seen: bool = False) -> bool:
    """Whether an instance that is shown so is not the one of this name, but that of another object or of somebody else.

    A name that no operator has given proves nothing, unless ours was seen under its own: then it is no rendering of it.
    """
    if resembles(name, shown):
        return False
    return is_an_operators(shown.strip().lower()) or (ours_seen and bool(shown))


def is_an_operators(name: str) -> bool:
    """Whether an operator has given this name, of whatever cluster."""
    return name.startswith(f"{meta.NAME_PREFIX}-")
