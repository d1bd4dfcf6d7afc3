"""Instances: list, get, create, start, stop, delete, edit (novita-api 2A.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from novita_operator.clock import WaitingClock
from novita_operator.novita import decoding, errors, paging
from novita_operator.novita.limits import Priority
from novita_operator.novita.models import CreateRequest, Instance, PortSpec
from novita_operator.novita.null_lists import NullLists
from novita_operator.novita.removed import Removed
from novita_operator.novita.transport import Transport

_BASE = "/gpu-instance/openapi/v1/gpu"
_SAME_AGAIN = 2  # with the first one, three lists that say the same are no mishap of one page


class Instances:
    """The instance endpoints of one account."""

    def __init__(self, transport: Transport, clock: WaitingClock) -> None:
        self._transport = transport
        self._removed = Removed(clock)
        self._nulls = NullLists(clock)
        self._habits = paging.Habits(clock)

    async def list(self, name: str, priority: Priority) -> tuple[Instance, ...]:
        """Everything whose name contains `name` ("": everything), complete or an error.

        `name` is Novita's fuzzy filter. Where its pages do not add up to the total, the total may count what the
        filter leaves out: then the whole account is listed and filtered here.
        """
        found = await self._read(name, priority)
        if found.complete:
            return tuple(found.by_id.values())
        if name:
            found = await self._read("", priority)
        if not self._removed.explain(found.by_id, found.total or 0):
            await self._read_again(found, priority)
        # One without a readable name may be meant, too: an instance that is not seen is one that nobody deletes.
        return tuple(item for item in found.by_id.values() if not item.name or name.lower() in item.name.lower())

    async def _read_again(self, found: paging.Found[Instance], priority: Priority) -> None:
        """Raises InvalidResponse, unless the same list comes again and again."""
        same = self._removed.is_believable(found.by_id)
        for _ in range(_SAME_AGAIN if same else 0):
            again = await self._read("", priority)
            same = same and again.by_id.keys() == found.by_id.keys() and again.total == found.total
        if not same:
            raise errors.InvalidResponse(
                f"the list of instances holds {len(found.by_id)}, and Novita says that there are {found.total}"
            )
        self._removed.accept(found.by_id, found.total or 0)

    async def get(self, instance_id: str, priority: Priority) -> Instance:
        """One instance with its connection details. Raises NotFound."""
        raw = await self._transport.request(
            "GET",
            f"{_BASE}/instance",
            params={"instanceId": instance_id},
            idempotent=True,
            priority=priority,
        )
        found = decoding.instance(raw)
        if found.id.casefold() != instance_id.casefold():
            raise errors.InvalidResponse("Novita answered with another instance than the one asked for")
        return replace(found, id=instance_id)  # Novita may show ids in another case than it takes them

    async def create(self, request: CreateRequest, *, not_after: float | None) -> str:
        """The new id. See NovitaAccountClient.create_instance."""
        raw = await self._transport.request(
            "POST",
            f"{_BASE}/instance/create",
            json=request.to_wire(),
            idempotent=False,
            priority=Priority.CREATE_OR_CHANGE,
            secrets=request.secrets(),
            not_after=not_after,
        )
        instance_id = decoding.created_id(raw)
        if not instance_id:
            raise errors.OutcomeUnknown("Novita accepted the create call and named no instance")
        return instance_id

    async def start(self, instance_id: str) -> None:
        await self._change("start", {"instanceId": instance_id}, Priority.CREATE_OR_CHANGE)

    async def stop(self, instance_id: str) -> None:
        await self._change("stop", {"instanceId": instance_id}, Priority.DELETE)

    async def delete(self, instance_id: str) -> None:
        await self._change("delete", {"instanceId": instance_id}, Priority.DELETE)
        self._removed.goes(instance_id)

    async def edit(self, instance_id: str, ports: Sequence[PortSpec], expand_root_gb: int) -> None:
        """Replace the whole port list, and grow the root disk by so many GB."""
        wire = [{"port": port.port, "type": port.protocol.lower()} for port in ports]
        body = {"instanceId": instance_id, "ports": wire, "expandRootDisk": expand_root_gb}
        await self._change("edit", body, Priority.CREATE_OR_CHANGE)

    async def _change(self, verb: str, body: dict[str, Any], priority: Priority) -> None:
        await self._transport.request("POST", f"{_BASE}/instance/{verb}", json=body, idempotent=True, priority=priority)

    async def _read(self, name: str, priority: Priority) -> paging.Found[Instance]:
        async def page(number: int) -> paging.Page[Instance]:
            params: dict[str, str | int] = {"pageSize": paging.PAGE_SIZE, "pageNum": number}
            raw = await self._transport.request(
                "GET",
                f"{_BASE}/instances",
                params=params | ({"name": name} if name else {}),
                idempotent=True,
                priority=priority,
            )
            return decoding.instances(raw)

        found = await paging.read_all(page, self._habits, name)
        if found.null and not self._nulls.means_none(name, self._removed.going, found.by_id):
            self._habits.unlearn(name)
            raise errors.InvalidResponse("Novita answered with null where it listed instances a moment ago")
        self._nulls.listed(name, found.by_id.values())
        for each in found.by_id.values():
            if each.state.is_leaving:
                self._removed.goes(each.id)
        return found
