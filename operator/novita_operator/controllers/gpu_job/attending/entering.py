"""How to get in to the machine of an attempt: what its connection Secret says now."""

from __future__ import annotations

from pydantic import SecretStr

from novita_operator.controllers.gpu_job.observing.program import Wanted
from novita_operator.kube import bodies
from novita_operator.kube.belongings import Belongings
from novita_operator.machines import errors
from novita_operator.machines.login import Login, Place


async def login(belongings: Belongings, namespace: str, wanted: Wanted) -> Login:
    """Read each time: every start changes it. Raises Unreachable where it says nothing yet, and kube errors."""
    if wanted.secret is None:
        raise errors.Unreachable("has no ssh address yet")
    if wanted.fingerprint is None:
        raise errors.Unreachable("has not shown an ssh host key yet")
    found = await belongings.find("Secret", namespace, wanted.secret)
    if found is None or wanted.instance_uid not in bodies.owner_uids(found):
        raise errors.Unreachable(f"has no connection Secret {wanted.secret}")
    entries = bodies.content_of_secret(found).entries
    place = Place.parse(f"{entries.get('host', '')}:{entries.get('port', '')}")
    if place is None or not entries.get("username"):
        raise errors.Unreachable(f"has no ssh address in Secret {wanted.secret}")
    return Login(place, entries["username"], SecretStr(entries.get("password", "")), wanted.fingerprint)
