"""What spec.tenancy allows: which rule is for whom, what it says, and how full things are."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.support.builders import an_allowance

from novita_operator.api.novita_account.spec import NovitaAccountSpec
from novita_operator.tenancy import allowance, judging
from novita_operator.tenancy.allowance import Selected
from novita_operator.tenancy.judging import Offer, Wish
from novita_operator.tenancy.load import Load
from novita_operator.tenancy.usage import Held, Usage, View

WISH = Wish(billing="OnDemand", gpu_count=1, rootfs_gb=60)
OFFER = Offer("4090.16c62g", "RTX 4090 24GB", "CN-HK-01", Decimal("0.35"))
ONE = Load(1, 1, Decimal("0.35"))


def of(tenancy: dict[str, Any], *, namespace: str = "team", by_rule: tuple[frozenset[str], ...] = ()) -> Any:
    spec = NovitaAccountSpec.model_validate({"tenancy": tenancy})
    return allowance.of("default", spec, namespace, Selected(by_rule=by_rule))


def test_without_rules_everything_is_allowed_but_adoption() -> None:
    nothing_said = allowance.of("default", NovitaAccountSpec(), "team", Selected())

    assert judging.of_wish(nothing_said, replace(WISH, deletion_policy="Retain", rootfs_gb=6144)) is None
    assert judging.of_offer(nothing_said, OFFER) is None
    assert judging.of_wish(nothing_said, replace(WISH, adopts=True)) is not None


def test_the_first_rule_that_is_for_a_namespace_counts() -> None:
    rules = [{"namespaces": {"names": ["team"]}, "adoption": "Allow"}, {"billing": []}]

    assert of({"rules": rules}).adoption
    assert judging.of_wish(of({"rules": rules}), WISH) is None
    assert judging.of_wish(of({"rules": rules}, namespace="other"), WISH) is not None


def test_a_selector_is_for_the_namespaces_that_it_selects_now() -> None:
    rules = [{"namespaces": {"selector": {"matchLabels": {"a": "b"}}}}]

    assert of({"rules": rules}, by_rule=(frozenset({"team"}),)).rule is not None
    assert of({"rules": rules}).ruled_out


def test_where_no_rule_is_for_a_namespace_nothing_is_allowed() -> None:
    refused = judging.of_wish(an_allowance({"namespaces": {"names": ["another"]}}), WISH)

    assert refused is not None
    assert "none of spec.tenancy.rules is for it" in refused.message


@pytest.mark.parametrize(
    ("rule", "wish"),
    [
        ({"billing": ["Spot"]}, WISH),
        ({"maxGpuCount": 1}, replace(WISH, gpu_count=2)),
        ({"maxRootfsSizeGB": 60}, replace(WISH, rootfs_gb=61)),
        ({"networkVolumes": ["a"]}, replace(WISH, volumes=("a", "b"))),
        ({"networkVolumes": []}, replace(WISH, volumes=("a",))),
        ({"registryCredentials": ["a"]}, replace(WISH, registry_credential="b")),
        ({}, replace(WISH, deletion_policy="Retain")),
        ({}, replace(WISH, deletion_policy="Stop")),
        ({}, replace(WISH, adopts=True)),
        ({"adoption": "Allow"}, replace(WISH, adopts=True, deletion_policy="Retain")),
    ],
    ids=str,
)
def test_a_wish_beyond_a_rule_is_refused_with_its_field_and_who_can_change_it(rule: Any, wish: Wish) -> None:
    refused = judging.of_wish(an_allowance(rule), wish)

    assert refused is not None
    field = next(iter(rule)) if rule and wish.deletion_policy == "Delete" else "rules[0]."
    assert field in refused.message
    assert "kubectl edit novitaaccount default" in refused.message


@pytest.mark.parametrize(
    ("rule", "offer"),
    [
        ({"products": ["RTX 3090"]}, OFFER),
        ({"regions": ["US-CA-06"]}, OFFER),
        ({"maxPricePerHour": "0.34"}, OFFER),
        ({"maxPricePerHour": "9"}, replace(OFFER, price_per_hour=None)),
    ],
    ids=str,
)
def test_an_offer_beyond_a_rule_is_refused(rule: Any, offer: Offer) -> None:
    refused = judging.of_offer(an_allowance(rule), offer)

    assert refused is not None
    assert f"rules[0].{next(iter(rule))}" in refused.message


@pytest.mark.parametrize(
    "rule",
    [
        {"products": ["4090.16c62g"], "regions": ["cn-hk-01"]},
        {"products": ["RTX 4090 24GB"], "maxPricePerHour": "0.35"},
    ],
    ids=str,
)
def test_products_by_name_or_id_and_a_price_that_is_just_reached_are_allowed(rule: Any) -> None:
    assert judging.of_offer(an_allowance(rule), OFFER) is None


def test_a_template_with_secrets_is_used_only_where_it_is_named() -> None:
    named = an_allowance({"templatesWithSecrets": ["mine"]})

    assert judging.of_template(named, ("mine", "t-1")) is None
    assert judging.of_template(named, ("other", "mine")) is None
    assert judging.of_template(named, ("other", "t-1")) is not None
    assert judging.of_template(an_allowance({}), ("other", "t-1")) is None


@pytest.mark.parametrize("field", ["products", "templatesWithSecrets"])
def test_who_can_change_a_rule_is_told_however_long_its_names_are(field: str) -> None:
    long = [f"{number}-{'x' * 250}" for number in range(9)]
    ruled = an_allowance({field: long})

    refused = judging.of_offer(ruled, replace(OFFER, product_name="y" * 4096)) or judging.of_template(
        ruled, ("y" * 255, "t-1")
    )

    assert refused is not None
    assert f"rules[0].{field} allows 0-xxx" in refused.message
    assert refused.message.endswith("(kubectl edit novitaaccount default).")
    assert len(refused.message) < 700


# --- Limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [{"instances": 2}, {"gpus": 2}, {"pricePerHour": "0.70"}], ids=str)
def test_a_namespace_gets_to_its_limit_and_no_further(limit: Any) -> None:
    team, usage = an_allowance({"limits": limit}), Usage()

    admitted = [usage.admit(f"nvo-{number}", team, ONE, View(), 1) is None for number in range(3)]

    assert admitted == [True, True, False]


@pytest.mark.parametrize("limit", [{"instances": 2}, {"pricePerHour": "0.70"}], ids=str)
def test_what_nobody_claims_counts_for_the_account_and_for_no_namespace(limit: Any) -> None:
    left = View([Held("nvo-left", None, ONE, runs=True), Held("nvo-other", "other", ONE, runs=True)], 1)

    assert Usage().judge("nvo-new", an_allowance(limits=limit), ONE, left) is not None
    assert Usage().judge("nvo-new", an_allowance({"limits": limit}), ONE, left) is None


def test_a_promise_counts_until_a_list_shows_what_became_of_it() -> None:
    team, usage = an_allowance({"limits": {"pricePerHour": "0.50"}}), Usage()
    usage.admit("nvo-a", team, ONE, View(), 1)
    stopped = Held("nvo-a", "team", Load(1, 1), runs=False)

    late, before, after = View((), 9), View([stopped], 1), View([stopped], 2)

    def is_full_after(view: View) -> bool:
        usage.listed(view, 0)
        return usage.judge("nvo-b", team, ONE, view) is not None

    assert [is_full_after(view) for view in (late, before, after)] == [True, True, False]
    assert usage.judge("nvo-b", team, ONE, View()) is None  # nor does it come back when the instance goes


def test_a_call_of_which_nothing_comes_makes_room() -> None:
    team, usage = an_allowance({"limits": {"instances": 1}}), Usage()
    usage.admit("nvo-a", team, ONE, View(), 1)

    usage.settle("nvo-a")

    assert usage.admit("nvo-b", team, ONE, View(), 1) is None


def test_a_call_that_novita_refused_keeps_its_place_until_a_list_must_show_what_came_of_it() -> None:
    team, usage = an_allowance({"limits": {"instances": 1}}), Usage()
    usage.admit("nvo-a", team, ONE, View(), 1)
    usage.refused("nvo-a", until=60)

    def is_full_after(view: View, now: float) -> bool:
        usage.listed(view, now)
        return usage.judge("nvo-b", team, ONE, view) is not None

    done = View([Held("nvo-a", "team", ONE, runs=True)], 3)
    assert [is_full_after(View((), 2), now) for now in (0, 59, 60)] == [True, True, False]
    assert is_full_after(done, 61)


def test_a_refused_call_that_is_made_once_more_is_promised_for_as_long_as_any() -> None:
    team, usage = an_allowance({"limits": {"instances": 1}}), Usage()
    usage.admit("nvo-a", team, ONE, View(), 1)
    usage.refused("nvo-a", until=60)

    usage.admit("nvo-a", team, ONE, View(), 2)
    usage.listed(View((), 2), 60)

    assert usage.judge("nvo-b", team, ONE, View()) is not None


def test_an_instance_is_not_counted_against_itself() -> None:
    team = an_allowance({"limits": {"instances": 1, "pricePerHour": "0.35"}})
    stopped = View([Held("nvo-a", "team", Load(1, 1), runs=False)], 3)

    assert Usage().admit("nvo-a", team, ONE, stopped, 3) is None
