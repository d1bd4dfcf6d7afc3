"""Reading all pages of a list from servers that count in every way that was ever seen (novita-api 1.7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.novita.clocks import HastyClock

from novita_operator.novita import errors, paging
from novita_operator.novita.paging import PAGE_SIZE, Page


@dataclass(frozen=True)
class Item:
    id: str


@dataclass
class Server:
    """`base`: the number of the first page; None: 0 and 1 are both the first. `total`: what it claims there are."""

    count: int
    base: int | None = None
    size: int = PAGE_SIZE
    total: int | None = -1
    asked: list[int] = field(default_factory=list)

    async def page(self, number: int) -> Page[Item]:
        self.asked.append(number)
        index = max(0, number - 1) if self.base is None else number - self.base
        start = index * self.size
        items = [Item(str(each)) for each in range(self.count)][start : start + self.size] if index >= 0 else []
        return Page(items, self.count if self.total == -1 else self.total)


@pytest.mark.parametrize(
    ("count", "pages"), [(0, [1]), (1, [1]), (99, [1]), (100, [1]), (101, [1, 2]), (250, [1, 2, 3])]
)
async def test_an_honest_server_is_asked_for_each_page_once(count: int, pages: Sequence[int]) -> None:
    server = Server(count)

    found = await paging.read_all(server.page)

    assert found.complete
    assert len(found.by_id) == count
    assert server.asked == pages


@given(
    count=st.integers(0, 350),
    base=st.sampled_from([None, 0, 1]),
    size=st.sampled_from([1, 7, 50, 100, 1000]),
    total=st.sampled_from([-1, None]),
)
async def test_every_server_is_read_to_the_end(count: int, base: int | None, size: int, total: int | None) -> None:
    server = Server(count, base, size, total)

    found = await paging.read_all(server.page)

    assert found.complete
    assert len(found.by_id) == count


async def test_a_total_that_is_too_small_does_not_end_a_list_of_full_pages() -> None:
    found = await paging.read_all(Server(250, total=0).page)

    assert len(found.by_id) == 250


async def test_a_list_that_falls_short_of_its_total_is_not_complete() -> None:
    found = await paging.read_all(Server(30, total=40).page)

    assert (found.complete, len(found.by_id), found.total) == (False, 30, 40)


async def test_a_server_that_ignores_the_page_number_is_not_asked_for_ever() -> None:
    asked = []

    async def same(number: int) -> Page[Item]:
        asked.append(number)
        return Page([Item(str(each)) for each in range(PAGE_SIZE)], 300)

    found = await paging.read_all(same)

    assert not found.complete
    assert asked == [1, 2, 0]


async def test_an_item_that_moves_to_the_next_page_while_they_are_read_counts_once() -> None:
    pages = {
        1: Page([Item(str(each)) for each in range(100)], 150),
        2: Page([Item(str(each)) for each in range(99, 150)], 151),
    }

    async def page(number: int) -> Page[Item]:
        return pages[number]

    found = await paging.read_all(page)

    assert found.complete
    assert len(found.by_id) == 150


async def test_a_list_without_an_end_is_a_fault() -> None:
    asked = 0

    async def endless(number: int) -> Page[Item]:
        nonlocal asked
        asked += 1
        return Page([Item(f"{number}-{each}") for each in range(PAGE_SIZE)], None)

    with pytest.raises(errors.InvalidResponse, match="500 pages"):
        await paging.read_all(endless)

    assert asked == 500


async def test_pages_that_are_far_larger_than_asked_for_do_not_fill_the_memory() -> None:
    asked = 0

    async def vast(number: int) -> Page[Item]:
        nonlocal asked
        asked += 1
        return Page([Item(f"{number}-{each}") for each in range(40_000)], None)

    with pytest.raises(errors.InvalidResponse, match="50000 items"):
        await paging.read_all(vast)

    assert asked == 2


async def test_a_page_that_fails_fails_the_list() -> None:
    async def second_fails(number: int) -> Page[Item]:
        if number == 2:
            raise errors.Unavailable("no")
        return await Server(250).page(number)

    with pytest.raises(errors.Unavailable):
        await paging.read_all(second_fails)


# --- Without a total -------------------------------------------------------------------------------------------------


async def _asked(server: Server, habits: paging.Habits, query: str = "") -> list[int]:
    server.asked.clear()
    found = await paging.read_all(server.page, habits, query)
    assert len(found.by_id) == server.count
    return list(server.asked)


@pytest.mark.parametrize(
    ("count", "pages"), [(0, [1]), (1, [1]), (30, [1]), (100, [1]), (101, [1, 2]), (250, [1, 2, 3])]
)
@pytest.mark.parametrize("base", [None, 1])
async def test_a_list_without_a_total_costs_no_more_calls_once_the_server_is_known(
    count: int, pages: list[int], base: int | None
) -> None:
    server, habits = Server(count, base=base, total=None), paging.Habits()
    first = await _asked(server, habits)

    again = await _asked(server, habits)

    assert again == pages
    assert len(first) > len(again)


@given(
    counts=st.lists(st.integers(0, 60), min_size=2, max_size=6),
    base=st.sampled_from([None, 0, 1]),
    size=st.sampled_from([1, 7, 50, 100]),
)
async def test_what_was_learned_hides_nothing_of_another_query(counts: list[int], base: int | None, size: int) -> None:
    habits = paging.Habits()

    for number, count in enumerate(counts):
        await _asked(Server(count, base, size, None), habits, query=str(number))


async def test_fewer_than_the_largest_page_are_the_last_of_any_query() -> None:
    habits = paging.Habits()
    await _asked(Server(30, total=None), habits, "all")

    assert await _asked(Server(1, total=None), habits, "one") == [1]


async def test_more_than_were_ever_on_a_page_are_read_to_their_end() -> None:
    clock = HastyClock()
    server, habits = Server(7, size=7, total=None), paging.Habits(clock)
    await _asked(server, habits)
    server.count = 8

    clock.at += 61

    assert 2 in await _asked(server, habits)
