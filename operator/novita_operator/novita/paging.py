"""Reading all pages of a v1 list: complete, or an error (novita-api 1.7).

Page numbers are unsettled: documents start at 1, tools at 0, and both have answered. Sizes may be clamped, totals may
be absent, strings, or count more than the filter lets through. So nothing of that is believed alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from novita_operator.clock import Clock, SystemClock
from novita_operator.novita import errors

PAGE_SIZE = 100  # the largest that anybody was seen to use
_MOST_PAGES = 500  # a list that never ends is a fault and not an account
# So long a page that was seen to be the last is the last again, seconds, where no total says so: no longer than lists
# may be behind anyway (safety: LIST_LAG).
_TRUSTED_SECONDS = 60.0
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
    null: bool = False
    """The answer has null, or nothing at all, in place of an empty list."""


ReadPage = Callable[[int], Awaitable[Page[T]]]


@dataclass(slots=True)
class Found(Generic[T]):
    """What was read. `total`: the smallest that was announced, since items may be added while pages are read."""

    by_id: dict[str, T] = field(default_factory=dict)
    total: int | None = None
    null: bool = False

    @property
    def complete(self) -> bool:
        """Whether nothing speaks for more: no total, or as many as it says."""
        return len(self.by_id) >= (self.total or 0)

    def add(self, page: Page[T]) -> bool:
        """Take a page in; the first sight of an id counts. True if it brought anything new."""
        new = {item.id: item for item in page.items if item.id not in self.by_id}
        self.by_id |= new
        self.null = self.null or page.null
        if page.total is not None:
            self.total = page.total if self.total is None else min(self.total, page.total)
        return bool(new)


@dataclass(slots=True)
class Habits:
    """How a server gives out pages, learned from its answers: without a total, nothing else tells the last page.

    No page is larger than the largest that was seen, so that a smaller one has nothing behind it. Whether one of that
    size has, is looked up now and then, for each query by itself.
    """

    clock: Clock = field(default_factory=SystemClock)
    _largest: int = 0
    _counts_from_one: bool = False
    _last: dict[tuple[str, int, int], float] = field(default_factory=dict)

    def ends(self, query: str, number: int, page: Page[T], found: Found[T]) -> bool:
        """Whether nothing comes after this page, which has no total."""
        smaller = 0 < len(page.items) < self._largest
        return smaller or self._was_last((query, number, len(found.by_id)))

    def begins(self, query: str, found: Found[T]) -> bool:
        """Whether nothing comes before page 1."""
        return self._counts_from_one or self._was_last((query, 1, len(found.by_id)))

    def learn(self, query: str, sizes: Sequence[int], found: Found[T], *, none_before: bool) -> None:
        """After a whole list without a total. `sizes` of its pages, from 1 on; `none_before`: page 0 had no more."""
        self._largest = max(self._largest, *sizes)
        self._counts_from_one = self._counts_from_one or (none_before and sizes[0] > 0)
        pages = len([size for size in sizes if size]) or 1
        now = self.clock.monotonic()
        self._last = {key: at for key, at in self._last.items() if now - at < _TRUSTED_SECONDS}
        if none_before or self._counts_from_one:
            self._last.setdefault((query, pages, len(found.by_id)), now)

    def unlearn(self, query: str) -> None:
        """The last list was not whole: its last page says nothing of the next one."""
        self._last = {key: at for key, at in self._last.items() if key[0] != query}

    def _was_last(self, key: tuple[str, int, int]) -> bool:
        at = self._last.get(key)
        return at is not None and self.clock.monotonic() - at < _TRUSTED_SECONDS


async def read_all(read: ReadPage[T], habits: Habits | None = None, query: str = "") -> Found[T]:
    """All pages from 1 on, each item once. Page 0 as well, where nothing shows that those are all.

    `habits`: what earlier lists of this server have shown. `query`: what the list is of.

    What is found may still be incomplete: look at `complete`. And an item can be missed while another one vanishes
    from an earlier page: absence from a list proves nothing without a look at the item itself.

    Raises what `read` raises, and InvalidResponse for a list without an end.
    """
    habits = habits or Habits()
    found: Found[T] = Found()
    sizes: list[int] = []
    for number in range(1, _MOST_PAGES + 1):
        page = await read(number)
        sizes.append(len(page.items))
        if not found.add(page) or _is_last(found, page, habits, query, number) or len(found.by_id) > _MOST_ITEMS:
            break
    else:
        raise errors.InvalidResponse(f"Novita's list has more than {_MOST_PAGES} pages")
    if len(found.by_id) > _MOST_ITEMS:
        raise errors.InvalidResponse(f"Novita's list has more than {_MOST_ITEMS} items")
    await _read_before(found, read, habits, query, sizes)
    return found


async def _read_before(found: Found[T], read: ReadPage[T], habits: Habits, query: str, sizes: Sequence[int]) -> None:
    """Page 0, unless a total or an earlier list shows that there is nothing on it."""
    if found.total is not None:
        if not found.complete:
            found.add(await read(0))
        return
    known = habits.begins(query, found)
    more = not known and found.add(await read(0))
    if found.total is None:
        habits.learn(query, sizes, found, none_before=not more)


def _is_last(found: Found[T], page: Page[T], habits: Habits, query: str, number: int) -> bool:
    """A short page alone ends nothing: the server may give out smaller pages than it was asked for."""
    if page.total is None:
        return habits.ends(query, number, page, found)
    return len(found.by_id) == page.total or (found.complete and len(page.items) < PAGE_SIZE)
