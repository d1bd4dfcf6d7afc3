"""The host key of an instance's ssh server: which one is trusted, and what another one means. Pure.

The first key that is shown after a start, upgrade or migration by the operator itself is recorded; any other one later
is told, and no password is sent there, until a person says that it is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from novita_operator.api import meta
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import GPUInstanceStatus
from novita_operator.controllers.gpu_instance.reachability import connection
from novita_operator.machines.host_keys import HostKey
from novita_operator.machines.login import Place
from novita_operator.novita.models import Instance, InstanceState


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be looked at. A look at another start says nothing about this one."""

    uid: str
    place: Place
    started_at: datetime | None
    """By our own calls."""
    instance_started_at: datetime | None
    """By Novita's word."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the last look means. `Unseen`: there was none yet; `First`: nothing is recorded, or a person trusts it.

    `why`: what the last look met instead of a key, completing "Instance i-1 …".
    """

    state: Literal["Unseen", "First", "Same", "Changed"] = "Unseen"
    key: HostKey | None = None
    why: str = ""


UNSEEN = Shown()


def wanted(resource: GPUInstance, instance: Instance | None) -> Wanted | None:
    """None while it does not run, or its address is not known."""
    status = resource.status
    known = status.connection
    if instance is None or instance.state is not InstanceState.RUNNING or known is None:
        return None
    place = Place.parse(known.endpoint)
    if place is None or not connection.is_current(status, instance):
        return None
    return Wanted(resource.meta.uid, place, status.started_at, known.instance_started_at)


def recorded(status: GPUInstanceStatus) -> str | None:
    """The fingerprint that counts; what was recorded before the last start by the operator counts no longer."""
    found = status.connection.host_key if status.connection is not None else None
    return found.fingerprint if found is not None and found.started_at == status.started_at else None


def judge(resource: GPUInstance, key: HostKey | None, why: str = "") -> Shown:
    """What the key of the last look means; None: there was no look that counts."""
    if key is None:
        return Shown(why=why)
    known, trusted = recorded(resource.status), resource.meta.annotations.get(meta.TRUST_HOST_KEY, "").strip()
    if known == key.fingerprint:
        return Shown("Same", key)
    return Shown("First" if known is None or trusted == key.fingerprint else "Changed", key)
