"""How to get in to a machine: what its connection Secret says now."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import SecretStr

from novita_operator.kube import bodies
from novita_operator.kube.belongings import Belongings
from novita_operator.machines import errors
from novita_operator.machines.login import Login, Place


@dataclass(frozen=True, slots=True)
class Door:
    """Where that is written, and who must answer. None: not known yet."""

    namespace: str
    secret: str | None
    """The connection Secret of the instance."""
    owner_uid: str
    """The GPUInstance that it must belong to."""
    fingerprint: str | None
    """Of the only host key that is talked to."""


async def login(belongings: Belongings, door: Door) -> Login:
    """Read each time: every start changes it. Raises Unreachable where it says nothing yet, and kube errors."""
    if door.secret is None:
        raise errors.Unreachable("has no ssh address yet")
    if door.fingerprint is None:
        raise errors.Unreachable("has not shown an ssh host key yet")
    found = await belongings.find("Secret", door.namespace, door.secret)
    if found is None or door.owner_uid not in bodies.owner_uids(found):
        raise errors.Unreachable(f"has no connection Secret {door.secret}")
    entries = bodies.content_of_secret(found).entries
    place = Place.parse(f"{entries.get('host', '')}:{entries.get('port', '')}")
    if place is None or not entries.get("username"):
        raise errors.Unreachable(f"has no ssh address in Secret {door.secret}")
    return Login(place, entries["username"], SecretStr(entries.get("password", "")), door.fingerprint)
