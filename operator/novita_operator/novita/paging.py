"""Reading all pages of a v1 list: complete, or an error (novita-api 1.7).

Page numbers are unsettled: documents start at 1, tools at 0, and both have answered. Sizes may be clamped, totals may
be absent, strings, or count more than the filter lets through. So nothing of that is believed alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from novita_operator.novita import errors

PAGE_SIZE = 100  # the largest that anybody was seen to use
_MOST_PAGES = 500  # a list that never ends is a fault and not an account
_MOST_ITEMS = _MOST_PAGES * PAGE_SIZE  # also where a page holds more than it was asked for: memory is bounded


class Identified(Protocol):
    """Anything that a list is made of."""

    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=Identified)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page, and how many items there are in all, if the answer says so."""

    items: Sequence[T]
    total: int | None


ReadPage = Callable[[int], Awaitable[Page[T]]]


@dataclass(slots=True)
class Found(Generic[T]):
    """What was read. `total`: the smallest that was announced, since items may be added while pages are read."""

    by_id: dict[str, T] = field(default_factory=dict)
    total: int | None = None

    @property
    def complete(self) -> bool:
        """Whether nothing speaks for more: no total, or as many as it says."""
        return len(self.by_id) >= (self.total or 0)

    def add(self, page: Page[T]) -> bool:
        """Take a page in; the first sight of an id counts. True if it brought anything new."""
        new = {item.id: item for item in page.items if item.id not in self.by_id}
        self.by_id |= new
        if page.total is not None:
            self.total = page.total if self.total is None else min(self.total, page.total)
        return bool(new)


async def read_all(read: ReadPage[T]) -> Found[T]:
    """All pages from 1 on, each item once. Page 0 as well, where nothing shows that those are all.

    What is found may still be incomplete: look at `complete`. And an item can be missed while another one vanishes
    from an earlier page: absence from a list proves nothing without a look at the item itself.

    Raises what `read` raises, and InvalidResponse for a list without an end.
    """
    found: Found[T] = Found()
    for number in range(1, _MOST_PAGES + 1):
        page = await read(number)
        if not found.add(page) or _is_last(found, page) or len(found.by_id) > _MOST_ITEMS:
            break
    else:
        raise errors.InvalidResponse(f"Novita's list has more than {_MOST_PAGES} pages")
    if len(found.by_id) > _MOST_ITEMS:
        raise errors.InvalidResponse(f"Novita's list has more than {_MOST_ITEMS} items")
    if not found.complete or found.total is None:
        found.add(await read(0))
    return found


def _is_last(found: Found[T], page: Page[T]) -> bool:
    """A short page alone ends nothing: the server may give out smaller pages than it was asked for."""
    if page.total is None:
        return False
    return len(found.by_id) == page.total or (found.complete and len(page.items) < PAGE_SIZE)
