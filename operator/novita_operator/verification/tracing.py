"""How the rented instance is found again: by its id, and by its name where no id was told."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from novita_operator.novita.paging import PAGE_SIZE
from novita_operator.verification.calling import GPU, Caller, Params
from novita_operator.verification.evidence import Ask, Evidence, Item, NotSeen, Reply

_NAME_CHARS = 63  # the longest that all documents allow (novita-api 1.8)


class Trace:
    """`mark` begins the name, so that a name that Novita cuts or writes in capitals is known all the same."""

    def __init__(self, caller: Caller) -> None:
        self.mark = f"verify-{secrets.token_hex(8)}"
        self.name = f"{self.mark}-of-novita-operator-which-ends-it".ljust(_NAME_CHARS, "0")
        self.id = ""
        self._caller = caller

    async def listed(self) -> Reply:
        """The list, by the mark."""
        params: Params = {"pageSize": PAGE_SIZE, "pageNum": 1, "name": self.mark}
        return await self._caller.get(f"{GPU}/gpu/instances", params)

    async def detail(self) -> Reply:
        """The instance itself, by its id."""
        return await self._caller.get(f"{GPU}/gpu/instance", {"instanceId": self.id})

    def among(self, reply: Reply) -> Sequence[Item]:
        """What of a list is this instance."""
        try:
            items = Evidence({Ask.FOUND_BY_NAME: reply}).items(Ask.FOUND_BY_NAME, "instances")
        except NotSeen:
            return ()
        return [each for each in items if self._is_it(each)]

    def _is_it(self, item: Item) -> bool:
        by_id = bool(self.id) and str(item.get("id")).casefold() == self.id.casefold()
        return by_id or str(item.get("name")).casefold().startswith(self.mark)
