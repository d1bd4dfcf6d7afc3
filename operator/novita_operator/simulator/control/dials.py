"""Settings as control sees them: the dials, and the offer (stock, prices, products, clusters, templates)."""

from __future__ import annotations

from typing import Any

from pydantic import Field, TypeAdapter

from novita_operator.simulator.account import Account
from novita_operator.simulator.offer.catalog import ANY, Cluster, Product
from novita_operator.simulator.offer.templates import Template
from novita_operator.simulator.settings import Dials


class Stock(Dials):
    """GPUs in all on the matching shelves (`*` = any; a product by id or name); null = as it was at the start."""

    product_id: str = ANY
    cluster_id: str = ANY
    mode: str = ANY
    gpus: int | None = Field(ge=0)


class Price(Dials):
    """In 1/100000 USD; what is absent stays. Instances that exist keep their price."""

    product_id: str
    price: int | None = Field(None, ge=0)
    spot_price: int | None = Field(None, ge=0)


_STOCK = TypeAdapter(list[Stock])
_PRICES = TypeAdapter(list[Price])
_PRODUCTS = TypeAdapter(list[Product])
_CLUSTERS = TypeAdapter(list[Cluster])
_TEMPLATES = TypeAdapter(list[Template])
_OFFER = ("clusters", "products", "templates", "prices", "stock")


def change(account: Account, body: dict[str, Any]) -> None:
    """POST settings. All of it is checked before any of it counts. Raises ValidationError, ValueError."""
    clusters = _CLUSTERS.validate_python(body.get("clusters", []))
    products = _PRODUCTS.validate_python(body.get("products", []))
    templates = _TEMPLATES.validate_python(body.get("templates", []))
    prices = _PRICES.validate_python(body.get("prices", []))
    stock = _STOCK.validate_python(body.get("stock", []))
    account.change_settings({key: value for key, value in body.items() if key not in _OFFER})
    account.catalog.clusters |= {cluster.id: cluster for cluster in clusters}
    account.catalog.products |= {product.id: product for product in products}
    for template in templates:
        account.templates.put(template)
    for price in prices:
        _set_price(account, price)
    for each in stock:
        if not account.catalog.set_capacity((each.product_id, each.cluster_id, each.mode), each.gpus):
            raise ValueError(f"nothing is offered as {each.product_id} in {each.cluster_id} as {each.mode}")


def report(account: Account) -> dict[str, Any]:
    """GET settings."""
    catalog = account.catalog
    return {
        **account.settings.model_dump(mode="json", by_alias=True),
        "clusters": [cluster.model_dump(by_alias=True) for cluster in catalog.clusters.values()],
        "products": [product.model_dump(by_alias=True) for product in catalog.products.values()],
        "stock": [
            {
                "productId": shelf.product,
                "clusterId": shelf.cluster,
                "mode": shelf.mode,
                "gpus": catalog.capacity(shelf),
                "held": catalog.held()[shelf],
                "free": catalog.free(shelf),
            }
            for shelf in catalog.shelves()
        ],
        "templates": [{"Id": each.id, "name": each.name, "channel": each.channel} for each in account.templates],
    }


def _set_price(account: Account, price: Price) -> None:
    matching = [each for each in account.catalog.products.values() if price.product_id in (ANY, each.id, each.name)]
    if not matching:
        raise ValueError(f"there is no product {price.product_id}")
    for product in matching:
        update = {
            key: value for key, value in (("price", price.price), ("spot_price", price.spot_price)) if value is not None
        }
        account.catalog.products[product.id] = product.model_copy(update=update)
