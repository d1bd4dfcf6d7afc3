"""What is on offer: clusters, products with prices, and GPUs in stock per product, cluster and billing mode."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from pydantic import Field

from novita_operator.simulator import refusal
from novita_operator.simulator.settings import Dials

ANY = "*"
Mode = Literal["onDemand", "spot", "monthly"]
MODES: tuple[Mode, ...] = ("onDemand", "spot", "monthly")


class Cluster(Dials):
    """A place. `name` is the display label that products carry; nothing derives the id from it."""

    id: str
    name: str
    support_network_storage: bool = True
    support_instance_network: bool = True


class Product(Dials):
    """A GPU kind on offer. Prices in 1/100000 USD per GPU and hour; `stock`: cluster id -> mode -> GPUs in all."""

    id: str
    name: str
    cpu_per_gpu: int = 16
    memory_per_gpu: int = 62
    disk_per_gpu: int = 60
    min_root_fs: int = Field(10, alias="minRootFS")
    max_root_fs: int = Field(2048, alias="maxRootFS")
    price: int
    spot_price: int = 0
    stock: dict[str, dict[Mode, int]]

    def price_in(self, mode: Mode) -> int:
        return self.spot_price if mode == "spot" else self.price

    @property
    def methods(self) -> list[str]:
        """The billing methods on offer; a spot price of 0 is no spot offer (novita-api 1.10)."""
        return [mode for mode in MODES if mode != "spot" or self.spot_price > 0]


class Shelf(NamedTuple):
    """Where GPUs of one kind lie."""

    product: str
    cluster: str
    mode: Mode


class Catalog:
    """The offer of one account and who holds what of it."""

    def __init__(self, clusters: Iterable[Cluster], products: Iterable[Product]) -> None:
        self.clusters: dict[str, Cluster] = {cluster.id: cluster for cluster in clusters}
        self.products: dict[str, Product] = {product.id: product for product in products}
        self._changed: dict[Shelf, int] = {}
        self._held: Counter[Shelf] = Counter()

    def capacity(self, shelf: Shelf) -> int:
        """GPUs in all, held ones included."""
        usual = self.products[shelf.product].stock.get(shelf.cluster, {}).get(shelf.mode, 0)
        return self._changed.get(shelf, usual)

    def free(self, shelf: Shelf) -> int:
        return max(0, self.capacity(shelf) - self._held[shelf])

    def set_capacity(self, pattern: tuple[str, str, str], gpus: int | None) -> int:
        """Changes every matching shelf (`*` = any; a product by id or name); None = as it was. Counts them."""
        matching = list(self.shelves(*pattern))
        for shelf in matching:
            if gpus is None:
                self._changed.pop(shelf, None)
            else:
                self._changed[shelf] = gpus
        return len(matching)

    def shelves(self, product: str = ANY, cluster: str = ANY, mode: str = ANY) -> Iterator[Shelf]:
        """Every place that matches."""
        for found in self.products.values():
            if product not in (ANY, found.id, found.name):
                continue
            for place, by_mode in found.stock.items():
                if cluster in (ANY, place):
                    yield from (Shelf(found.id, place, each) for each in by_mode if mode in (ANY, each))

    def place(self, product: Product, cluster: str, mode: Mode, gpus: int) -> Shelf:
        """Takes GPUs in the wanted cluster, or in the first that has them. Raises INSUFFICIENT_RESOURCE."""
        for shelf in self.shelves(product.id, cluster or ANY, mode):
            if self.free(shelf) >= gpus:
                self.take(shelf, gpus)
                return shelf
        raise refusal.no_stock()

    def take(self, shelf: Shelf, gpus: int) -> None:
        self._held[shelf] += gpus

    def give_back(self, shelf: Shelf, gpus: int) -> None:
        self._held[shelf] = max(0, self._held[shelf] - gpus)

    def held(self) -> Mapping[Shelf, int]:
        return self._held
