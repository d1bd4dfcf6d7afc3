"""Simulated machines that are real, and our own client before them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.simulator import landlord
from tests.simulator.guest import Guest
from tests.simulator.landlord import Landlord

from novita_operator.egress.guard import EVERYTHING
from novita_operator.egress.names import Names, PublicNames
from novita_operator.machines.dialing import Dialer, Patience
from novita_operator.machines.login import Login, Place
from novita_operator.machines.pool import Pool

LONG = Patience(connect=60.0)
SHORT = Patience(connect=1.0, silent=0.3, silences=1)


async def _everything_is_here(_: str) -> Sequence[str]:
    return ["127.0.0.1"]


def dialer(patience: Patience = LONG) -> Dialer:
    """Ours; every name leads to this machine."""
    return Dialer(PublicNames(Names(monotonic=time.monotonic, lookup=_everything_is_here), EVERYTHING), patience)


@dataclass(frozen=True)
class Rented:
    """One machine, and what the operator knows of it."""

    home: Landlord
    instance_id: str
    guest: Guest
    login: Login

    @property
    def folder(self) -> Path:
        return self.home.home(self.instance_id)


async def rented(home: Landlord, patience: Patience = LONG, **order: object) -> Rented:
    """An instance that runs, with the host key that it shows."""
    instance_id, guest = await home.running(**order)
    place = Place(guest.host, int(guest.port))
    key = await dialer(patience).host_key(place)
    return Rented(home, instance_id, guest, Login(place, guest.user, SecretStr(guest.password), key.fingerprint))


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Landlord]:
    async with landlord.moved_in(tmp_path) as there:
        yield there


@pytest.fixture
async def machine(home: Landlord) -> Rented:
    return await rented(home)


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    made = Pool(dialer())
    yield made
    await made.aclose()
