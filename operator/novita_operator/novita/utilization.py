"""How busy an instance is (novita-api 2A.8)."""

from __future__ import annotations

from datetime import datetime

from novita_operator.novita import decoding
from novita_operator.novita.limits import Priority
from novita_operator.novita.models import Utilization
from novita_operator.novita.transport import Transport


class UtilizationReader:
    """The metrics endpoint of one account. It lives beside the GPU API, not under it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def gpu_utilization(self, instance_id: str, since: datetime, until: datetime) -> tuple[Utilization, ...]:
        """The means of all GPUs between two moments, oldest first; data is about a minute late."""
        raw = await self._transport.request(
            "GET",
            "/openapi/v1/metrics/gpu/instance",
            params={
                "instanceId": instance_id,
                "startTime": int(since.timestamp()),
                "endTime": int(until.timestamp()),
            },
            idempotent=True,
            priority=Priority.POLL,
        )
        return decoding.gpu_utilization(raw)
