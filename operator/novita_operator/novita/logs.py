"""Where an instance's logs can be read: Novita has addresses for them and no route of its API (novita-api 2A.8)."""

from __future__ import annotations

from dataclasses import dataclass

from novita_operator.novita import fields
from novita_operator.novita.limits import Priority
from novita_operator.novita.transport import Transport

_INSTANCE = "/gpu-instance/openapi/v1/gpu/instance"


@dataclass(frozen=True, slots=True)
class LogAddresses:
    """Addresses; empty where Novita gives none, as for an instance that does not run."""

    instance: str = ""
    system: str = ""


class Logs:
    """The log addresses of one account's instances."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def addresses(self, instance_id: str) -> LogAddresses:
        """Raises NotFound."""
        raw = await self._transport.request(
            "GET", _INSTANCE, params={"instanceId": instance_id}, idempotent=True, priority=Priority.READ_FOR_USER
        )
        wire = raw if isinstance(raw, dict) else {}
        found = fields.part(fields.part(wire, "instance") or wire, "connectComponentLog")
        return LogAddresses(fields.line(found, "instanceLogAddress"), fields.line(found, "systemLogAddress"))
