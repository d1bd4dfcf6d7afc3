"""`cost`: what each namespace spends."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from tests.plugin.conftest import Plugin

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.plugin import money

_NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


async def test_hour_day_and_month_of_what_is_billed_now_and_a_bar(plugin: Plugin) -> None:
    await plugin.workspace.create("one")
    await plugin.workspace.create("off", powerState="Stopped")
    await plugin.workspace.until_ready("one")
    await plugin.workspace.until_condition("Ready", reason="Stopped", name="off")

    shown = await plugin.run("cost")
    (bill,) = await plugin.read("cost")

    line = next(line for line in shown.out.splitlines() if line.startswith(plugin.workspace.namespace))
    assert line.split()[1:6] == ["2", "1", "0.35", "8.40", "255.50"]
    assert line.endswith("█" * 30)
    assert (bill["perHour"], bill["perDay"], bill["perMonth"]) == ("0.35", "8.40", "255.50")
    assert "Novita's bill decides" in shown.out


async def test_without_instances_nothing_is_rented_and_that_is_said(plugin: Plugin) -> None:
    shown = await plugin.run("cost")

    assert (shown.code, shown.out) == (0, "No GPUInstances: nothing is rented through this operator here.\n")


def _instance(namespace: str, **status: object) -> GPUInstance:
    meta = {"name": "gpu", "namespace": namespace, "uid": "u", "creationTimestamp": "2026-01-01T10:00:00Z"}
    return GPUInstance.parse({"metadata": meta, "status": status})


def test_the_last_figure_is_carried_on_while_it_is_billed_and_kept_while_it_is_not() -> None:
    cost = {"amount": "1.0000", "since": "2026-01-01T10:00:00Z", "asOf": "2026-01-01T11:00:00Z"}
    runs = _instance("a", novitaStatus="running", pricePerHour="0.50", cost=cost)
    stands = _instance("a", novitaStatus="exited", pricePerHour="0.50", cost=cost)

    assert money.so_far(runs.status, _NOW) == Decimal("1.5000")
    assert money.so_far(stands.status, _NOW) == Decimal("1.0000")
    assert (money.price(runs.status), money.price(stands.status)) == (Decimal("0.50"), Decimal(0))


def test_the_dearest_namespace_comes_first_and_all_add_up() -> None:
    found = [
        _instance("cheap", novitaStatus="running", pricePerHour="0.10"),
        _instance("dear", novitaStatus="running", pricePerHour="2.00"),
        _instance("dear", novitaStatus="pulling", pricePerHour="1.00"),
        _instance("idle", novitaStatus="exited", pricePerHour="9.00"),
    ]

    bills = money.bills(found, _NOW)

    assert [(bill.namespace, bill.billed, bill.per_hour) for bill in bills] == [
        ("dear", 2, Decimal("3.00")),
        ("cheap", 1, Decimal("0.10")),
        ("idle", 0, Decimal(0)),
    ]
    assert money.total(bills).per_hour == Decimal("3.10")
