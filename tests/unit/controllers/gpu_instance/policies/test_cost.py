"""What an object has cost: exact decimals, billed time only, and no write without need."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.support.builders import NOON, ago, an_object, wire

from novita_operator.api.gpu_instance.status import Cost, GPUInstanceStatus
from novita_operator.controllers.gpu_instance.policies import cost


def status(
    word: str | None, amount: str | None = None, *, price: str | None = "0.35", **more: Any
) -> GPUInstanceStatus:
    """A status an hour old: the cost up to eleven o'clock, and Novita's word then."""
    known: dict[str, Any] = {"instanceId": "i-1"} | more
    if word is not None:
        known["novitaStatus"] = word
    if price is not None:
        known["pricePerHour"] = price
    if amount is not None:
        known["cost"] = {"amount": amount, "since": wire(ago(7200)), "asOf": wire(ago(3600))}
    return an_object(status=known).status


def accrued(old: GPUInstanceStatus, new: GPUInstanceStatus, *, interval: float = 600) -> Cost | None:
    return cost.accrued(old, new, NOON, interval)


@pytest.mark.parametrize("word", [None, "toCreate", "creating", "exited"])
def test_nothing_costs_before_billing_begins(word: str | None) -> None:
    assert accrued(status(word), status(word)) is None


def test_billing_begins_with_pulling_at_nothing() -> None:
    found = accrued(status("creating"), status("pulling"))

    assert found == Cost(amount="0.0000", since=NOON, as_of=NOON)


def test_an_hour_costs_the_price() -> None:
    found = accrued(status("running", "1.2000"), status("running"))

    assert found == Cost(amount="1.5500", since=ago(7200), as_of=NOON)


def test_the_time_up_to_a_stop_counts() -> None:
    found = accrued(status("running", "1.2000"), status("exited"))

    assert found is not None
    assert (found.amount, found.as_of) == ("1.5500", NOON)


def test_the_time_of_a_stop_does_not_count() -> None:
    found = accrued(status("exited", "1.2000"), status("running"))

    assert found is not None
    assert (found.amount, found.as_of) == ("1.2000", NOON)


def test_a_stopped_instance_is_not_written_again_and_again() -> None:
    old = status("exited", "1.2000")

    assert accrued(old, status("exited")) is old.cost


@pytest.mark.parametrize(("before", "after"), [("pulling", "running"), ("toRemove", "removing"), ("removing", None)])
def test_a_word_that_changes_nothing_about_the_bill_is_not_written(before: str, after: str | None) -> None:
    old = status(before, "1.2000")

    assert accrued(old, status(after), interval=3601) is old.cost


def test_a_running_instance_is_written_once_per_interval() -> None:
    old = status("running", "1.2000")

    assert accrued(old, status("running"), interval=3601) is old.cost
    assert accrued(old, status("running"), interval=3600) != old.cost


def test_another_instance_goes_on_from_what_the_first_has_cost() -> None:
    found = accrued(status("running", "1.2000"), status("pulling", instanceId="i-2"))

    assert found is not None
    assert (found.amount, found.since) == ("1.5500", ago(7200))


def test_an_instance_that_vanished_was_billed_until_now() -> None:
    found = accrued(status("running", "1.2000"), status(None, price="0.35"))

    assert found is not None
    assert found.amount == "1.5500"


def test_without_a_price_nothing_is_added() -> None:
    found = accrued(status("running", "1.2000", price=None), status("running"))

    assert found is not None
    assert found.amount == "1.2000"


def test_a_clock_that_went_back_takes_nothing_away() -> None:
    old = status("running", "1.2000")

    found = cost.accrued(old, status("exited"), ago(7000), 600)

    assert found is not None
    assert found.amount == "1.2000"


@pytest.mark.parametrize(
    ("known", "instance_id", "amount"),
    [
        pytest.param({"priceLimit": "0.50"}, "i-1", "0.4000", id="its own, once it was compared"),
        pytest.param({}, "i-1", "0.3500", id="the one so far, where none was to be compared"),
        pytest.param({"priceLimit": "0.50"}, "i-2", "0.3500", id="never that of another instance"),
    ],
)
def test_the_hour_before_costs_the_price_of_its_own_instance(
    known: dict[str, Any], instance_id: str, amount: str
) -> None:
    found = accrued(
        status("running", "0.0000", price="0.35", **known),
        status("running", price="0.40", instanceId=instance_id),
    )

    assert found is not None
    assert found.amount == amount


def test_an_instance_whose_price_nobody_tells_any_more_adds_nothing() -> None:
    found = accrued(status("running", "1.2000", priceLimit="0.50"), status("running", price=None))

    assert found is not None
    assert found.amount == "1.2000"


def test_amounts_are_rounded_half_up_to_a_hundredth_of_a_cent() -> None:
    old = status("running", "0.0000", price="0.09")  # 1/40 of an hour at 0.002 a minute is 0.00005 for two seconds
    found = cost.accrued(old, status("exited"), ago(3598), 600)

    assert found is not None
    assert found.amount == "0.0001"


@given(
    st.decimals("0.01", "99.99", places=2),
    st.lists(st.integers(1, 100_000), min_size=1, max_size=8),
)
def test_many_writes_differ_from_one_by_their_rounding_only(price: Decimal, pauses: list[int]) -> None:
    known, now = status("running", "0.0000", price=str(price)), ago(3600)
    for pause in pauses:
        now += timedelta(seconds=pause)
        found = cost.accrued(known, known, now, 1)
        known = known.model_copy(update={"cost": found})

    assert known.cost is not None
    exact = price * sum(pauses) / 3600
    assert abs(Decimal(known.cost.amount) - exact) <= Decimal("0.00005") * len(pauses)
