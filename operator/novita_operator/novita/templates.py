"""Templates by id and by exact name (novita-api 2A.4)."""

from __future__ import annotations

from novita_operator.novita import decoding, errors, paging
from novita_operator.novita.limits import Priority
from novita_operator.novita.models import Template
from novita_operator.novita.transport import Transport

_BASE = "/gpu-instance/openapi/v1"
# One's own template of a name comes before Novita's, and that before a stranger's. The newest documents demand both
# the channel and `isMyCommunity`, which is true for private ones only; older ones know neither and ignore them.
_CHANNELS = (("private", "true"), ("official", "false"), ("community", "false"))


class Templates:
    """The template endpoints of one account."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._habits = paging.Habits()

    async def get(self, template_id: str) -> Template:
        """The template of this id. Raises NotFound."""
        try:
            raw = await self._transport.request(
                "GET",
                f"{_BASE}/template",
                params={"templateId": template_id},
                idempotent=True,
                priority=Priority.READ_FOR_USER,
            )
        except errors.Invalid as error:
            if error.reason == "TEMPLATE_NOT_FOUND":
                raise errors.NotFound(error.message, status=error.status, reason=error.reason) from error
            raise
        found = decoding.template(raw)
        if not found.id or not found.image:
            raise errors.NotFound(f"Novita has no usable template {template_id}")
        return found

    async def find(self, name: str) -> Template | None:
        """The template of exactly this name: one's own, else an official, else a community one, else None."""
        for channel, mine in _CHANNELS:
            listed = await self._list(name, channel, mine)
            # A server that ignores the channel lists all of them at once.
            exact = sorted((found for found in listed if found.name == name), key=_rank)
            if exact:
                return await self._detail(exact[0].id)
        return None

    async def _detail(self, template_id: str) -> Template | None:
        """List items may lack parts of the template; it may have been deleted since it was listed."""
        try:
            return await self.get(template_id)
        except errors.NotFound:
            return None

    async def _list(self, name: str, channel: str, mine: str) -> list[Template]:
        async def page(number: int) -> paging.Page[Template]:
            params = {"name": name, "channel": channel, "isMyCommunity": mine}
            raw = await self._transport.request(
                "GET",
                f"{_BASE}/templates",
                params={**params, "pageSize": paging.PAGE_SIZE, "pageNum": number},
                idempotent=True,
                priority=Priority.READ_FOR_USER,
            )
            return decoding.templates(raw)

        return list((await paging.read_all(page, self._habits, f"{channel} {name}")).by_id.values())


def _rank(template: Template) -> tuple[int, str]:
    channels = [channel for channel, _ in _CHANNELS]
    known = template.channel in channels
    return (channels.index(template.channel) if known else len(channels), template.id)
