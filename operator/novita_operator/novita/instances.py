"""Instances: list, get, create, start, stop, delete, edit (novita-api 2A.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from novita_operator.novita import decoding, errors
from novita_operator.novita.limits import Priority
from novita_operator.novita.models import CreateRequest, Instance, PortSpec
from novita_operator.novita.transport import Route, Transport

_BASE = "/gpu-instance/openapi/v1"
PAGE_SIZE = 100  # the largest that anybody was seen to use
_MOST_PAGES = 500  # 50 000 instances; a list that never ends is a fault and not an account

_LIST = f"{_BASE}/gpu/instances"
_GET = Route("get", "GET", f"{_BASE}/gpu/instance", Priority.READ_FOR_USER)
_CREATE = Route("create", "POST", f"{_BASE}/gpu/instance/create", Priority.CREATE_OR_CHANGE, idempotent=False)
_START = Route("start", "POST", f"{_BASE}/gpu/instance/start", Priority.CREATE_OR_CHANGE)
_STOP = Route("stop", "POST", f"{_BASE}/gpu/instance/stop", Priority.DELETE)
_DELETE = Route("delete", "POST", f"{_BASE}/gpu/instance/delete", Priority.DELETE)
_EDIT = Route("edit", "POST", f"{_BASE}/gpu/instance/edit", Priority.CREATE_OR_CHANGE)


class Instances:
    """The instance endpoints of one account."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self, name: str, priority: Priority) -> tuple[Instance, ...]:
        """All pages, complete or an error. `name` is Novita's fuzzy filter; "" lists everything.

        Page numbers start at 1, and 0 is the same page (novita-api 1.7). Instances that move between pages while
        they are read are counted once; a page that brings nothing new ends the list.
        """
        found: dict[str, Instance] = {}
        route = Route("list", "GET", _LIST, priority)
        for page in range(1, _MOST_PAGES + 1):
            params: dict[str, str | int] = {"pageSize": PAGE_SIZE, "pageNum": page}
            if name:
                params["name"] = name
            items, total = _page(await self._transport.read(route, params))
            new = {item.id: item for item in items if item.id not in found}
            found |= new
            # A server may give out smaller pages than asked for: where it says the total, that is what counts.
            ended = len(found) >= total if total is not None else len(items) < PAGE_SIZE
            if ended or not new:
                _check_not_hollow(len(found), total)
                return tuple(found.values())
        raise errors.InvalidResponse(f"the list of instances has more than {_MOST_PAGES} pages")

    async def get(self, instance_id: str) -> Instance:
        """One instance with its connection details. Raises NotFound."""
        raw = await self._transport.read(_GET, {"instanceId": instance_id})
        if not isinstance(raw, dict):
            raise errors.InvalidResponse("an instance that is no object")
        found = decoding.instance(raw)
        if found.id != instance_id:
            raise errors.InvalidResponse("Novita answered with another instance than the one asked for")
        return found

    async def create(self, request: CreateRequest, *, not_after: float | None) -> str:
        """The new id. See NovitaAccountClient.create_instance."""
        raw = await self._transport.create(_CREATE, request.to_wire(), not_after=not_after)
        instance_id = decoding.text(raw, "id") if isinstance(raw, dict) else ""
        if not instance_id:
            raise errors.OutcomeUnknown("Novita accepted the create call and named no instance")
        return instance_id

    async def start(self, instance_id: str) -> None:
        await self._transport.change(_START, {"instanceId": instance_id})

    async def stop(self, instance_id: str) -> None:
        await self._transport.change(_STOP, {"instanceId": instance_id})

    async def delete(self, instance_id: str) -> None:
        await self._transport.change(_DELETE, {"instanceId": instance_id})

    async def edit(self, instance_id: str, ports: Sequence[PortSpec], expand_root_gb: int) -> None:
        """Replace the whole port list, and grow the root disk by so many GB."""
        body: dict[str, Any] = {"instanceId": instance_id, "expandRootDisk": expand_root_gb}
        body["ports"] = [{"port": port.port, "type": port.protocol.lower()} for port in ports]
        await self._transport.change(_EDIT, body)


def _page(raw: Any) -> tuple[list[Instance], int | None]:  # noqa: ANN401 - JSON
    if not isinstance(raw, dict) or not isinstance(raw.get("instances"), list):
        raise errors.InvalidResponse("a list of instances without `instances`")
    items = [decoding.instance(item) for item in raw["instances"] if isinstance(item, dict)]
    return items, decoding.number(raw, "total") if "total" in raw else None


def _check_not_hollow(found: int, total: int | None) -> None:
    """An empty list that announces instances is a fault: believing it would mean that everything was lost."""
    if found == 0 and total:
        raise errors.InvalidResponse(f"the list of instances is empty, and Novita says that there are {total}")
