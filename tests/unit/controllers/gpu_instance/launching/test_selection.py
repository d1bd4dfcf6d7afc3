"""Which offer is taken, and in which words it is said that none is."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.support.builders import CLUSTERS, a_product
from tests.unit.support.offers import CA, EU, HK, NONE, refused, tried, wanted

from novita_operator.api.gpu_instance.reasons import Reason
from novita_operator.controllers.gpu_instance.launching import selection
from novita_operator.controllers.gpu_instance.launching.selection import NoSelection, Offer, Selection
from novita_operator.controllers.gpu_instance.policies.defaults import Desired
from novita_operator.novita.models import Product

# --- The order ------------------------------------------------------------------------------------------------------


def test_listed_regions_come_first_in_their_order_however_dear() -> None:
    dear = a_product("dear", EU, price="0.90")
    products = (a_product("cheap", HK, CA, price="0.30"), dear)

    assert tried(wanted("EU-DE-01", "US-CA-06"), *products) == [
        ("dear", "EU-DE-01"),
        ("cheap", "US-CA-06"),
        ("cheap", "CN-HK-01"),
    ]


def test_of_one_region_the_cheapest_comes_first() -> None:
    products = (a_product("b", HK, price="0.40"), a_product("a", HK, price="0.50"), a_product("c", HK, price="0.30"))

    assert [name for name, _ in tried(wanted(), *products)] == ["c", "b", "a"]


def test_of_regions_that_are_not_listed_the_cheapest_comes_first() -> None:
    products = (a_product("a", CA, price="0.50"), a_product("b", EU, price="0.40"))

    assert tried(wanted("CN-HK-01"), *products) == [("b", "EU-DE-01"), ("a", "US-CA-06")]


def test_at_one_price_the_larger_machine_comes_first_and_then_a_stable_order() -> None:
    products = (
        a_product("z-small", HK, memory_per_gpu=62, cpu_per_gpu=16),
        a_product("y-more-cpu", HK, memory_per_gpu=62, cpu_per_gpu=32),
        a_product("x-more-memory", HK, memory_per_gpu=120, cpu_per_gpu=8),
        a_product("a-small", HK, memory_per_gpu=62, cpu_per_gpu=16),
    )

    order = ["x-more-memory", "y-more-cpu", "a-small", "z-small"]
    assert [name for name, _ in tried(wanted(), *products)] == order
    assert [name for name, _ in tried(wanted(), *reversed(products))] == order


@pytest.mark.parametrize("listed", ["CN-HK-01", "cn-hk-01", "CN-HK-01 (Hong Kong)", "  CN-HK-01  "])
@pytest.mark.parametrize("label", ["CN-HK-01", "CN-HK-01 (Hong Kong)", "cn-hk-01 (anything)"])
def test_codes_and_labels_of_a_region_are_the_same(listed: str, label: str) -> None:
    assert tried(wanted(listed, only_listed_regions=True), a_product("p", label)) == [("p", "CN-HK-01")]


def test_a_region_that_begins_like_another_is_another() -> None:
    found = refused(wanted("CN-HK-0", only_listed_regions=True), a_product("p", HK))

    assert found.reason is Reason.PRODUCT_NOT_FOUND


def test_required_regions_leave_all_others_aside() -> None:
    assert tried(wanted("US-CA-06", only_listed_regions=True), a_product("p", HK, CA, EU)) == [("p", "US-CA-06")]


def test_a_region_that_novita_has_no_cluster_for_is_left_aside() -> None:
    assert tried(wanted(), a_product("p", "AS-JP-09 (Tokyo)", HK)) == [("p", "CN-HK-01")]


def test_a_region_that_a_product_lists_twice_is_tried_once() -> None:
    assert tried(wanted(), a_product("p", HK, "CN-HK-01")) == [("p", "CN-HK-01")]


def test_the_candidate_carries_the_cluster_and_the_price_of_all_gpus() -> None:
    chosen = selection.select(wanted(gpu_count=4), [a_product("p", HK, price="0.35")], CLUSTERS, NONE)

    assert isinstance(chosen, Selection)
    assert (chosen.candidates[0].cluster_id, chosen.candidates[0].price_per_hour) == ("c-hk", Decimal("1.40"))


# --- Which product --------------------------------------------------------------------------------------------------


def test_names_are_compared_whole() -> None:
    """Novita's own filter is fuzzy: asking for one card must never rent another."""
    products = [
        a_product(str(n), HK, name=name) for n, name in enumerate(["RTX 4090 24GB", "RTX 4090", "RTX 4090 24GB x"])
    ]

    assert tried(wanted(), *products) == [("0", "CN-HK-01")]


@pytest.mark.parametrize("name", ["rtx 4090 24gb", " RTX 4090 24GB "])
def test_case_and_outer_blanks_do_not_matter(name: str) -> None:
    assert tried(wanted(product_name=name), a_product("p", HK)) == [("p", "CN-HK-01")]


def test_an_id_chooses_whatever_the_name_is() -> None:
    asked = wanted(product_id="two", product_name=None)

    assert tried(asked, a_product("one", HK), a_product("two", HK, name="Another")) == [("two", "CN-HK-01")]


def test_an_unknown_name_is_answered_with_close_ones_and_the_next_step() -> None:
    asked = wanted(product_name="RTX 4090 24 GB")

    found = refused(asked, a_product("p", HK), a_product("q", HK, name="L40S"))

    assert (found.reason, found.stalled) == (Reason.PRODUCT_NOT_FOUND, True)
    assert found.message == (
        'spec.productName: Novita has no product "RTX 4090 24 GB". Close to it: RTX 4090 24GB. '
        "Create a new GPUInstance with an exact name; this one is tried again every few minutes."
    )


def test_an_unknown_id_is_answered_with_close_ids() -> None:
    found = refused(wanted(product_id="4090.16c62", product_name=None), a_product("4090.16c62g", HK))

    assert found.message == (
        'spec.productId: Novita has no product id "4090.16c62". Close to it: 4090.16c62g. '
        "Create a new GPUInstance with an exact name; this one is tried again every few minutes."
    )


def test_a_name_like_no_other_is_answered_with_some_that_exist() -> None:
    products = [a_product(str(n), HK, name=f"Card {n}") for n in range(5)]

    assert "Close to it: Card 0, Card 1, Card 2." in refused(wanted(product_name="zzz"), *products).message


def test_of_close_names_the_three_closest_are_said_and_distant_ones_all_the_same() -> None:
    names = ("RTX 4090 24GB", "RTX 4090 48GB", "RTX 4080 24GB", "RTX 5090 32GB")
    products = [a_product(name, HK, name=name) for name in names]

    said = refused(wanted(product_name="RTX 4090 25GB"), *products).message

    assert "Close to it: RTX 4090 24GB, RTX 5090 32GB, RTX 4090 48GB. " in said
    # Two letters of four: close enough, and the other name is not.
    assert (
        "Close to it: a100. "
        in refused(
            wanted(product_name="a1x9"), a_product("a100", HK, name="a100"), a_product("L40S", HK, name="L40S")
        ).message
    )


def test_an_empty_catalogue_is_no_crash() -> None:
    assert refused(wanted()).message == (
        'spec.productName: Novita has no product "RTX 4090 24GB". Create a new GPUInstance with an exact name; '
        "this one is tried again every few minutes."
    )


# --- Billing and disk -----------------------------------------------------------------------------------------------


def test_spot_counts_the_spot_price() -> None:
    spot = a_product("spot", HK, price="0.90", spot_price_per_gpu_hour=Decimal("0.10"))

    chosen = selection.select(wanted(billing="Spot"), [spot], CLUSTERS, NONE)

    assert isinstance(chosen, Selection)
    assert chosen.candidates[0].price_per_hour == Decimal("0.10")


@pytest.mark.parametrize("price", [None, "0"])
def test_a_product_without_a_price_is_not_offered(price: str | None) -> None:
    found = refused(wanted(), a_product("p", HK, price=price))

    assert (found.reason, found.stalled) == (Reason.PRODUCT_NOT_FOUND, True)
    assert "as OnDemand" in found.message


def test_a_product_without_a_spot_price_is_not_offered_as_spot() -> None:
    assert "as Spot" in refused(wanted(billing="Spot"), a_product("p", HK)).message


@pytest.mark.parametrize(
    ("least", "most", "asked", "fits"),
    [
        pytest.param(60, 100, 60, True, id="the least"),
        pytest.param(60, 100, 100, True, id="the most"),
        pytest.param(60, 100, 59, False, id="too small"),
        pytest.param(60, 100, 101, False, id="too large"),
        pytest.param(60, 0, 6144, True, id="no most is known"),
    ],
)
def test_the_root_disk_must_fit_the_product(least: int, most: int, asked: int, fits: bool) -> None:
    product = a_product("p", HK, min_rootfs_gb=least, max_rootfs_gb=most)

    found = selection.select(wanted(rootfs_gb=asked), [product], CLUSTERS, NONE)

    assert isinstance(found, Selection) is fits
    assert fits or f"root disk of {asked} GB" in getattr(found, "message", "")


def test_what_is_not_offered_as_asked_is_answered_with_where_it_is() -> None:
    found = refused(wanted("EU-DE-01", only_listed_regions=True), a_product("p", HK, CA))

    assert found.message == (
        'product "RTX 4090 24GB" is not offered in EU-DE-01 as OnDemand with a root disk of 60 GB. Novita lists it in: '
        "CN-HK-01, US-CA-06. Create a new GPUInstance with other regions, billing or rootfsSizeGB; this one is "
        "tried again every few minutes."
    )


def not_offered(message: str) -> str:
    """What differs from one such message to the other."""
    return message.removeprefix('product "RTX 4090 24GB" is not offered').partition(". Create a new GPUInstance")[0]


def test_an_offer_nowhere_is_answered_without_regions() -> None:
    found = refused(wanted("EU-DE-01"), a_product("p", HK, price=None))
    volumes = refused(wanted("EU-DE-01", cluster_id="c-eu"), a_product("p", HK))
    nowhere = refused(wanted("EU-DE-01", "US-CA-06", only_listed_regions=True), a_product("p", regions=()))

    disk = "as OnDemand with a root disk of 60 GB. Novita lists it in: "
    assert not_offered(found.message) == f" {disk}CN-HK-01"
    assert not_offered(volumes.message) == f" in the cluster of its volumes (c-eu) {disk}CN-HK-01"
    assert not_offered(nowhere.message) == f" in EU-DE-01, US-CA-06 {disk}no region"


def test_a_product_without_a_price_does_not_hide_the_next_one() -> None:
    assert tried(wanted(), a_product("free", HK, price=None), a_product("p", HK)) == [("p", "CN-HK-01")]


def test_only_the_cluster_of_the_volumes_counts() -> None:
    assert tried(wanted(cluster_id="c-ca"), a_product("p", HK, CA)) == [("p", "US-CA-06")]


# --- Whatever is offered --------------------------------------------------------------------------------------------

PRODUCTS = st.lists(
    st.builds(
        lambda number, regions, price, inventory: a_product(f"p{number}", *regions, price=price, inventory=inventory),
        st.integers(0, 9),
        st.lists(st.sampled_from([HK, CA, EU, "AS-JP-09"]), max_size=4),
        st.sampled_from([None, "0", "0.1", "0.35", "2"]),
        st.sampled_from(["none", "low", ""]),
    ),
    max_size=6,
)
ASKED = st.builds(
    lambda regions, only, limit: wanted(*regions, only_listed_regions=only, max_price_per_hour=limit),
    st.lists(st.sampled_from(["CN-HK-01", "US-CA-06", "EU-DE-01"]), min_size=1, max_size=3, unique=True),
    st.booleans(),
    st.sampled_from([None, Decimal("0.2"), Decimal("0.35")]),
)
EXHAUSTED = st.frozensets(st.tuples(st.sampled_from(["p0", "p1"]), st.sampled_from(["CN-HK-01"]), st.just("OnDemand")))


@settings(max_examples=100)
@given(ASKED, PRODUCTS, EXHAUSTED)
def test_no_candidate_is_ever_too_dear_sold_out_or_where_it_must_not_be(
    asked: Desired, products: list[Product], exhausted: frozenset[Offer]
) -> None:
    found = selection.select(asked, products, CLUSTERS, exhausted)

    if isinstance(found, NoSelection):
        assert found.message.startswith(("spec.", "product", "Novita", "The cheapest offer"))
        return
    for candidate in found.candidates:
        assert asked.max_price_per_hour is None or candidate.price_per_hour <= asked.max_price_per_hour
        assert candidate.price_per_hour > 0
        assert not asked.only_listed_regions or candidate.region in asked.regions
        assert candidate.product.inventory != "none"
        assert (candidate.product.id, candidate.region, "OnDemand") not in exhausted
