"""Whatever `novita-operator verify` rents is ended: after its life, and when the life is cut off."""

from __future__ import annotations

import asyncio
import os
import signal
from decimal import Decimal

import pytest
from pydantic import SecretStr
from tests.verification.conftest import KEY, Account, verdicts

from novita_operator.verification import budget, command, ending, verify
from novita_operator.verification.assumption import Verdict

_SPEND = "0.10"
# What is said at the moments at which a person may lose patience.
_MOMENTS = ("renting", "the create call was answered", "the instance is running")


class Interrupted(Exception):
    """What goes wrong in the middle."""


async def _ledger(account: Account) -> tuple[int, int]:
    """How many were rented, and how many are still there."""
    rows = (await account.tenant.read("ledger"))["instances"]
    return len(rows), sum(row["live"] for row in rows)


@pytest.mark.parametrize("moment", _MOMENTS)
async def test_cancelled_at_any_moment_nothing_is_left(account: Account, moment: str) -> None:
    work: asyncio.Task[object] | None = None

    def say(text: str) -> None:
        if work is not None and text.startswith(moment):
            work.cancel()

    work = asyncio.ensure_future(account.verify(spend=_SPEND, say=say))

    with pytest.raises(asyncio.CancelledError):
        await work
    rented, left = await _ledger(account)
    assert (rented <= 1, left) == (True, 0)


async def test_an_error_in_the_middle_ends_it_as_well(account: Account) -> None:
    def say(text: str) -> None:
        if text == "the instance is running":
            raise Interrupted

    with pytest.raises(Interrupted):
        await account.verify(spend=_SPEND, say=say)

    assert await _ledger(account) == (1, 0)


@pytest.mark.parametrize("fault", ["lost-reply", "error-after-commit", "truncated-body", "html-502", "no-id"])
async def test_an_instance_whose_id_was_never_told_is_found_by_its_name_and_ended(account: Account, fault: str) -> None:
    await account.tenant.fault(fault, route="create", commit=True)

    report = await account.verify(spend=_SPEND)

    assert await _ledger(account) == (1, 0)
    assert verdicts(report)["create-reply"] is not Verdict.HOLDS


async def test_one_that_shows_late_is_waited_for_and_ended(account: Account) -> None:
    await account.tenant.fault("lost-reply", route="create")
    await account.tenant.fault("status", route="list", status=500, skip=3, times=5)

    await account.verify(spend=_SPEND)

    assert await _ledger(account) == (1, 0)


async def test_a_deletion_that_is_refused_for_minutes_is_repeated(account: Account) -> None:
    await account.tenant.fault("invalid-state", route="delete", times=20)

    await account.verify(spend=_SPEND)

    assert await _ledger(account) == (1, 0)


async def test_one_that_cannot_be_ended_is_named(account: Account) -> None:
    await account.tenant.fault("status", route="delete", status=500)

    with pytest.raises(ending.NotEnded) as error:
        await account.verify(spend=_SPEND)

    (row,) = (await account.tenant.read("ledger"))["instances"]
    assert row["name"] in str(error.value)
    assert row["id"] in str(error.value)


async def test_a_refused_create_rents_nothing_and_is_told(account: Account) -> None:
    await account.tenant.fault("no-stock", route="create")

    report = await account.verify(spend=_SPEND)

    assert await _ledger(account) == (0, 0)
    assert verdicts(report)["name-kept"] is Verdict.NOT_SEEN


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_a_signal_ends_the_instance_first_and_a_second_one_changes_nothing(
    account: Account, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, code: int
) -> None:
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        if text in {"the instance is running", "the deletion was answered with 200"}:
            os.kill(os.getpid(), number)

    monkeypatch.setattr(command, "_say", say)
    order = verify.Order(account.url, SecretStr(KEY), Decimal(_SPEND))

    got = await command.interruptible(order, "text", account.clock)

    assert got == code
    assert "still ending what was rented" in said
    assert await _ledger(account) == (1, 0)


async def test_one_that_is_on_its_way_when_it_is_first_seen_says_nothing_of_its_beginning(account: Account) -> None:
    await account.tenant.set(delays={"accept": 0, "create": 0})

    report = await account.verify(spend=_SPEND)

    assert verdicts(report)["first-status"] is Verdict.NOT_SEEN


async def test_what_it_costs_is_said_before_and_kept(account: Account) -> None:
    report = await account.verify(spend="0.02")

    assert report.spent is not None
    assert report.spent.usd <= report.spent.most <= Decimal("0.02")
    assert any("at most 0.02 USD, its deletion included" in text for text in account.told)


@pytest.mark.parametrize("spend", ["0.001", "0.014"])
async def test_too_little_rents_nothing_and_says_how_much_is_needed(account: Account, spend: str) -> None:
    with pytest.raises(budget.TooLittle, match=r"say --spend 0\.02"):
        await account.verify(spend=spend)

    assert await _ledger(account) == (0, 0)


async def test_an_account_without_the_money_rents_nothing(account: Account) -> None:
    await account.tenant.set(balance="0.01")

    with pytest.raises(budget.TooLittle, match="balance"):
        await account.verify(spend=_SPEND)

    assert await _ledger(account) == (0, 0)


async def test_where_nothing_can_be_had_nothing_is_rented(account: Account) -> None:
    await account.tenant.set(stock=[{"gpus": 0}])

    with pytest.raises(budget.TooLittle, match="no GPU can be had"):
        await account.verify(spend=_SPEND)


async def test_an_instance_that_never_runs_lives_no_longer_than_the_money_lasts(account: Account) -> None:
    await account.tenant.set(images={"ubuntu": "stuck"})

    report = await account.verify(spend="0.02")

    assert report.spent is not None
    assert report.spent.usd <= Decimal("0.02")
    assert await _ledger(account) == (1, 0)
