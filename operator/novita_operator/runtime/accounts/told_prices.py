"""Prices that Novita told of instances, where its catalogue had said less: remembered, so that nobody pays twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from novita_operator.novita.models import Product

_Offer = tuple[str, bool]
"""Product id, and whether it was rented as a spot instance."""


@dataclass(slots=True)
class ToldPrices:
    """Real prices per GPU and hour by offer, beside what the catalogue said of it.

    They count for as long as the catalogue says the same: each look at another price would cost an instance.
    """

    _told: dict[_Offer, tuple[Decimal, Decimal]] = field(default_factory=dict)

    def remember(self, product: Product, told: Decimal, *, spot: bool) -> None:
        """An instance of this product costs more per GPU, USD per hour, than the product as it is listed."""
        listed = product.price_per_hour(spot=spot, gpu_count=1)
        if listed is not None and told > listed:
            self._told[(product.id, spot)] = listed, told

    def corrected(self, products: Sequence[Product]) -> tuple[Product, ...]:
        """The products with the prices that are really asked for them."""
        return tuple(self._corrected(product) for product in products) if self._told else tuple(products)

    def asked(self, products: Sequence[Product], product_id: str, *, spot: bool, gpu_count: int) -> Decimal | None:
        """What so many GPUs of one of these products really cost, USD per hour; None where it is not offered."""
        product = next((each for each in self.corrected(products) if each.id == product_id), None)
        return None if product is None else product.price_per_hour(spot=spot, gpu_count=gpu_count)

    def _corrected(self, product: Product) -> Product:
        on_demand = self._real(product.id, product.price_per_gpu_hour, spot=False)
        spot = self._real(product.id, product.spot_price_per_gpu_hour, spot=True)
        return replace(product, price_per_gpu_hour=on_demand, spot_price_per_gpu_hour=spot)

    def _real(self, product_id: str, listed: Decimal | None, *, spot: bool) -> Decimal | None:
        before, told = self._told.get((product_id, spot), (None, None))
        return told if told is not None and before == listed else listed
