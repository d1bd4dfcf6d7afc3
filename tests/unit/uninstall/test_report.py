"""The sentences of an uninstall: counts, prices, whose, and how many lines."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from novita_operator.uninstall import report
from novita_operator.uninstall.order import Order, Policy, Release

RELEASE = Release("novita-system", "novita-operator")


def _body(name: str = "gpu", *, account: str | None = None, policy: str = "Delete", **status: Any) -> dict[str, Any]:
    spec = {"deletionPolicy": policy} | ({"accountRef": {"name": account}} if account else {})
    return {"metadata": {"namespace": "team", "name": name}, "spec": spec, "status": status}


def _lines(*bodies: dict[str, Any]) -> list[report.Line]:
    return [report.line(body) for body in bodies]


PRICES = {
    "a price": ({"pricePerHour": "0.35"}, Decimal("0.35"), 0),
    "none yet": ({}, Decimal(0), 1),
    "no number": ({"pricePerHour": "much"}, Decimal(0), 1),
    "not a number": ({"pricePerHour": "NaN"}, Decimal(0), 1),
    "without end": ({"pricePerHour": "Infinity"}, Decimal(0), 1),
    "stopped": ({"pricePerHour": "0.35", "phase": "Stopped"}, Decimal(0), 0),
}


@pytest.mark.parametrize(("status", "price", "unknown"), PRICES.values(), ids=PRICES)
def test_a_price_that_cannot_be_read_is_unknown_and_spoils_no_sum(
    status: dict[str, Any], price: Decimal, unknown: int
) -> None:
    total = report.Sum.of(_lines(_body(instanceId="i-1", **status), _body(instanceId="i-2", pricePerHour="1")))

    assert (total.price, total.unknown, total.rented) == (price + 1, unknown, 2)


def test_an_object_without_an_instance_counts_as_an_object_and_costs_nothing() -> None:
    total = report.Sum.of(_lines(_body(pricePerHour="3")))

    assert (total.objects, total.rented, total.price) == (1, 0, Decimal(0))


def test_each_account_is_told_of_its_own_instances_and_one_without_any_of_none() -> None:
    lines = _lines(
        _body("a", instanceId="i-1", pricePerHour="1"),
        _body("b", instanceId="i-2", pricePerHour="2", account="other"),
        _body("c", instanceId="i-3", pricePerHour="4", account="other"),
        _body("d", account="idle"),
    )

    events = report.events(lines, RELEASE)

    assert set(events) == {"default", "other"}
    assert "1 instance(s) of this account GO ON RUNNING at Novita, 1 USD per hour" in events["default"].message
    assert "2 instance(s) of this account GO ON RUNNING at Novita, 6 USD per hour" in events["other"].message


def test_a_report_of_many_objects_fits_into_a_config_map_and_says_how_many_it_leaves_out() -> None:
    bodies = (_body(f"{number:0200}", instanceId="i" * 64, pricePerHour="0.01") for number in range(20_000))

    texts = report.found(_lines(*bodies))

    assert len("\n".join(texts).encode()) < 1 << 20
    assert "20000 GPUInstance object(s), 20000 of them with an instance at Novita, 200.00 USD" in texts[0]
    assert texts[-1] == f"  and {20_000 - (len(texts) - 2)} more: kubectl get gpuinstances --all-namespaces"


def test_what_outlives_its_object_is_named_when_all_objects_are_gone() -> None:
    lines = _lines(
        _body("kept", instanceId="i-1", pricePerHour="1", policy="Retain"),
        _body("stopped", instanceId="i-2", pricePerHour="1", policy="Stop"),
        _body("ended", instanceId="i-3", pricePerHour="1"),
        _body("never", policy="Retain"),
    )

    said = "\n".join(report.deleted(lines))

    assert "2 instance(s) are STILL AT NOVITA" in said
    assert [name in said for name in ("team/kept", "team/stopped", "team/ended", "team/never")] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("crds_go", [True, False])
def test_the_leftovers_name_the_kinds_only_where_they_stay(crds_go: bool) -> None:
    order = Order(Policy.RETAIN, False, crds_go, (), "", 600, 90, RELEASE)

    said = "\n".join(report.leftovers(order))

    assert ("CustomResourceDefinitions" in said) is not crds_go
    assert "ConfigMap novita-system/novita-operator-uninstall-report" in said


@pytest.mark.parametrize(("policy", "crds_go"), [(Policy.DELETE, False), (Policy.RETAIN, True)])
def test_what_cannot_be_seen_stops_an_uninstall_that_deletes(policy: Policy, crds_go: bool) -> None:
    order = Order(policy, True, crds_go, ("team", "other"), "", 600, 90, RELEASE)

    assert "what is rented in team cannot be read here" in report.refusal(order, [], ["team"])
    assert report.refusal(order, []) == ""


def test_what_cannot_be_seen_stops_no_uninstall_that_keeps_everything() -> None:
    order = Order(Policy.RETAIN, False, False, ("team",), "", 600, 90, RELEASE)

    assert report.refusal(order, [], ["team"]) == ""
    assert "GOES ON COSTING" in report.hidden("team", exists=True)
    assert "COSTING" not in report.hidden("team", exists=False)
