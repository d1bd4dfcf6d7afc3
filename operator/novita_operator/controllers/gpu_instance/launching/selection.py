"""Which product to rent, and where: by region order and price. Pure.

Names are compared exactly, since Novita's own filter is fuzzy and `RTX 4090 24GB` must never become another card.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from novita_operator.api.gpu_instance.reasons import Reason
from novita_operator.novita.models import Cluster, Product
from novita_operator.tenancy import judging
from novita_operator.tenancy.judging import Refusal

if TYPE_CHECKING:
    from novita_operator.controllers.gpu_instance.policies.defaults import Desired

Offer = tuple[str, str, str]
"""(product id, region code, billing): what can be out of stock."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing that can be rented. `price_per_hour` is USD for the whole instance."""

    product: Product
    region: str
    cluster_id: str
    price_per_hour: Decimal

    @property
    def offer(self) -> judging.Offer:
        """The same, as spec.tenancy speaks of it."""
        return judging.Offer(self.product.id, self.product.name, self.region, self.price_per_hour)


@dataclass(frozen=True, slots=True)
class Selection:
    """Candidates, best first, and what was left aside, in words."""

    candidates: tuple[Candidate, ...]
    sold_out: tuple[str, ...]

    def sentence(self, chosen: Candidate) -> str:
        """Why this one, for `status.selection`."""
        others = len(self.candidates) - 1
        text = f"{chosen.product.name} ({chosen.product.id}) in {chosen.region} for {chosen.price_per_hour} USD/h"
        text += f"; {others} other offer{'s' if others != 1 else ''} fit" + ("s" if others == 1 else "")
        if self.sold_out:
            text += "; no stock in " + ", ".join(self.sold_out)
        return text + "."


@dataclass(frozen=True, slots=True)
class NoSelection:
    """Nothing can be rented now, and why. `stalled`: it will not get better without a person.

    `refused`: the account does not allow any of what Novita offers.
    """

    reason: Reason
    message: str
    stalled: bool
    refused: Refusal | None = None


Complaint = Callable[[Candidate], Refusal | None]
"""Why an account does not let this be rented; None where it does."""


def select(
    wanted: Desired,
    products: Sequence[Product],
    clusters: Sequence[Cluster],
    exhausted: AbstractSet[Offer],
    complaint: Complaint = lambda _: None,
) -> Selection | NoSelection:
    """The offers that fit and are allowed, in the order in which they should be tried."""
    matching = [product for product in products if is_wanted(product, wanted)]
    if not matching:
        return _no_such_product(wanted, products)
    offers = sorted(_offers(wanted, matching, clusters), key=lambda offer: _rank(offer, wanted))
    if not offers:
        return _not_offered(wanted, matching)
    affordable = [offer for offer in offers if _affordable(offer, wanted)]
    if not affordable:
        return _too_dear(wanted, offers)
    allowed = [offer for offer in affordable if complaint(offer) is None]
    if not allowed:
        return _not_allowed(affordable, complaint)
    free = tuple(offer for offer in allowed if _in_stock(offer, wanted, exhausted))
    if not free:
        return _no_capacity(wanted, allowed)
    in_stock = {offer.region for offer in free}
    sold_out = dict.fromkeys(offer.region for offer in allowed if offer.region not in in_stock)
    return Selection(free, tuple(sold_out))


def region_code(label: str) -> str:
    """`CN-HK-01` of both `CN-HK-01` and `CN-HK-01 (Hong Kong)` (novita-api 2A.3: products carry labels)."""
    return label.strip().partition(" ")[0].upper()


def is_wanted(product: Product, wanted: Desired) -> bool:
    """Whether it is the product of the spec, in whatever region and at whatever price."""
    if wanted.product_id is not None:
        return product.id == wanted.product_id
    return product.name.strip().casefold() == (wanted.product_name or "").strip().casefold()


def _offers(wanted: Desired, products: Sequence[Product], clusters: Sequence[Cluster]) -> Iterator[Candidate]:
    cluster_ids = {cluster.code.upper(): cluster.id for cluster in clusters}
    allowed = {region_code(region) for region in wanted.regions}
    for product in products:
        price = product.spot_price_per_gpu_hour if wanted.billing == "Spot" else product.price_per_gpu_hour
        if price is None or price <= 0 or not _holds(product, wanted.rootfs_gb):
            continue
        for code in dict.fromkeys(region_code(label) for label in product.regions):
            at_the_volumes = wanted.cluster_id in {None, cluster_ids.get(code)}
            if code in cluster_ids and at_the_volumes and (code in allowed or not wanted.only_listed_regions):
                yield Candidate(product, code, cluster_ids[code], price * wanted.gpu_count)


def _holds(product: Product, rootfs_gb: int) -> bool:
    # 0 as a maximum means that Novita did not say.
    return product.min_rootfs_gb <= rootfs_gb <= (product.max_rootfs_gb or rootfs_gb)


def _rank(offer: Candidate, wanted: Desired) -> tuple[int, Decimal, int, int, str, str]:
    """Listed regions first, in their order; then the cheapest; then the larger machine; then a stable order."""
    codes = [region_code(region) for region in wanted.regions]
    place = codes.index(offer.region) if offer.region in codes else len(codes)
    product = offer.product
    return place, offer.price_per_hour, -product.memory_per_gpu, -product.cpu_per_gpu, product.id, offer.region


def _affordable(offer: Candidate, wanted: Desired) -> bool:
    return wanted.max_price_per_hour is None or offer.price_per_hour <= wanted.max_price_per_hour


def _in_stock(offer: Candidate, wanted: Desired, exhausted: AbstractSet[Offer]) -> bool:
    listed = offer.product.available and offer.product.inventory != "none"
    return listed and (offer.product.id, offer.region, wanted.billing) not in exhausted


def _what(wanted: Desired) -> str:
    if wanted.product_id is not None:
        return f'product id "{wanted.product_id}"'
    return f'product "{wanted.product_name}"'


def _no_such_product(wanted: Desired, products: Sequence[Product]) -> NoSelection:
    field = "spec.productId" if wanted.product_id is not None else "spec.productName"
    known = sorted({product.id if wanted.product_id is not None else product.name for product in products})
    asked = wanted.product_id or wanted.product_name or ""
    close = difflib.get_close_matches(asked, known, n=3, cutoff=0.4) or known[:3]
    hint = f" Close to it: {', '.join(close)}." if close else ""
    message = (
        f"{field}: Novita has no {_what(wanted)}.{hint} Create a new GPUInstance with an exact name; "
        "this one is tried again every few minutes."
    )
    return NoSelection(Reason.PRODUCT_NOT_FOUND, message, stalled=True)


def _not_offered(wanted: Desired, matching: Sequence[Product]) -> NoSelection:
    regions = sorted({region_code(label) for product in matching for label in product.regions})
    where = f" in {', '.join(wanted.regions)}" if wanted.only_listed_regions else ""
    where += f" in the cluster of its volumes ({wanted.cluster_id})" if wanted.cluster_id is not None else ""
    message = (
        f"{_what(wanted)} is not offered{where} as {wanted.billing} with a root disk of {wanted.rootfs_gb} GB. "
        f"Novita lists it in: {', '.join(regions) or 'no region'}. Create a new GPUInstance with other regions, "
        "billing or rootfsSizeGB; this one is tried again every few minutes."
    )
    return NoSelection(Reason.PRODUCT_NOT_FOUND, message, stalled=True)


def _too_dear(wanted: Desired, offers: Sequence[Candidate]) -> NoSelection:
    cheapest = min(offers, key=lambda offer: offer.price_per_hour)
    message = (
        f"The cheapest offer for {_what(wanted)} x {wanted.gpu_count}, {cheapest.price_per_hour} USD/h in "
        f"{cheapest.region}, is above your limit of {wanted.max_price_per_hour} (spec.maxPricePerHour). Nothing is "
        "rented. Prices are checked again every few minutes."
    )
    return NoSelection(Reason.PRICE_ABOVE_LIMIT, message, stalled=True)


def _not_allowed(offers: Sequence[Candidate], complaint: Complaint) -> NoSelection:
    """A limit that others' use has reached may pass by itself, so it is told before what only a person changes."""
    refused = [found for offer in offers if (found := complaint(offer)) is not None]
    told = next((each for each in refused if each.reason == "LimitReached"), refused[0])
    return NoSelection(Reason(told.reason), told.message, told.reason != "LimitReached", told)


def _no_capacity(wanted: Desired, offers: Sequence[Candidate]) -> NoSelection:
    regions = ", ".join(dict.fromkeys(offer.region for offer in offers))
    message = f"Novita has no free {_what(wanted)} x {wanted.gpu_count} ({wanted.billing}) in {regions} now."
    if wanted.only_listed_regions:
        message += " spec.regionPolicy is Require, so no other region is tried."
    return NoSelection(Reason.NO_CAPACITY, message, stalled=False)
