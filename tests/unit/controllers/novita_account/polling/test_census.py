"""Who is who in an account, and what it costs."""

from __future__ import annotations

from decimal import Decimal

from tests.unit.support import builders as a

from novita_operator.controllers.novita_account.polling import census
from novita_operator.controllers.novita_account.polling.census import Marks, Prices

_MARKS = Marks(a.NAMES, frozenset({"adopted"}), frozenset({a.NAME}))
_PRICES = Prices.of([a.a_product("4090", spot_price_per_gpu_hour=Decimal("0.18"))])


def test_instances_are_managed_foreign_or_unclaimed() -> None:
    found = census.take(
        [
            a.an_instance("running", "ours"),
            a.an_instance("running", "adopted", name="by-hand"),
            a.an_instance("running", "lost", name="nvo-abcdefgh-zzzz"),
            a.an_instance("running", "foreign", name="somebody-elses"),
            a.an_instance("running", "elsewhere", name="nvo-zzzzzzzz-zzzz"),
        ],
        _MARKS,
        _PRICES,
    )

    assert (found.managed, found.foreign) == (2, 2)
    assert [each.id for each in found.unclaimed] == ["lost"]


def test_removed_instances_that_linger_do_not_count() -> None:
    found = census.take([a.an_instance("removed")], _MARKS, _PRICES)

    assert (found.managed, found.foreign, found.unclaimed) == (0, 0, ())


def test_what_is_billed_costs_by_product_count_and_mode() -> None:
    instances = [
        a.an_instance("running", "1", product_id="4090", gpu_count=2),
        a.an_instance("pulling", "2", product_id="4090", gpu_count=1, billing_mode="spot"),
        a.an_instance("exited", "3", product_id="4090", gpu_count=8),
        a.an_instance("running", "4", product_id="unknown", gpu_count=8),
        a.an_instance("running", "5", product_id="4090", gpu_count=0, name="somebody-elses"),
    ]

    assert census.take(instances, _MARKS, _PRICES).price_per_hour == Decimal("0.70") + Decimal("0.18") + Decimal("0.35")
