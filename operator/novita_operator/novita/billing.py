"""The account's money (novita-api 2A.9)."""

from __future__ import annotations

from novita_operator.novita import decoding
from novita_operator.novita.limits import Priority
from novita_operator.novita.models import Balance
from novita_operator.novita.transport import Transport

_BASE = "/openapi/v1/billing"


class Billing:
    """The billing endpoints of one account."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def balance(self) -> Balance:
        """What is left to spend."""
        raw = await self._transport.request("GET", f"{_BASE}/balance/detail", idempotent=True, priority=Priority.POLL)
        return decoding.balance(raw)
