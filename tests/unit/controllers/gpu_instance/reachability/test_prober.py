"""Looks in the background: what they wake, and what they follow. Names are played, sockets are real."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from tests.support import waiting
from tests.support.listeners import HttpListener
from tests.unit.support.parts import KEY, Woken

from novita_operator.clock import SystemClock
from novita_operator.controllers.gpu_instance.reachability.ports import Probed, Wanted
from novita_operator.controllers.gpu_instance.reachability.prober import Probing
from novita_operator.egress.guard import EVERYTHING
from novita_operator.egress.names import Names, PublicNames
from novita_operator.kube.cache import Key
from novita_operator.probes import targets
from novita_operator.probes.probing import PortProber
from novita_operator.probes.tally import Thresholds
from novita_operator.probes.targets import Target

_OFTEN = 0.01  # seconds between two looks


@dataclass
class Directory:
    """A name server: what it says can be changed, and it may be out of order."""

    addresses: list[str] = field(default_factory=lambda: ["203.0.113.7"])
    broken: bool = False
    asked: int = 0

    async def __call__(self, _: str) -> Sequence[str]:
        self.asked += 1
        if self.broken:
            raise OSError(-3, "Temporary failure in name resolution")
        return list(self.addresses)


@asynccontextmanager
async def _at_work(directory: Directory, woken: Woken, most: int = 8) -> AsyncIterator[Probing]:
    ticks = iter(range(1_000_000_000))
    # Every reading of this clock is a minute later: nothing is ever remembered.
    names = PublicNames(Names(monotonic=lambda: next(ticks) * 60.0, lookup=directory), EVERYTHING)
    probing = Probing(PortProber(names), names, woken, SystemClock(), most)
    task = asyncio.create_task(probing.run())
    yield probing
    task.cancel()
    await asyncio.wait([task])
    await probing.aclose()


def _wanted(*searched_at: Target, hosts: tuple[str, ...] = (), assumed: bool = False, timeout: float = 30.0) -> Wanted:
    return Wanted("uid", None, searched_at, hosts, _OFTEN, timeout, Thresholds(1, 2), assumed)


def _looked(probing: Probing, key: Key, wanted: Wanted) -> Probed | None:
    return probing._follow(key, wanted)


async def _until(fact: object) -> None:
    async def probe() -> bool:
        return bool(fact() if callable(fact) else fact)

    await waiting.until(probe, "the looks have shown it", pause=_OFTEN)


async def test_only_another_verdict_wakes_the_object() -> None:
    woken = Woken()
    async with HttpListener(401) as web, _at_work(Directory(), woken) as probing:
        wanted = _wanted(targets.http(8888, web.endpoint, "/"))
        probing._follow(KEY, wanted)
        await _until(lambda: web.answered >= 10)
        assert woken.keys == [KEY]

        web.status = 502
        await _until(lambda: len(woken.keys) == 2)
        seen = web.answered
        await _until(lambda: web.answered >= seen + 10)
        assert len(woken.keys) == 2
        probed = _looked(probing, KEY, wanted)
        assert probed is not None
        assert probed.tally.complaint == f"port 8888 ({web.endpoint}/) answers 502"


async def test_what_was_ready_before_a_restart_wakes_nobody_while_it_answers() -> None:
    woken = Woken()
    async with HttpListener() as web, _at_work(Directory(), woken) as probing:
        probing._follow(KEY, _wanted(targets.http(8888, web.endpoint, "/"), assumed=True))

        await _until(lambda: web.answered >= 5)

    assert woken.keys == []


async def test_an_object_that_is_forgotten_is_looked_at_no_more() -> None:
    async with HttpListener() as web, _at_work(Directory(), Woken()) as probing:
        web.hold_after(3)
        probing._follow(KEY, _wanted(targets.http(8888, web.endpoint, "/")))
        await _until(lambda: web.held == 1)
        probing.forget(KEY)
        web.go_on()
        await _until(lambda: web.held == 0)
        seen = len(web.requests)

        async with HttpListener() as other:
            later = Key("gpuinstances", "team", "later")
            probing._follow(later, _wanted(targets.http(8888, other.endpoint, "/")))
            await _until(lambda: other.answered >= 10)

        assert len(web.requests) == seen


async def test_addresses_of_a_name_are_followed() -> None:
    woken, directory = Woken(), Directory()
    async with _at_work(directory, woken) as probing:
        wanted = _wanted(hosts=("proxy.example",))
        probing._follow(KEY, wanted)
        await _until(lambda: len(woken.keys) == 1)
        first = _looked(probing, KEY, wanted)

        directory.addresses = ["203.0.113.9", "203.0.113.8"]
        await _until(lambda: len(woken.keys) == 2)
        second = _looked(probing, KEY, wanted)

    assert first is not None
    assert second is not None
    assert first.addresses == {"proxy.example": ("203.0.113.7",)}
    assert second.addresses == {"proxy.example": ("203.0.113.8", "203.0.113.9")}


async def test_the_addresses_of_before_stay_while_the_name_server_is_out_of_order() -> None:
    woken, directory = Woken(), Directory()
    async with _at_work(directory, woken) as probing:
        wanted = _wanted(hosts=("proxy.example",))
        probing._follow(KEY, wanted)
        await _until(lambda: len(woken.keys) == 1)

        directory.broken = True
        asked = directory.asked
        await _until(lambda: directory.asked >= asked + 5)
        probed = _looked(probing, KEY, wanted)

    assert probed is not None
    assert probed.addresses == {"proxy.example": ("203.0.113.7",)}
    assert len(woken.keys) == 1


async def test_a_name_that_never_resolved_is_told_once() -> None:
    woken, directory = Woken(), Directory(broken=True)
    async with _at_work(directory, woken) as probing:
        wanted = _wanted(hosts=("proxy.example",))
        probing._follow(KEY, wanted)
        await _until(lambda: directory.asked >= 5)
        probed = _looked(probing, KEY, wanted)

    assert probed is not None
    assert probed.addresses == {}
    assert "proxy.example, whose name cannot be resolved" in probed.nowhere["proxy.example"]
    assert len(woken.keys) == 1


async def test_no_more_objects_are_looked_at_at_once_than_allowed() -> None:
    async with HttpListener() as web, _at_work(Directory(), Woken(), most=2) as probing:
        web.hold_after(0)
        for number in range(6):
            key = Key("gpuinstances", "team", f"demo-{number}")
            probing._follow(key, _wanted(targets.http(8888, web.endpoint, f"/{number}")))
        await _until(lambda: web.held == 2)
        turns = 0
        # Whoever is ready to run has run by then.
        while turns < 100:
            await asyncio.sleep(0)
            turns += 1
        assert web.held == 2

        web.go_on()
        await _until(lambda: len({request.path for request in web.requests}) == 6)


async def test_many_silent_ports_are_told_in_one_bounded_sentence() -> None:
    woken = Woken()
    async with _at_work(Directory(addresses=["127.0.0.1"]), woken) as probing:
        closed = [targets.http(port, "http://127.0.0.1:1", "/" + "x" * 1000) for port in range(1, 9)]
        wanted = _wanted(*closed)
        probing._follow(KEY, wanted)
        await _until(lambda: woken.keys)
        probed = _looked(probing, KEY, wanted)

    assert probed is not None
    assert probed.tally.complaint.endswith("and 5 more")
    assert len(probed.tally.complaint) < 800


async def test_a_look_that_ends_in_a_bug_is_a_failed_look_and_not_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(PortProber, "probe", broken)
    woken = Woken()
    async with _at_work(Directory(), woken) as probing:
        wanted = _wanted(targets.tcp(22, "127.0.0.1:22"))
        probing._follow(KEY, wanted)
        await _until(lambda: woken.keys)
        probed = _looked(probing, KEY, wanted)

    assert probed is not None
    assert "cannot be looked at (KeyError)" in probed.tally.complaint
