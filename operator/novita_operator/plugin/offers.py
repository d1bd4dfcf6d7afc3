"""`offers`: what Novita rents out, where, and for how much."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.text import Text

from novita_operator.novita.account import NovitaAccountClient
from novita_operator.novita.models import Product
from novita_operator.plugin import novita, printing
from novita_operator.plugin.options import Format, Output

_VRAM = re.compile(r"(?P<gb>\d+)\s?GB", re.IGNORECASE)  # it exists in the product's name only (novita-api 2A.3)
_MONEY = ("VRAM GB", "$/GPU/H", "SPOT $/GPU/H")
_STYLES = {"high": "green", "normal": "green", "low": "yellow", "none": "red"}


@dataclass(frozen=True, slots=True)
class Offer:
    """One product. `stock`: Novita's word (`none low normal high`) by region."""

    product: Product
    stock: Mapping[str, str] = field(default_factory=dict)

    @property
    def vram_gb(self) -> int | None:
        found = _VRAM.search(self.product.name)
        return int(found["gb"]) if found else None

    @property
    def in_stock(self) -> bool:
        return any(word != "none" for word in self.stock.values())

    def to_json(self) -> dict[str, Any]:
        product = self.product
        return {
            "productName": product.name,
            "productId": product.id,
            "vramGB": self.vram_gb,
            "pricePerGpuHour": _money(product.price_per_gpu_hour, None),
            "spotPricePerGpuHour": _money(product.spot_price_per_gpu_hour, None),
            "rootfsGB": {"min": product.min_rootfs_gb, "max": product.max_rootfs_gb},
            "stock": dict(self.stock),
        }


def offers(
    product: Annotated[str, typer.Option(help="Only products whose name contains this.")] = "",
    region: Annotated[str, typer.Option(help="Only this region, such as CN-HK-01.")] = "",
    *,
    available: Annotated[bool, typer.Option("--available", help="Only what is in stock now.")] = False,
    output: Output = Format.TABLE,
) -> None:
    """The catalogue, cheapest first, with prices and stock by region. Asks Novita: needs NOVITA_API_KEY."""
    found = [
        offer
        for offer in novita.ask(lambda client: _read(client, region))
        if product.casefold() in offer.product.name.casefold() and (offer.in_stock or not available)
    ]
    if output is Format.JSON:
        printing.as_json([offer.to_json() for offer in found])
        return
    drawn = printing.table("PRODUCT", *_MONEY, "ID", "STOCK BY REGION", right=_MONEY)
    for offer in found:
        drawn.add_row(
            printing.cell(offer.product.name, "bold" if offer.in_stock else "dim"),
            printing.cell(offer.vram_gb or "-"),
            printing.cell(_money(offer.product.price_per_gpu_hour, "-")),
            printing.cell(_money(offer.product.spot_price_per_gpu_hour, "-")),
            printing.cell(offer.product.id, "dim"),
            _stock(offer.stock),
        )
    printing.show(drawn)


async def _read(client: NovitaAccountClient, region: str) -> list[Offer]:
    """One call per region: the stock of a product that is listed for all of them together says nothing of one."""
    clusters = [each for each in await client.clusters() if region.upper() in {"", each.code.upper()}]
    shelves = await asyncio.gather(*(client.products_in(each.id) for each in clusters))
    products: dict[str, Product] = {}
    stock: dict[str, dict[str, str]] = {}
    for cluster, listed in zip(clusters, shelves, strict=True):
        for product in listed:
            products[product.id] = product
            word = (product.inventory or "yes") if product.available else "none"
            stock.setdefault(product.id, {})[cluster.code] = word
    return sorted((Offer(each, stock[each.id]) for each in products.values()), key=_cheapest_first)


def _cheapest_first(offer: Offer) -> tuple[Decimal, str]:
    return offer.product.price_per_gpu_hour or Decimal("Infinity"), offer.product.id


def _money(value: Decimal | None, absent: str | None) -> str | None:
    return str(value) if value is not None and value > 0 else absent


def _stock(stock: Mapping[str, str]) -> Text:
    text = Text()
    for region, word in stock.items():
        text.append(", " if text else "").append_text(printing.cell(f"{region} {word}", _STYLES.get(word, "")))
    return text
