"""What is asked for, what Novita offers, and what comes of it."""

from __future__ import annotations

from typing import Any, Literal

from tests.unit.support.builders import CLUSTERS

from novita_operator.controllers.gpu_instance.launching import selection
from novita_operator.controllers.gpu_instance.launching.selection import NoSelection, Offer, Selection
from novita_operator.controllers.gpu_instance.policies.defaults import Desired
from novita_operator.novita.models import Product

HK, CA, EU = "CN-HK-01 (Hong Kong)", "US-CA-06 (California)", "EU-DE-01"
NONE: frozenset[Offer] = frozenset()


def wanted(*regions: str, billing: Literal["OnDemand", "Spot"] = "OnDemand", **changes: Any) -> Desired:
    values: dict[str, Any] = {
        "product_name": "RTX 4090 24GB",
        "product_id": None,
        "gpu_count": 1,
        "billing": billing,
        "regions": regions or ("CN-HK-01",),
        "only_listed_regions": False,
        "max_price_per_hour": None,
        "rootfs_gb": 60,
        "template": None,
    }
    return Desired(**(values | changes))


def tried(asked: Desired, *products: Product, exhausted: frozenset[Offer] = NONE) -> list[tuple[str, str]]:
    """Product id and region of each candidate, in the order in which they are tried."""
    chosen = selection.select(asked, products, CLUSTERS, exhausted)
    assert isinstance(chosen, Selection), chosen
    return [(candidate.product.id, candidate.region) for candidate in chosen.candidates]


def refused(asked: Desired, *products: Product, exhausted: frozenset[Offer] = NONE) -> NoSelection:
    found = selection.select(asked, products, CLUSTERS, exhausted)
    assert isinstance(found, NoSelection), found
    return found
