"""Asking for host keys in the background: whom it wakes, when it asks again, and what it forgets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.support import waiting
from tests.unit.controllers.gpu_instance.reporting.test_host_key import ONE, OTHER
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON, wire
from tests.unit.support.parts import KEY, Woken

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.clock import SystemClock
from novita_operator.controllers.gpu_instance.reachability.introducing import Introductions, Pace
from novita_operator.machines import errors
from novita_operator.machines.host_keys import HostKey
from novita_operator.machines.login import Place
from novita_operator.novita.models import Instance

_NEVER = 3600.0
_OFTEN = 0.01


@dataclass
class Servers:
    """What each port shows; a machine that is away shows nothing."""

    shows: HostKey | None = ONE
    asked: list[Place] = field(default_factory=list)
    error: Exception = field(default_factory=lambda: errors.Unreachable("refuses the connection"))

    async def host_key(self, place: Place) -> HostKey:
        self.asked.append(place)
        if self.shows is None:
            raise self.error
        return self.shows


@asynccontextmanager
async def _at_work(servers: Servers, woken: Woken, **pace: float) -> AsyncIterator[Introductions]:
    made = Introductions(
        servers, woken, SystemClock(), Pace(**({"settled": _NEVER, "doubtful": _NEVER, "again": _NEVER} | pace)), 4
    )
    task = asyncio.create_task(made.run())
    yield made
    task.cancel()
    await asyncio.wait([task])


def _object(recorded: HostKey | None = None, **more: Any) -> GPUInstance:
    connection = a.a_connection(RUNNING) | {"endpoint": "proxy.example:32787"}
    if recorded is not None:
        connection["hostKey"] = {"fingerprint": recorded.fingerprint, "startedAt": wire(NOON)}
    status = {"instanceId": "i-1", "startedAt": wire(NOON), "connection": connection}
    return a.an_object(status=status | more.pop("status", {}), **more)


RUNNING: Instance = a.a_running_instance()


async def _until(fact: Callable[[], Any]) -> None:
    async def probe() -> bool:
        return bool(fact())

    await waiting.until(probe, "the looks have shown it", pause=_OFTEN)


async def test_an_instance_that_runs_is_asked_at_once_and_its_key_wakes_the_object() -> None:
    servers, woken = Servers(), Woken()

    async with _at_work(servers, woken) as made:
        first = made.follow(KEY, _object(), RUNNING, wanted=True)
        await _until(lambda: woken.keys)
        then = made.follow(KEY, _object(), RUNNING, wanted=True)

    assert (first.state, then.state, then.key) == ("Unseen", "First", ONE)
    assert servers.asked == [Place("proxy.example", 32787)]
    assert woken.keys == [KEY]


async def test_the_same_key_wakes_nobody_and_another_one_does() -> None:
    servers, woken = Servers(), Woken()

    async with _at_work(servers, woken, settled=_OFTEN) as made:
        made.follow(KEY, _object(ONE), RUNNING, wanted=True)
        await _until(lambda: len(servers.asked) > 3)
        before = len(woken.keys)
        servers.shows = OTHER
        await _until(lambda: len(woken.keys) > before)
        shown = made.follow(KEY, _object(ONE), RUNNING, wanted=True)

    assert before == 1  # the first look after a start of the process
    assert (shown.state, shown.key) == ("Changed", OTHER)


async def test_a_machine_that_is_away_is_asked_again_and_what_was_seen_stays() -> None:
    servers, woken = Servers(), Woken()

    async with _at_work(servers, woken, settled=_OFTEN, again=_OFTEN / 10) as made:
        made.follow(KEY, _object(ONE), RUNNING, wanted=True)
        await _until(lambda: woken.keys)
        servers.shows, servers.error = None, RuntimeError("a bug of a library")
        await _until(lambda: len(servers.asked) > 6)
        shown = made.follow(KEY, _object(ONE), RUNNING, wanted=True)

    assert shown.state == "Same"


@pytest.mark.parametrize(
    "other",
    [
        {"startedAt": "2026-11-24T13:00:00Z"},
        {"connection": a.a_connection(RUNNING) | {"endpoint": "proxy.example:40000"}},
    ],
    ids=["started again", "another address"],
)
async def test_a_look_at_another_start_or_place_says_nothing(other: dict[str, Any]) -> None:
    servers, woken = Servers(), Woken()

    async with _at_work(servers, woken) as made:
        made.follow(KEY, _object(), RUNNING, wanted=True)
        await _until(lambda: woken.keys)
        shown = made.follow(KEY, _object(status=other), RUNNING, wanted=True)
        await _until(lambda: len(servers.asked) == 2)

    assert shown.state == "Unseen"


async def test_a_person_who_asks_for_a_look_gets_one_now() -> None:
    servers, woken = Servers(), Woken()

    async with _at_work(servers, woken) as made:
        made.follow(KEY, _object(ONE), RUNNING, wanted=True)
        made._rounds.hasten(KEY)
        await _until(lambda: woken.keys)
        servers.shows = OTHER
        asked = _object(ONE, annotations={"gpu.novita.ai/reconcile-requested-at": "now"})
        made.follow(KEY, asked, RUNNING, wanted=True)
        await _until(lambda: len(woken.keys) == 2)

        assert made.follow(KEY, asked, RUNNING, wanted=True).state == "Changed"


async def test_after_a_restart_looks_at_known_machines_are_spread() -> None:
    servers, woken = Servers(), Woken()

    async with _at_work(servers, woken) as made:
        made.follow(KEY, _object(ONE), RUNNING, wanted=True)
        await asyncio.sleep(0)

    assert servers.asked == []


@pytest.mark.parametrize(
    ("instance", "wanted"), [(RUNNING, False), (None, True), (a.an_instance("exited"), True)], ids=str
)
async def test_nobody_asks_what_is_not_wanted_or_does_not_run(instance: Instance | None, wanted: bool) -> None:
    servers, woken = Servers(), Woken()

    async with _at_work(servers, woken, settled=_OFTEN) as made:
        made.follow(KEY, _object(), RUNNING, wanted=True)
        await _until(lambda: woken.keys)
        made.follow(KEY, _object(), instance, wanted=wanted)
        shown = made.known(KEY, _object())

    assert shown.state == "Unseen"
