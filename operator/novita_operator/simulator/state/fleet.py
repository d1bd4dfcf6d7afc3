"""All instances of an account that can still be looked up, in order, and one page of them."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from operator import attrgetter
from typing import NamedTuple

from novita_operator.simulator import refusal
from novita_operator.simulator.state.instance import Instance

_KEY: Callable[[Instance], tuple[float, int]] = attrgetter("sort_key")


class Hidden(NamedTuple):
    """Not in lists (and perhaps not by id) before this real second: the list lags."""

    until: float
    also_get: bool


class Page(NamedTuple):
    """One page and how many there are on all pages."""

    items: Sequence[Instance]
    total: int


class Wanted(NamedTuple):
    """The filters of the list call: fuzzy, fuzzy, exact; "" = any."""

    name: str = ""
    product_name: str = ""
    status: str = ""


class Fleet:
    """Indexed by id, sorted by age. A page costs what is on it; a filter looks at one word of each instance."""

    def __init__(self, product_name: Callable[[str], str], shown_name: Callable[[Instance], str]) -> None:
        self._product_name = product_name
        self._shown_name = shown_name
        self._by_id: dict[str, Instance] = {}
        self._by_age: list[Instance] = []
        self._hidden: dict[str, Hidden] = {}
        self._taken = 0

    def __iter__(self) -> Iterator[Instance]:
        return iter(self._by_age)

    def __len__(self) -> int:
        return len(self._by_age)

    @property
    def taken(self) -> int:
        """How many there ever were."""
        return self._taken

    def next_seq(self) -> int:
        self._taken += 1
        return self._taken

    def add(self, instance: Instance, hidden: Hidden | None = None) -> None:
        self._by_id[instance.id] = instance
        bisect.insort(self._by_age, instance, key=_KEY)
        if hidden is not None:
            self._hidden[instance.id] = hidden

    def hide(self, instance: Instance, hidden: Hidden) -> None:
        """From now on as if it were not there, until then."""
        self._hidden[instance.id] = hidden

    def remove(self, instance: Instance) -> None:
        if self._by_id.pop(instance.id, None) is not None:
            del self._by_age[bisect.bisect_left(self._by_age, instance.sort_key, key=_KEY)]
            self._hidden.pop(instance.id, None)

    def find(self, instance_id: str) -> Instance | None:
        """Whatever is there, hidden or not."""
        return self._by_id.get(instance_id)

    def get(self, instance_id: str, real: float) -> Instance:
        """By id, as the API sees it at this real second. Raises Gone."""
        instance = self._by_id.get(instance_id)
        hidden = self._hidden.get(instance_id)
        if instance is None or (hidden is not None and hidden.also_get and real < hidden.until):
            raise refusal.Gone("instance not found")
        return instance

    def page(self, wanted: Wanted, start: int, size: int, *, real: float, newest_first: bool) -> Page:
        """`size` instances from `start` on, of those that match and are not hidden at this real second."""
        self._reveal(real)
        if not self._hidden and wanted == Wanted():
            return Page(self._slice(start, size, newest_first=newest_first), len(self._by_age))
        ordered = reversed(self._by_age) if newest_first else iter(self._by_age)
        found = [each for each in ordered if each.id not in self._hidden and self._matches(each, wanted)]
        return Page(found[start : start + size], len(found))

    def _slice(self, start: int, size: int, *, newest_first: bool) -> list[Instance]:
        if not newest_first:
            return self._by_age[start : start + size]
        end = max(0, len(self._by_age) - start)
        return list(islice(reversed(self._by_age[max(0, end - size) : end]), size))

    def _matches(self, instance: Instance, wanted: Wanted) -> bool:
        return (
            (not wanted.status or instance.word == wanted.status)
            and (not wanted.name or wanted.name.lower() in self._shown_name(instance).lower())
            and (
                not wanted.product_name
                or wanted.product_name.lower() in self._product_name(instance.order.product_id).lower()
            )
        )

    def _reveal(self, real: float) -> None:
        for instance_id in [key for key, hidden in self._hidden.items() if hidden.until <= real]:
            del self._hidden[instance_id]
