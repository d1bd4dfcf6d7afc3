"""What is left aside for its price, for want of stock or by the account, and the sentence about what was taken."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.unit.support.builders import CLUSTERS, a_product
from tests.unit.support.offers import CA, EU, HK, NONE, refused, tried, wanted

from novita_operator.api.gpu_instance.reasons import Reason
from novita_operator.controllers.gpu_instance.launching import selection
from novita_operator.controllers.gpu_instance.launching.selection import NoSelection, Offer, Selection
from novita_operator.novita.models import Product
from novita_operator.tenancy.judging import Refusal

# --- The price limit ------------------------------------------------------------------------------------------------


def test_an_offer_at_the_limit_is_within_it() -> None:
    assert tried(wanted(max_price_per_hour=Decimal("0.35")), a_product("p", HK, price="0.35")) == [("p", "CN-HK-01")]


def test_an_offer_above_the_limit_is_left_aside_even_in_the_first_region() -> None:
    products = (a_product("dear", HK, price="0.50"), a_product("cheap", CA, price="0.30"))

    assert tried(wanted("CN-HK-01", max_price_per_hour=Decimal("0.35")), *products) == [("cheap", "US-CA-06")]


def test_if_all_are_above_the_limit_the_cheapest_is_named() -> None:
    products = (a_product("dear", HK, price="0.50"), a_product("cheap", CA, price="0.40"))

    found = refused(wanted("CN-HK-01", gpu_count=2, max_price_per_hour=Decimal("0.70")), *products)

    assert (found.reason, found.stalled) == (Reason.PRICE_ABOVE_LIMIT, True)
    assert found.message == (
        'The cheapest offer for product "RTX 4090 24GB" x 2, 0.80 USD/h in US-CA-06, is above your limit of 0.70 '
        "(spec.maxPricePerHour). Nothing is rented. Prices are checked again every few minutes."
    )


# --- Stock ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("empty", [{"available": False}, {"inventory": "none"}], ids=["not deployable", "no stock"])
def test_what_is_sold_out_is_left_aside(empty: dict[str, Any]) -> None:
    products = (a_product("gone", HK, **empty), a_product("here", CA, price="0.90"))

    assert tried(wanted("CN-HK-01"), *products) == [("here", "US-CA-06")]


@pytest.mark.parametrize("word", ["", "low", "normal", "high", "a word of next year"])
def test_any_other_word_for_the_stock_is_worth_a_try(word: str) -> None:
    assert tried(wanted(), a_product("p", HK, inventory=word)) == [("p", "CN-HK-01")]


def test_an_offer_that_was_refused_a_moment_ago_is_left_alone() -> None:
    product = a_product("p", HK, CA)

    assert tried(wanted(), product, exhausted=frozenset({("p", "CN-HK-01", "OnDemand")})) == [("p", "US-CA-06")]


def test_spot_that_is_exhausted_says_nothing_about_on_demand() -> None:
    assert tried(wanted(), a_product("p", HK), exhausted=frozenset({("p", "CN-HK-01", "Spot")})) == [("p", "CN-HK-01")]


def test_no_stock_anywhere_is_said_and_is_waited_for() -> None:
    found = refused(wanted(gpu_count=8), a_product("p", HK, CA, inventory="none"))

    assert (found.reason, found.stalled) == (Reason.NO_CAPACITY, False)
    assert found.message == 'Novita has no free product "RTX 4090 24GB" x 8 (OnDemand) in CN-HK-01, US-CA-06 now.'


def test_no_stock_in_a_required_region_says_that_no_other_is_tried() -> None:
    found = refused(wanted("CN-HK-01", only_listed_regions=True), a_product("p", HK, CA, inventory="none"))

    assert found.message.endswith("in CN-HK-01 now. spec.regionPolicy is Require, so no other region is tried.")


# --- The sentence ---------------------------------------------------------------------------------------------------


def sentence(*products: Product, exhausted: frozenset[Offer] = NONE) -> str:
    chosen = selection.select(wanted(), products, CLUSTERS, exhausted)
    assert isinstance(chosen, Selection)
    return chosen.sentence(chosen.candidates[0])


def test_the_sentence_says_what_where_and_how_much() -> None:
    assert sentence(a_product("p", HK)) == "RTX 4090 24GB (p) in CN-HK-01 for 0.35 USD/h; 0 other offers fit."


def test_the_sentence_counts_the_others() -> None:
    assert "; 1 other offer fits." in sentence(a_product("p", HK, CA))
    assert "; 2 other offers fit." in sentence(a_product("p", HK, CA, EU))


def test_the_sentence_names_the_regions_without_stock() -> None:
    text = sentence(a_product("p", CA), a_product("q", HK, EU, inventory="none"))

    assert text == ("RTX 4090 24GB (p) in US-CA-06 for 0.35 USD/h; 0 other offers fit; no stock in CN-HK-01, EU-DE-01.")


def test_a_region_in_which_another_product_is_free_is_not_without_stock() -> None:
    text = sentence(a_product("p", HK), a_product("q", HK, CA, inventory="none"))

    assert text.endswith("; no stock in US-CA-06.")


# --- What the account allows ----------------------------------------------------------------------------------------

NOT_HERE = Refusal("NotAllowed", "The account allows no such region.")
FULL = Refusal("LimitReached", "The account has no room.")


def allowed(complaints: dict[str, Refusal], *products: Product) -> Selection | NoSelection:
    """What is chosen where the account has these complaints, by region."""
    return selection.select(wanted("CN-HK-01"), products, CLUSTERS, NONE, lambda offer: complaints.get(offer.region))


def test_an_offer_that_the_account_does_not_allow_is_left_aside() -> None:
    found = allowed({"CN-HK-01": NOT_HERE}, a_product("a", HK, EU))

    assert isinstance(found, Selection)
    assert [offer.region for offer in found.candidates] == ["EU-DE-01"]


def test_if_none_is_allowed_the_account_says_why_and_a_person_has_to_change_it() -> None:
    found = allowed({"CN-HK-01": NOT_HERE}, a_product("a", HK))

    assert found == NoSelection(Reason.NOT_ALLOWED, NOT_HERE.message, stalled=True, refused=NOT_HERE)


def test_a_limit_that_may_pass_by_itself_is_told_before_what_only_a_person_changes() -> None:
    found = allowed({"CN-HK-01": NOT_HERE, "EU-DE-01": FULL}, a_product("a", HK, EU))

    assert found == NoSelection(Reason.LIMIT_REACHED, FULL.message, stalled=False, refused=FULL)
