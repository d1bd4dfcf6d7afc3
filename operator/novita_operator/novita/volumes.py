"""Network volumes (novita-api 2A.5)."""

from __future__ import annotations

from novita_operator.novita import decoding, paging
from novita_operator.novita.limits import Priority
from novita_operator.novita.models import NetworkVolume
from novita_operator.novita.transport import Transport


class Volumes:
    """The network volumes of one account."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._habits = paging.Habits()

    async def list(self) -> tuple[NetworkVolume, ...]:
        """All of them."""

        async def page(number: int) -> paging.Page[NetworkVolume]:
            raw = await self._transport.request(
                "GET",
                "/gpu-instance/openapi/v1/networkstorages/list",
                params={"pageSize": paging.PAGE_SIZE, "pageNo": number},
                idempotent=True,
                priority=Priority.READ_FOR_USER,
            )
            return decoding.network_volumes(raw)

        return tuple((await paging.read_all(page, self._habits)).by_id.values())
