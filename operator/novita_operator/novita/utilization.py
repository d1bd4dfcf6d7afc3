"""How busy an instance is (novita-api 2A.8)."""

from __future__ import annotations

from datetime import datetime

from novita_operator.novita import curves
from novita_operator.novita.limits import Priority
from novita_operator.novita.models import Curve, Usage
from novita_operator.novita.transport import Transport


class UtilizationReader:
    """The metrics endpoint of one account. It lives beside the GPU API, not under it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def gpu_utilization(self, instance_id: str, since: datetime, until: datetime) -> Curve:
        """The means of all GPUs between two moments, oldest first; data is about a minute late."""
        return curves.gpu_utilization(await self._read(instance_id, since, endTime=int(until.timestamp())))

    async def usage(self, instance_id: str, since: datetime, every_seconds: int) -> Usage:
        """All curves up to now, by Novita's own clock; a point every so many seconds."""
        return curves.usage(await self._read(instance_id, since, interval=every_seconds))

    async def _read(self, instance_id: str, since: datetime, **more: int) -> object:
        return await self._transport.request(
            "GET",
            "/openapi/v1/metrics/gpu/instance",
            params={"instanceId": instance_id, "startTime": int(since.timestamp()), **more},
            idempotent=True,
            priority=Priority.POLL,
        )
