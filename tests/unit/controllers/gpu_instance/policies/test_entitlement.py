"""What an object asks of its account, in the words in which spec.tenancy allows it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.unit.support import builders as a

from novita_operator.controllers.gpu_instance.policies import entitlement
from novita_operator.tenancy.judging import Offer, Wish
from novita_operator.tenancy.load import Load

EXISTING = a.an_instance(
    cluster_name="cn-hk-01 (Hong Kong)", product_id="p-1", product_name="RTX 4090 24GB", gpu_count=2, rootfs_gb=80
)


def test_a_wish_is_everything_of_the_spec_that_can_be_forbidden() -> None:
    spec = {
        "billing": "Spot",
        "gpuCount": 4,
        "rootfsSizeGB": 100,
        "volumes": [{"networkVolumeId": "v-1", "mountPath": "/a"}, {"networkVolumeId": "v-2", "mountPath": "/b"}],
        "registryAuthId": "r-1",
        "deletionPolicy": "Retain",
    }

    assert entitlement.wish(a.an_object(spec=spec)) == Wish("Spot", 4, 100, ("v-1", "v-2"), "r-1", "Retain")


def test_what_adopts_says_so() -> None:
    assert entitlement.wish(a.an_object(spec={"adopt": {"instanceId": "i-1"}})).adopts
    assert not entitlement.wish(a.an_object()).adopts


@pytest.mark.parametrize(("mode", "billing"), [("spot", "Spot"), ("onDemand", "OnDemand")])
def test_taking_an_instance_over_asks_for_what_it_is_and_for_how_it_ends(mode: str, billing: str) -> None:
    instance = a.an_instance(billing_mode=mode, gpu_count=2, rootfs_gb=80)
    resource = a.an_object(spec={"gpuCount": 8, "rootfsSizeGB": 10, "deletionPolicy": "Stop"})

    assert entitlement.wish_for(instance, resource) == Wish(billing, 2, 80, deletion_policy="Stop")


def test_an_instance_is_an_offer_in_its_region_by_the_code_alone() -> None:
    price = Decimal("0.70")

    assert entitlement.offer_of(EXISTING, price) == Offer("p-1", "RTX 4090 24GB", "CN-HK-01", price)


def test_a_product_without_a_name_goes_by_its_id_and_an_unknown_price_stays_unknown() -> None:
    unnamed = a.an_instance(cluster_name=" EU-DE-01 ", product_id="p-1")

    assert entitlement.offer_of(unnamed, None) == Offer("p-1", "p-1", "EU-DE-01", None)


def test_an_instance_takes_one_place_its_gpus_and_its_price() -> None:
    assert entitlement.load_of(EXISTING, Decimal("0.70")) == Load(1, 2, Decimal("0.70"))


def test_a_price_that_nobody_knows_counts_as_nothing() -> None:
    assert entitlement.load_of(EXISTING, None) == Load(1, 2, Decimal(0))
