"""Who is who among the instances of an account, and what they cost. Pure."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from novita_operator.novita.models import Instance, InstanceState, Product
from novita_operator.reconciling import naming


@dataclass(frozen=True, slots=True)
class Prices:
    """USD per GPU and hour by product id: (on demand, spot)."""

    by_product: Mapping[str, tuple[Decimal | None, Decimal | None]]

    @classmethod
    def of(cls, products: Iterable[Product]) -> Prices:
        return cls({each.id: (each.price_per_gpu_hour, each.spot_price_per_gpu_hour) for each in products})

    def per_hour(self, instance: Instance) -> Decimal | None:
        """What the instance costs while it runs; None where its product is no longer listed."""
        on_demand, spot = self.by_product.get(instance.product_id, (None, None))
        price = spot if instance.is_spot else on_demand
        return None if price is None else price * max(1, instance.gpu_count)


@dataclass(frozen=True, slots=True)
class Census:
    """`managed` belong to an object, `foreign` lack this cluster's mark, `unclaimed` have it and no object.

    `price_per_hour`: USD per hour for everything that is billed now, as far as prices are known.
    """

    managed: int
    foreign: int
    unclaimed: tuple[Instance, ...]
    price_per_hour: Decimal


@dataclass(frozen=True, slots=True)
class Marks:
    """What shows that an instance is this cluster's: the start of its name, or that an object has it.

    `claims`: the names that belong to an object. `recorded`: the ids that objects have in their status.
    """

    names: naming.Names
    adopted: Container[str]
    claims: Collection[str]
    recorded: Collection[str] = ()

    def on(self, instance: Instance) -> bool:
        return self.names.marks(instance.name) or self.claimed(instance)

    def claimed(self, instance: Instance) -> bool:
        if instance.name in self.claims or instance.id in self.adopted:
            return True
        # Novita renders names otherwise. An id that it gave to somebody else carries a name that is nothing like ours.
        return instance.id in self.recorded and any(naming.resembles(name, instance.name) for name in self.claims)


def take(instances: Iterable[Instance], marks: Marks, prices: Prices) -> Census:
    """Count the instances of a complete, unfiltered list; removed ones, which linger, do not count."""
    present = [each for each in instances if each.state is not InstanceState.REMOVED]
    marked = [each for each in present if marks.on(each)]
    unclaimed = tuple(each for each in marked if not marks.claimed(each))
    billed = (prices.per_hour(each) for each in present if each.state.is_billed)
    return Census(
        managed=len(marked) - len(unclaimed),
        foreign=len(present) - len(marked),
        unclaimed=unclaimed,
        price_per_hour=sum((price for price in billed if price is not None), Decimal(0)),
    )
