"""Templates by id and by exact name (novita-api 2A.4)."""

from __future__ import annotations

from novita_operator.novita import decoding, errors
from novita_operator.novita.limits import Priority
from novita_operator.novita.models import Template
from novita_operator.novita.transport import Route, Transport

_BASE = "/gpu-instance/openapi/v1"
_GET = Route("template", "GET", f"{_BASE}/template", Priority.READ_FOR_USER)
_LIST = Route("templates", "GET", f"{_BASE}/templates", Priority.READ_FOR_USER)
_PAGE_SIZE = 100
_MOST_PAGES = 50  # the community's templates are many; a name filter leaves few
# One's own template of a name comes before Novita's, and that before a stranger's.
_CHANNELS = ("private", "official", "community")


class Templates:
    """The template endpoints of one account."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def get(self, template_id: str) -> Template:
        """The template of this id. Raises NotFound."""
        try:
            raw = await self._transport.read(_GET, {"templateId": template_id})
        except errors.Invalid as error:
            if error.reason == "TEMPLATE_NOT_FOUND":
                raise errors.NotFound(error.message, status=error.status, reason=error.reason) from error
            raise
        if not isinstance(raw, dict):
            raise errors.InvalidResponse("a template that is no object")
        found = decoding.template(raw)
        if not found.id or not found.image:
            raise errors.NotFound(f"Novita has no usable template {template_id}")
        return found

    async def find(self, name: str) -> Template | None:
        """The template of exactly this name; one's own before official before community ones."""
        found = [template for template in await self._list(name) if template.name == name]
        if not found:
            return None
        found.sort(key=lambda template: (_rank(template), template.id))
        # List items may lack parts of the template: the detail is what counts.
        return await self.get(found[0].id)

    async def _list(self, name: str) -> list[Template]:
        found: dict[str, Template] = {}
        for page in range(1, _MOST_PAGES + 1):
            params: dict[str, str | int] = {"pageSize": _PAGE_SIZE, "pageNum": page, "name": name}
            raw = await self._transport.read(_LIST, params)
            if not isinstance(raw, dict) or not isinstance(raw.get("template"), list):
                raise errors.InvalidResponse("a list of templates without `template`")
            items = [decoding.template(item) for item in decoding.parts(raw, "template")]
            new = {item.id: item for item in items if item.id and item.id not in found}
            found |= new
            if len(items) < _PAGE_SIZE or not new:
                break
        return list(found.values())


def _rank(template: Template) -> int:
    return _CHANNELS.index(template.channel) if template.channel in _CHANNELS else len(_CHANNELS)
