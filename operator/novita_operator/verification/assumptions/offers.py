"""What is on offer: products, prices, clusters, templates."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from novita_operator.verification import shapes
from novita_operator.verification.assumption import Assumption, Finding, judged
from novita_operator.verification.evidence import Ask, Evidence, Item, NotSeen

_NEEDED = (
    *("id", "name", "price", "spotPrice", "availableDeploy", "inventoryState", "regions", "billingMethods"),
    *("minRootFS", "maxRootFS"),
)
_STOCK_WORDS = frozenset({"none", "low", "normal", "high"})
_MEMORY_IN_NAME = re.compile(r"\b\d+ ?GB\b")
_UNIT = Decimal(100_000)
_CHEAPEST, _DEAREST = Decimal("0.01"), Decimal(100)  # USD per GPU and hour: no honest price lies outside


def _products(evidence: Evidence) -> list[Item]:
    return list(evidence.items(Ask.PRODUCTS, "data"))


def _fields(evidence: Evidence) -> Finding:
    absent = {key for each in _products(evidence) for key in _NEEDED if key not in each}
    return judged(not absent, f"absent: {shapes.joined(absent)}" if absent else "all fields that are read are there")


def _numbers(evidence: Evidence) -> Finding:
    forms = {key: shapes.fields(_products(evidence), key) for key in ("cpuPerGpu", "memoryPerGpu")}
    holds = set(forms.values()) == {"an integer"}
    return judged(holds, shapes.joined(f"`{key}` is {form}" for key, form in forms.items()))


def _unit(evidence: Evidence) -> Finding:
    prices = [each.get("price") for each in _products(evidence)]
    if not all(isinstance(price, str) and price.isdigit() for price in prices):
        return judged(False, f"`price` is {shapes.joined(map(shapes.of, prices))}")
    odd = [price for price in prices if not _CHEAPEST <= Decimal(str(price)) / _UNIT <= _DEAREST]
    return judged(not odd, f"{len(odd)} of {len(prices)} prices would be below {_CHEAPEST} or above {_DEAREST} USD/h")


def _spot_price(evidence: Evidence) -> Finding:
    wrong = [each for each in _products(evidence) if _has_spot_price(each) != ("spot" in _methods(each))]
    return judged(not wrong, f"{len(wrong)} products are offered as spot without a price, or priced and not offered")


def _has_spot_price(product: Item) -> bool:
    return product.get("spotPrice") not in (None, "", "0", 0)


def _methods(product: Item) -> list[object]:
    methods = product.get("billingMethods")
    return methods if isinstance(methods, list) else []


def _stock_words(evidence: Evidence) -> Finding:
    found = [each.get("inventoryState") for each in _products(evidence)]
    return judged(set(map(str, found)) <= _STOCK_WORDS, shapes.words(found))


def _memory(evidence: Evidence) -> Finding:
    products = _products(evidence)
    without = [each for each in products if not _MEMORY_IN_NAME.search(str(each.get("name")))]
    return judged(not without, f"{len(products) - len(without)} of {len(products)} names have it")


def _labels(evidence: Evidence) -> Finding:
    names = {each.get("name") for each in evidence.items(Ask.CLUSTERS, "data")}
    labels = {str(label) for each in _products(evidence) for label in _regions(each)}
    strange = labels - names
    return judged(not strange, f"{len(labels) - len(strange)} of {len(labels)} regions are names of clusters")


def _regions(product: Item) -> list[object]:
    regions = product.get("regions")
    return regions if isinstance(regions, list) else []


def _clusters(evidence: Evidence) -> Finding:
    clusters = evidence.items(Ask.CLUSTERS, "data")
    named = all(isinstance(each.get("id"), str) and isinstance(each.get("name"), str) for each in clusters)
    return judged(named, f"`id` {shapes.fields(clusters, 'id')}, `name` {shapes.fields(clusters, 'name')}")


def _of_cluster(evidence: Evidence) -> Finding:
    everywhere = {each.get("id") for each in _products(evidence)}
    there = {each.get("id") for each in evidence.items(Ask.PRODUCTS_IN, "data")}
    if there == everywhere:
        raise NotSeen("the cluster offers everything, or its filter is ignored")
    return judged(there < everywhere, f"{len(there)} of {len(everywhere)} products are there")


def _default(other: Ask, default: Ask) -> Callable[[Evidence], Finding]:
    """Judges whether `/products` without a filter answers as with its default."""

    def judge(evidence: Evidence) -> Finding:
        plain, usual, rest = (_stock(evidence, ask) for ask in (Ask.PRODUCTS, default, other))
        if usual == rest:
            raise NotSeen("both filters gave the same answer")
        if plain == usual:
            return judged(True, f"as with {default.removeprefix('GET products, ')}")
        of_other = plain == rest
        return judged(False, f"as with {other.removeprefix('GET products, ')}" if of_other else "like neither of both")

    return judge


def _stock(evidence: Evidence, ask: Ask) -> Mapping[str, tuple[object, object]]:
    """What can be had, by product."""
    rows = evidence.items(ask, "data")
    return {str(each.get("id")): (each.get("availableDeploy"), each.get("inventoryState")) for each in rows}


def _template(evidence: Evidence) -> Finding:
    template = evidence.answer(Ask.TEMPLATE).get("template")
    if not isinstance(template, dict):
        return judged(False, f"`template` is {shapes.of(template)}")
    listed = shapes.fields(evidence.items(Ask.TEMPLATES_1, "template"), "Id")
    whole = all(isinstance(template.get(key), str) and template[key] for key in ("Id", "name", "image"))
    return judged(
        whole and "absent" not in listed, f"the detail has {shapes.keys(template)}; `Id` in the list is {listed}"
    )


ALL = (
    Assumption(
        "product-fields",
        "2A.3",
        "A product has id, name, prices, stock, regions, billing methods and bounds of its disk.",
        "What is absent cannot be chosen by.",
        _fields,
    ),
    Assumption(
        "product-numbers",
        "10",
        "CPUs and memory of a product are integers.",
        "The client takes texts of digits as well; other programs may not.",
        _numbers,
    ),
    Assumption(
        "price-unit",
        "1.10",
        "Prices are texts of digits, in 1/100000 USD per GPU and hour.",
        "Price limits and costs are wrong: do not rely on `maxPricePerHour` before this is settled.",
        _unit,
    ),
    Assumption(
        "spot-price",
        "1.10",
        "A product has a spot price where it is offered as spot, and only there.",
        "Spot objects try products in vain, or leave some out.",
        _spot_price,
    ),
    Assumption(
        "stock-words",
        "2A.3",
        "Stock is none, low, normal or high.",
        "The choice between products with and without stock is a guess.",
        _stock_words,
    ),
    Assumption(
        "default-billing",
        "10",
        "Without `billingMethod`, products show what can be had on demand.",
        "Stock that the operator reads is that of another billing method.",
        _default(Ask.PRODUCTS_SPOT, Ask.PRODUCTS_ON_DEMAND),
    ),
    Assumption(
        "default-count",
        "10",
        "Without `gpuNum`, products show what can be had for one GPU.",
        "Stock that the operator reads is that for another number of GPUs.",
        _default(Ask.PRODUCTS_OF_EIGHT, Ask.PRODUCTS_OF_ONE),
    ),
    Assumption(
        "memory-in-name",
        "2A.3",
        "The name of a product ends in the memory of its GPU.",
        "`gpuType` that asks for a memory finds nothing.",
        _memory,
    ),
    Assumption(
        "region-labels",
        "2A.3",
        "The regions of products are the names of clusters.",
        "`region` is not found for these products.",
        _labels,
    ),
    Assumption(
        "clusters",
        "2A.3",
        "A cluster has an id and a name.",
        "Regions cannot be chosen.",
        _clusters,
    ),
    Assumption(
        "cluster-filter",
        "2A.3",
        "`clusterId` shows a part of the products.",
        "Stock of a region is unknown before an instance is rented there.",
        _of_cluster,
    ),
    Assumption(
        "templates",
        "2A.4",
        "A template comes as `template`, with `Id`, `name` and `image`.",
        "Objects with `template` cannot be rented.",
        _template,
    ),
)
