"""The price limit of an instance that was just rented, and what the catalogue says of its price."""

from __future__ import annotations

from decimal import Decimal

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance.observing.memory import Memory
from novita_operator.runtime.accounts.account import Account


def listed_price(resource: GPUInstance, account: Account | None) -> Decimal | None:
    """What the catalogue says that the instance costs, USD per hour; None where it does not say."""
    chosen = resource.status.product
    product = account.products.get(chosen.id) if account is not None and chosen is not None else None
    spot = resource.status.billing == "Spot"
    return product.price_per_hour(spot=spot, gpu_count=resource.spec.gpu_count) if product is not None else None


def unproven(resource: GPUInstance, memory: Memory) -> Decimal | None:
    """The limit that the price is still to be compared with, as this process or the status knows it."""
    if memory.unwritten.price is not None:
        return memory.unwritten.price.limit
    limit = resource.status.price_limit
    return None if limit is None else Decimal(limit)
