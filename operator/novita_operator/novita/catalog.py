"""Products and regions (novita-api 2A.3). They change slowly and are asked for by many: cached, one call at a time."""

from __future__ import annotations

from typing import Any

from novita_operator.novita import decoding, errors
from novita_operator.novita.limits import Priority
from novita_operator.novita.models import Cluster, Product
from novita_operator.novita.transport import Route, Transport

_BASE = "/gpu-instance/openapi/v1"
_PRODUCTS = Route("products", "GET", f"{_BASE}/products", Priority.READ_FOR_USER)
_CLUSTERS = Route("clusters", "GET", f"{_BASE}/clusters", Priority.READ_FOR_USER)


class Catalog:
    """What can be rented, and where."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def products(self) -> tuple[Product, ...]:
        """All GPU products of all regions, in one call."""
        raw = _items(await self._transport.read(_PRODUCTS), "products")
        return tuple(product for item in raw if (product := decoding.product(item)).id)

    async def clusters(self) -> tuple[Cluster, ...]:
        """All regions."""
        raw = _items(await self._transport.read(_CLUSTERS), "clusters")
        return tuple(cluster for item in raw if (cluster := decoding.cluster(item)).id)


def _items(raw: Any, what: str) -> list[decoding.Wire]:  # noqa: ANN401 - JSON
    if not isinstance(raw, dict) or not isinstance(raw.get("data"), list):
        raise errors.InvalidResponse(f"a list of {what} without `data`")
    return list(decoding.parts(raw, "data"))
