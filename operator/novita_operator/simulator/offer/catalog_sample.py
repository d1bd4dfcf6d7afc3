"""The offer that an account starts with: close to the live one in kinds and prices, with the known traps in it."""

from __future__ import annotations

from novita_operator.simulator.offer.catalog import Catalog, Cluster, Mode, Product

_MANY = 100_000  # more than any test rents
_FEW = 8  # one machine: `low` or `normal` stock

_CLUSTERS = (
    Cluster(id="cn-hongkong-1", name="CN-HK-01 (Hong Kong)"),  # the id that no rule derives from the label
    Cluster(id="as-sgp-2", name="AS-SGP-02 (Singapore)"),
    Cluster(id="us-ca-6", name="US-CA-06 (California)"),
    Cluster(id="oc-au-1", name="OC-AU-01 (Australia)", support_network_storage=False),
    Cluster(id="as-in-1", name="AS-IN-01 (India)"),
    Cluster(id="eu-de-1", name="EU-DE-01 (Germany)", support_instance_network=False),
    Cluster(id="us-ca-nas-2", name="US-CA-NAS-02 (California)"),
    Cluster(id="eu-gb-1", name="EU-GB-01 (United Kingdom)"),
)


def _stock(gpus: int, *clusters: str, spot: bool = True) -> dict[str, dict[Mode, int]]:
    modes: tuple[Mode, ...] = ("onDemand", "spot", "monthly") if spot else ("onDemand", "monthly")
    return {cluster: dict.fromkeys(modes, gpus) for cluster in clusters}


_PRODUCTS = (
    Product(
        id="4090.16c62g",
        name="RTX 4090 24GB",
        price=35_000,
        spot_price=18_000,
        stock=_stock(_MANY, "cn-hongkong-1", "as-sgp-2", "us-ca-6"),
    ),
    Product(  # the same name once more, in other places and at another price
        id="4090.16c96g.v2",
        name="RTX 4090 24GB",
        memory_per_gpu=96,
        price=39_000,
        spot_price=20_000,
        stock=_stock(_MANY, "oc-au-1", "as-in-1"),
    ),
    Product(  # found by the fuzzy name "RTX 4090" too
        id="4090.48g.16c125g",
        name="RTX 4090 48GB",
        memory_per_gpu=125,
        price=59_000,
        spot_price=30_000,
        stock=_stock(_FEW, "cn-hongkong-1", "us-ca-6"),
    ),
    Product(
        id="3080.8c30g",
        name="RTX 3080 12GB",
        cpu_per_gpu=8,
        memory_per_gpu=30,
        price=15_000,
        stock=_stock(_MANY, "as-sgp-2", "us-ca-6", spot=False),
    ),
    Product(
        id="3090.16c92g",
        name="RTX 3090 24GB",
        memory_per_gpu=92,
        price=21_000,
        spot_price=11_000,
        stock=_stock(2, "eu-de-1", "us-ca-6"),
    ),
    Product(
        id="h100.20c180g",
        name="H100 SXM 80GB",
        cpu_per_gpu=20,
        memory_per_gpu=180,
        max_root_fs=6144,
        price=199_000,
        spot_price=99_500,
        stock=_stock(_FEW, "us-ca-6", "eu-de-1"),
    ),
    Product(
        id="5090.16c92g",
        name="RTX 5090 32GB",
        memory_per_gpu=92,
        price=63_000,
        spot_price=32_000,
        stock=_stock(_FEW, "us-ca-nas-2", "eu-gb-1"),
    ),
    Product(  # an id with capitals and more than one dot
        id="A100-80GB.14c240g",
        name="A100 PCIe 80GB",
        cpu_per_gpu=14,
        memory_per_gpu=240,
        price=160_000,
        stock=_stock(_FEW, "us-ca-nas-2", spot=False),
    ),
    Product(  # listed, priced, and never to be had
        id="a100.16c120g",
        name="A100 SXM 80GB",
        memory_per_gpu=120,
        price=139_000,
        spot_price=70_000,
        stock=_stock(0, "us-ca-6", "as-sgp-2"),
    ),
)


def new() -> Catalog:
    """A fresh catalogue, nothing of it held."""
    return Catalog(_CLUSTERS, _PRODUCTS)
