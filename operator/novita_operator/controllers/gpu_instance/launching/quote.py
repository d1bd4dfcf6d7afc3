"""What an instance that exists costs now: as Novita tells it itself, else as its catalogue asks for the same."""

from __future__ import annotations

from decimal import Decimal

from novita_operator.novita import errors
from novita_operator.novita.models import Instance
from novita_operator.runtime.accounts.account import Account


async def of(instance: Instance, account: Account, monotonic: float) -> Decimal | None:
    """USD per hour, asked for at this monotonic time or later; None where Novita does not say."""
    if instance.price_per_hour is not None:
        return instance.price_per_hour
    try:
        products = await account.client.products(since=monotonic)
    except errors.NovitaError:
        return None
    spot, gpus = instance.is_spot, instance.gpu_count
    return account.prices.asked(products, instance.product_id, spot=spot, gpu_count=gpus)
