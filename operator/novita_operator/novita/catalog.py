"""Products and regions (novita-api 2A.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from novita_operator.novita import decoding
from novita_operator.novita.limits import Priority
from novita_operator.novita.models import Cluster, Product
from novita_operator.novita.transport import Json, Transport

_BASE = "/gpu-instance/openapi/v1"


class Asked(NamedTuple):
    """What stock is asked about. Novita takes silence for on demand (novita-api 10). `cluster_id` "": any."""

    billing: Literal["OnDemand", "Spot"]
    gpu_count: int
    cluster_id: str = ""

    def to_params(self) -> dict[str, str]:
        method = "spot" if self.billing == "Spot" else "onDemand"
        params = {"billingMethod": method, "gpuNum": str(self.gpu_count), "clusterId": self.cluster_id}
        return {key: value for key, value in params.items() if value}


class Catalog:
    """What can be rented, and where."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def products(self, cluster_id: str = "") -> tuple[Product, ...]:
        """All GPU products of all regions, in one call; or those of one, whose stock is then that of the region."""
        return decoding.products(await self._read("products", {"clusterId": cluster_id} if cluster_id else {}))

    async def offers(self, asked: Asked) -> tuple[Product, ...]:
        """What is offered so, with the stock for it."""
        return decoding.products(await self._read("products", asked.to_params()))

    async def clusters(self) -> tuple[Cluster, ...]:
        """All regions."""
        return decoding.clusters(await self._read("clusters", {}))

    async def _read(self, what: str, params: Mapping[str, str]) -> Json:
        return await self._transport.request(
            "GET", f"{_BASE}/{what}", params=params, idempotent=True, priority=Priority.READ_FOR_USER
        )
