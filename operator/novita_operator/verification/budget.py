"""What the paid part may cost, decided before anything is rented. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

from novita_operator.novita.models import Product

LONGEST_LIFE = 600.0  # seconds; an image of 30 MB is pulled and runs within two minutes
SHORTEST_LIFE = 60.0  # seconds; in less nothing would be seen
END_SECONDS = 300.0  # seconds that a deletion may take (novita-api 3.2); they may be billed
_HOUR = Decimal(3600)
_CENT = Decimal("0.01")
_SMALLEST_ROOTFS_GB = 10


class TooLittle(Exception):
    """Nothing can be rented for this; the sentence says what can be done."""


@dataclass(frozen=True, slots=True)
class Rental:
    """One GPU on demand: USD per hour, how long it may live, and the most that all of it can cost in USD."""

    product_id: str
    product_name: str
    price_per_hour: Decimal
    rootfs_gb: int
    seconds: float
    most: Decimal


def rental(products: Iterable[Product], spend: Decimal, balance: Decimal | None) -> Rental:
    """The cheapest that can be had. `spend`: the most in USD, deletion included. Raises TooLittle."""
    product, price = _cheapest(products)
    seconds = min(LONGEST_LIFE, float(spend / price * _HOUR) - END_SECONDS)
    needed = _cost(price, SHORTEST_LIFE + END_SECONDS)
    if seconds < SHORTEST_LIFE:
        raise TooLittle(
            f"the cheapest GPU is {product.name} for {price} USD/h; a minute of it, and the five that its deletion may "
            f"take, cost {needed} USD. Nothing was rented: say --spend {needed}"
        )
    most = min(spend, _cost(price, seconds + END_SECONDS))
    if balance is not None and balance < most:
        raise TooLittle(f"the account's balance is below {most} USD, which this may cost. Nothing was rented")
    rootfs = max(product.min_rootfs_gb, _SMALLEST_ROOTFS_GB)
    return Rental(product.id, product.name, price, rootfs, seconds, most)


def cost(rental: Rental, seconds: float) -> Decimal:
    """USD for so many seconds, by the catalogue's price."""
    return (rental.price_per_hour * Decimal(str(seconds)) / _HOUR).quantize(Decimal("0.0001"), ROUND_UP)


def _cheapest(products: Iterable[Product]) -> tuple[Product, Decimal]:
    offered = [
        (each.price_per_gpu_hour, each.id, each)
        for each in products
        if each.available and each.price_per_gpu_hour and "onDemand" in each.billing_methods
    ]
    if not offered:
        raise TooLittle("no GPU can be had on demand at the moment. Nothing was rented: try again later")
    price, _, product = min(offered, key=lambda each: each[:2])
    return product, price


def _cost(price: Decimal, seconds: float) -> Decimal:
    return (price * Decimal(str(seconds)) / _HOUR).quantize(_CENT, ROUND_UP)
