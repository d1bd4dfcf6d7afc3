"""The poll: one list for all objects of an account, when it is due, and a word to those whom it concerns."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx
import pytest
import respx
from pydantic import SecretStr
from tests.unit.support import parts
from tests.unit.support.builders import NAME, NAMES
from tests.unit.support.parts import HandClock, Woken

from novita_operator.controllers.novita_account.polling.poller import Pace, Poller
from novita_operator.kube.cache import Key
from novita_operator.metrics import Metrics
from novita_operator.novita import errors
from novita_operator.novita.account import NovitaAccountClient
from novita_operator.reconciling.account_health import Healthy, KeyMissing, KeyRejected, NotPolled, Unreachable
from novita_operator.runtime.accounts.account import Account
from novita_operator.runtime.accounts.pause import Need
from novita_operator.runtime.accounts.registry import Accounts

DEMO, OTHER = Key("gpuinstances", "team", "demo"), Key("gpuinstances", "team", "other")
PREFIX = "nvo-abcdefgh-"
NEED = Need("rent", "4090", "RTX 4090 24GB", "AS-SGP-02", "OnDemand", 1, Decimal("0.35"))
POOR, FULL = errors.InsufficientBalance("not enough"), errors.QuotaExceeded("limit reached")
PACE = Pace(moving=2, settled=30, rejected=60, everything=1000)


@dataclass
class Novita:
    """What the account's list and balance answer, and which lists were asked for."""

    instances: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    balance_status: int = 200
    available: str = "210060"
    asked: list[str] = field(default_factory=list)

    def listed(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.params.get("name", "everything"))
        if self.status != 200:
            return httpx.Response(self.status, json={"reason": "UNAUTHORIZED" if self.status == 401 else "DOWN"})
        return httpx.Response(200, json={"instances": self.instances, "total": str(len(self.instances))})

    def balance(self, _: httpx.Request) -> httpx.Response:
        return httpx.Response(self.balance_status, json={"availableBalance": self.available})


@dataclass
class World:
    novita: Novita
    account: Account
    accounts: Accounts
    poller: Poller
    clock: HandClock
    woken: Woken

    async def tick(self, after: float = 0) -> bool:
        self.clock.turned += after
        self.woken.keys.clear()
        return await self.poller.tick(self.account)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    clock, woken, novita = HandClock(), Woken(), Novita()
    account = parts.an_account()
    account.health = NotPolled()
    account.client = NovitaAccountClient.open(
        base_url="http://novita.example", api_key=SecretStr("sk_canary_key"), max_retries=0, clock=clock
    )
    accounts = Accounts()
    accounts.put(account)
    accounts.claim(NAME, DEMO)
    poller = Poller(accounts, NAMES, PACE, clock, Metrics(), woken)
    with respx.mock(base_url="http://novita.example", assert_all_called=False) as mock:
        mock.get(path__regex="gpu/instances").mock(side_effect=novita.listed)
        mock.get(path__regex="balance").mock(side_effect=novita.balance)
        yield World(novita, account, accounts, poller, clock, woken)
    await account.client.aclose()


def listed(name: str = NAME, instance_id: str = "i-1", status: str = "running") -> dict[str, Any]:
    return {"id": instance_id, "name": name, "status": status}


# --- When -----------------------------------------------------------------------------------------------------------


async def test_the_first_poll_is_made_at_once_and_the_next_when_it_is_due(world: World) -> None:
    made = [await world.tick(), await world.tick(), await world.tick(29.9), await world.tick(0.1)]

    assert made == [True, False, False, True]
    assert isinstance(world.account.health, Healthy)


async def test_the_poll_is_fast_while_anything_moves(world: World) -> None:
    await world.tick()
    world.account.set_moving(DEMO, moving=True)

    assert [await world.tick(1.9), await world.tick(0.1), await world.tick(1.9), await world.tick(0.1)] == [
        False,
        True,
        False,
        True,
    ]

    world.account.set_moving(DEMO, moving=False)
    assert [await world.tick(2), await world.tick(28)] == [False, True]


async def test_a_refused_key_is_tested_ever_more_rarely_whatever_moves(world: World) -> None:
    world.novita.status = 401
    await world.tick()
    world.account.set_moving(DEMO, moving=True)

    assert isinstance(world.account.health, KeyRejected)
    for pause in (2, 4, 8, 16, 32, 60, 60):
        assert [await world.tick(pause - 0.1), await world.tick(0.1)] == [False, True]


async def test_after_a_stray_refusal_the_account_works_again_soon(world: World) -> None:
    world.novita.status = 401
    await world.tick()
    world.novita.status = 200

    assert await world.tick(2)

    assert isinstance(world.account.health, Healthy)


@pytest.mark.parametrize(("answer", "health"), [(200, Healthy), (401, KeyRejected), (403, KeyRejected)])
async def test_the_poll_after_a_refused_call_of_an_object_judges_the_key(
    world: World, answer: int, health: type[object]
) -> None:
    await world.tick()
    world.novita.status = answer

    world.account.poll_by(world.clock.monotonic())

    assert await world.tick(PACE.moving)
    assert isinstance(world.account.health, health)


@pytest.mark.parametrize("status", [200, 500])
async def test_however_often_a_poll_is_asked_for_there_is_none_sooner_than_the_fast_pace(
    world: World, status: int
) -> None:
    world.novita.status = status
    await world.tick()
    made = []

    for _ in range(20):
        world.account.poll_by(world.clock.monotonic())
        made.append(await world.tick(0.5))

    assert made == [False, False, False, True] * 5


async def test_another_key_is_tested_at_once(world: World) -> None:
    await world.tick()
    world.account.health = NotPolled()
    world.account.poll_by(world.clock.monotonic())

    assert await world.tick()


async def test_an_account_that_is_down_is_not_polled_fast(world: World) -> None:
    world.novita.status = 500
    await world.tick()
    world.account.set_moving(DEMO, moving=True)

    assert isinstance(world.account.health, Unreachable)
    assert [await world.tick(29.9), await world.tick(0.1)] == [False, True]


async def test_without_a_key_there_is_nothing_to_ask(world: World) -> None:
    world.account.health = KeyMissing("No key.")

    assert not await world.tick()
    assert world.novita.asked == []


async def test_two_polls_of_one_account_never_run_at_once(world: World) -> None:
    world.account.polling = True

    assert not await world.tick()


# --- What -----------------------------------------------------------------------------------------------------------


async def test_everything_is_read_first_and_then_our_own_only(world: World) -> None:
    world.novita.instances = [listed(), listed("somebody-elses", "i-2")]

    for after in (0, 30, 30):
        await world.tick(after)

    assert world.novita.asked == ["everything", PREFIX, PREFIX]
    assert world.account.snapshot is not None
    assert world.account.everything is not None
    assert [each.id for each in world.account.everything] == ["i-1", "i-2"]


async def test_only_our_own_are_in_the_snapshot(world: World) -> None:
    world.novita.instances = [listed(), listed("somebody-elses", "i-2"), listed("nvo-zzzzzzzz-x", "i-3")]
    await world.tick()

    assert world.account.snapshot is not None
    assert set(world.account.snapshot.instances) == {"i-1"}


async def test_adopted_instances_are_seen_by_every_poll(world: World) -> None:
    world.account.adopted.add("i-2")
    world.novita.instances = [listed("by-hand", "i-2")]

    for after in (0, 30):
        await world.tick(after)

    assert world.novita.asked == ["everything", "everything"]
    assert world.account.snapshot is not None
    assert set(world.account.snapshot.instances) == {"i-2"}


async def test_the_balance_comes_with_everything(world: World) -> None:
    await world.tick()

    assert world.account.balance is not None
    assert world.account.balance.available == Decimal("21.006")


async def test_an_account_whose_balance_cannot_be_read_still_works(world: World) -> None:
    world.novita.balance_status = 500

    await world.tick()

    assert isinstance(world.account.health, Healthy)
    assert world.account.snapshot is not None


async def test_a_poll_that_fails_keeps_the_last_snapshot(world: World) -> None:
    world.novita.instances = [listed()]
    await world.tick()
    before, number = world.account.snapshot, world.account.snapshot_poll

    world.novita.status = 500
    await world.tick(30)

    assert (world.account.snapshot, world.account.snapshot_poll) == (before, number)
    assert world.account.polls_begun > number


async def test_an_outage_began_when_it_began(world: World) -> None:
    world.novita.status = 500
    await world.tick()
    first = world.account.health
    await world.tick(30)

    assert isinstance(first, Unreachable)
    assert isinstance(world.account.health, Unreachable)
    assert world.account.health.since == first.since


async def test_messages_say_what_to_do_and_hold_no_key(world: World) -> None:
    world.novita.status = 401
    await world.tick()
    refused = world.account.health
    world.novita.status = 500
    await world.tick(60)
    down = world.account.health

    assert isinstance(refused, KeyRejected)
    assert "Put a valid key into its Secret; it is tested again within 60 s" in refused.message
    assert isinstance(down, Unreachable)
    assert 'could not be reached for NovitaAccount "default"' in down.message
    assert "canary" not in f"{refused}{down}"


# --- Whom -----------------------------------------------------------------------------------------------------------


async def test_only_objects_whose_instance_changed_are_woken(world: World) -> None:
    world.accounts.claim("nvo-abcdefgh-other", OTHER)
    world.novita.instances = [listed(), listed("nvo-abcdefgh-other", "i-2"), listed("nvo-abcdefgh-unclaimed", "i-3")]
    await world.tick()
    first = sorted(world.woken.keys)

    await world.tick(30)
    unchanged = list(world.woken.keys)

    world.novita.instances[0]["status"] = "exited"
    await world.tick(30)

    assert (first, unchanged, world.woken.keys) == ([DEMO, OTHER], [], [DEMO])


async def test_an_object_whose_instance_vanished_is_woken(world: World) -> None:
    world.novita.instances = [listed()]
    await world.tick()
    world.novita.instances = []

    await world.tick(30)

    assert world.woken.keys == [DEMO]


@pytest.mark.parametrize("status", [200, 401, 500])
async def test_whoever_waits_for_the_poll_is_woken_however_it_ends(world: World, status: int) -> None:
    world.account.wake_after_poll(OTHER)
    world.novita.status = status

    await world.tick()

    assert world.woken.keys == [OTHER]


async def test_while_objects_wait_for_money_a_raised_balance_is_seen_and_lets_the_next_one_try(world: World) -> None:
    await world.tick()
    world.account.refused(OTHER, NEED, POOR)
    await world.tick()
    assert not _tries(world)
    world.novita.available = "310060"

    await world.tick(PACE.settled)

    assert _tries(world)


async def test_a_balance_that_fell_lets_nobody_try(world: World) -> None:
    await world.tick()
    world.account.refused(OTHER, NEED, POOR)
    world.novita.available = "110060"

    await world.tick()

    assert not _tries(world)


@pytest.mark.parametrize("left", [[], [listed(status="exited")]])
async def test_an_instance_that_goes_or_stops_lets_the_next_one_try_against_a_quota(
    world: World, left: list[dict[str, Any]]
) -> None:
    world.novita.instances = [listed()]
    await world.tick()
    world.account.refused(OTHER, NEED, FULL)
    await world.tick(PACE.settled)
    assert not _tries(world)
    world.novita.instances = left

    await world.tick(PACE.settled)

    assert _tries(world)


async def test_an_instance_that_goes_pays_for_nobody(world: World) -> None:
    world.novita.instances = [listed()]
    await world.tick()
    world.account.refused(OTHER, NEED, POOR)
    world.novita.instances = []

    await world.tick(PACE.settled)

    assert not _tries(world)


def _tries(world: World) -> bool:
    return world.account.pauses.admit(OTHER, NEED, None) is None
