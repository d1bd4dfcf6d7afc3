"""`{"instances": null}`: none at all, or a list that could not be read (novita-api 10)."""

from __future__ import annotations

from typing import Any, cast

import pytest
from tests.novita.accounts import SimulatedAccount, a_request
from tests.novita.clocks import HastyClock

from novita_operator.novita import decoding, errors
from novita_operator.novita.instances import Instances
from novita_operator.novita.limits import Priority
from novita_operator.novita.models import Instance, state_of
from novita_operator.novita.null_lists import NullLists
from novita_operator.novita.paging import PAGE_SIZE
from novita_operator.novita.transport import Transport


def _named(name: str) -> Instance:
    return Instance(id=f"id-{name}", name=name, word="running", state=state_of("running"))


def test_a_null_means_none_where_none_were_known() -> None:
    clock = HastyClock()
    nulls = NullLists(clock)
    nulls.listed("other", [_named("nvo-other-1")])

    assert nulls.means_none("mine", ())


def test_a_null_where_some_were_a_moment_ago_is_believed_only_when_it_stays() -> None:
    clock = HastyClock()
    nulls = NullLists(clock)
    nulls.listed("nvo", [_named("nvo-1")])

    first = nulls.means_none("nvo", ())
    clock.at += 59
    second = nulls.means_none("nvo", ())
    clock.at += 1

    assert (first, second, nulls.means_none("nvo", ())) == (False, False, True)


def test_a_list_in_between_begins_the_time_again() -> None:
    clock = HastyClock()
    nulls = NullLists(clock)
    nulls.listed("", [_named("nvo-1")])
    nulls.means_none("", ())
    clock.at += 59
    nulls.listed("", [_named("nvo-1")])
    clock.at += 59

    assert not nulls.means_none("", ())


def test_what_was_deleted_is_not_expected() -> None:
    clock = HastyClock()
    nulls = NullLists(clock)
    nulls.listed("", [_named("nvo-1")])

    assert nulls.means_none("", {"id-nvo-1"})


@pytest.mark.parametrize("raw", [{"instances": None}, {"instances": None, "total": "0"}, {"total": 0}])
def test_null_or_nothing_beside_a_total_of_nothing_is_an_empty_page(raw: dict[str, object]) -> None:
    page = decoding.instances(raw)

    assert (list(page.items), page.null) == ([], True)


@pytest.mark.parametrize("raw", [{}, {"total": "3"}, {"data": []}, [], None, {"instances": {}}])
def test_anything_else_without_a_list_is_not_understood(raw: object) -> None:
    with pytest.raises(errors.InvalidResponse):
        decoding.instances(raw)


@pytest.mark.parametrize("decode", [decoding.templates, decoding.network_volumes, decoding.products])
def test_other_lists_may_be_null_at_once(decode: object) -> None:
    found = decode({"data": None, "template": None})  # type: ignore[operator]

    assert not list(getattr(found, "items", found))


async def test_an_account_whose_empty_list_is_null_works(account: SimulatedAccount) -> None:
    await account.post("settings", {"emptyList": "null", "totalAs": "absent"})

    before = await account.client.list_instances()
    instance_id = await account.client.create_instance(a_request())
    after = await account.client.list_instances()

    assert before == ()
    assert [each.id for each in after] == [instance_id]


class _Pages:
    """A server without totals, whose second page is null when it cannot be read."""

    def __init__(self) -> None:
        self.broken = False

    async def request(self, *_: object, params: dict[str, int], **__: object) -> dict[str, Any]:
        start = max(0, params["pageNum"] - 1) * PAGE_SIZE
        ids = [f"i-{number}" for number in range(PAGE_SIZE + 50)][start : start + PAGE_SIZE]
        null = not ids or (self.broken and start)
        return {"instances": None if null else [{"id": each, "name": "nvo"} for each in ids]}


async def test_a_null_in_place_of_a_later_page_is_no_absence_either_and_ends_a_list_that_is_whole() -> None:
    clock, pages = HastyClock(), _Pages()
    instances = Instances(cast("Transport", pages), clock)
    whole = await instances.list("", Priority.POLL)
    pages.broken = True

    for _ in range(2):
        with pytest.raises(errors.InvalidResponse):
            await instances.list("", Priority.POLL)
    pages.broken = False
    again = await instances.list("", Priority.POLL)
    pages.broken = True
    clock.at += 60
    with pytest.raises(errors.InvalidResponse):
        await instances.list("", Priority.POLL)
    clock.at += 60

    assert len(whole) == len(again) == PAGE_SIZE + 50
    assert len(await instances.list("", Priority.POLL)) == PAGE_SIZE


async def test_a_null_where_an_instance_is_known_is_no_absence(account: SimulatedAccount) -> None:
    await account.client.create_instance(a_request("nvo-a"))
    await account.client.list_instances()
    await account.post("settings", {"emptyList": "null", "blind": True})

    with pytest.raises(errors.InvalidResponse):
        await account.client.find_by_name("nvo-a")
