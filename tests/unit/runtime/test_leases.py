"""Leadership: two processes, one Lease, and clocks that a test turns. The API server is a dict that checks versions."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from tests.unit.support.parts import HandClock

from novita_operator.kube import errors
from novita_operator.kube.client import KubeClient
from novita_operator.runtime.leases import Lease

_DURATION = 60.0


@dataclass
class ApiServer:
    """One Lease, with the rule that makes it one: a write must know the newest version."""

    stored: dict[str, Any] | None = None
    down: bool = False
    writes: int = field(default=0)

    async def get_lease(self, _namespace: str, _name: str) -> dict[str, Any]:
        self._check()
        if self.stored is None:
            raise errors.NotFound("no Lease")
        return copy.deepcopy(self.stored)

    async def create_lease(self, body: dict[str, Any]) -> dict[str, Any]:
        self._check()
        if self.stored is not None:
            raise errors.Conflict("exists")
        return self._store(body)

    async def replace_lease(self, body: dict[str, Any]) -> dict[str, Any]:
        self._check()
        if self.stored is None or body["metadata"]["resourceVersion"] != self.stored["metadata"]["resourceVersion"]:
            raise errors.Conflict("somebody was faster")
        return self._store(body)

    def _check(self) -> None:
        if self.down:
            raise errors.Unreachable("down")

    def _store(self, body: dict[str, Any]) -> dict[str, Any]:
        self.writes += 1
        self.stored = copy.deepcopy(body)
        self.stored["metadata"]["resourceVersion"] = str(self.writes)
        return copy.deepcopy(self.stored)


def _lease(server: ApiServer, clock: HandClock, holder: str, lost: list[str] | None = None) -> Lease:
    told = lost if lost is not None else []
    kube = cast("KubeClient", server)
    return Lease(kube, "novita-system", "novita-operator", holder, _DURATION, clock, lambda: told.append(holder))


async def test_the_first_process_leads_and_the_second_waits() -> None:
    server, clock = ApiServer(), HandClock()
    first, second = _lease(server, clock, "a"), _lease(server, clock, "b")

    assert await first._try()
    assert not await second._try()
    assert first.margin == _DURATION


async def test_a_holder_that_renews_is_never_replaced() -> None:
    server, clock = ApiServer(), HandClock()
    first, second = _lease(server, clock, "a"), _lease(server, clock, "b")
    await first._try()

    for _ in range(20):
        clock.turned += first.pause
        assert await first._try()
        assert not await second._try()


async def test_a_silent_holder_is_replaced_after_the_duration_and_not_before() -> None:
    server, clock = ApiServer(), HandClock()
    first, second = _lease(server, clock, "a"), _lease(server, clock, "b")
    await first._try()
    await second._try()

    clock.turned += _DURATION - 1
    assert not await second._try()
    clock.turned += 1
    assert await second._try()
    assert first.margin <= 0


async def test_a_released_lease_is_taken_at_once() -> None:
    server, clock = ApiServer(), HandClock()
    first, second = _lease(server, clock, "a"), _lease(server, clock, "b")
    await first._try()

    await first.release()

    assert first.margin < 0
    assert await second._try()


async def test_margins_count_from_the_start_of_a_renewal_that_worked() -> None:
    server, clock = ApiServer(), HandClock()
    lease = _lease(server, clock, "a")
    await lease._try()

    clock.turned += 10
    server.down = True
    assert not await lease._try()

    assert lease.margin == _DURATION - 10


@pytest.mark.parametrize("jump", [-3600, 3600])
async def test_a_wall_clock_that_jumps_changes_nothing(jump: float) -> None:
    server, clock = ApiServer(), HandClock()
    first, second = _lease(server, clock, "a"), _lease(server, clock, "b")
    await first._try()
    await second._try()

    clock.jumped += jump

    assert not await second._try()
    assert first.margin == _DURATION


async def test_who_cannot_renew_gives_up_before_anybody_else_may_begin() -> None:
    server, clock = ApiServer(), HandClock()
    first = _lease(server, clock, "a")
    await first._try()
    server.down = True

    clock.turned += _DURATION * 5 / 6 - 1
    assert not first._taken_or_late()
    clock.turned += 1
    assert first._taken_or_late()
    assert first.margin > 0


async def test_who_sees_another_holder_gives_up_at_once() -> None:
    server, clock = ApiServer(), HandClock()
    first, second = _lease(server, clock, "a"), _lease(server, clock, "b")
    await first._try()
    await second._try()
    clock.turned += _DURATION
    await second._try()

    assert not await first._try()
    assert first._taken_or_late()
