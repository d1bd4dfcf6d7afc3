"""Five thousand instances: what a page costs is counted in steps of the interpreter and not in seconds."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from tests.simulator.tenant import an_order

from novita_operator import simulator
from novita_operator.simulator.account import Account
from novita_operator.simulator.api import instances, renting
from novita_operator.simulator.call import Call
from novita_operator.simulator.settings import Settings

_LARGE = 5_000
_SIMULATOR = str(Path(simulator.__file__).parent)


@functools.cache
def _an_account(size: int) -> Account:
    account = Account(Settings(acceleration=0))
    for number in range(size):
        renting.create(account, Call("POST", "", "create", {}, an_order(name=f"trainer-{number}")))
    account.clock.jump(60)
    account.advance()
    return account


def _steps(work: Callable[[], object]) -> int:
    """How many lines of the simulator `work` runs through.

    Other lines are not counted: a garbage collection that falls into the work runs the callbacks of whatever library
    has registered some (hypothesis does), and how often that happens depends on the tests that ran before.
    """
    count = 0

    def trace(frame: FrameType, event: str, _arg: object) -> Callable[..., Any] | None:
        nonlocal count
        if not frame.f_code.co_filename.startswith(_SIMULATOR):
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def _page(account: Account, **params: str) -> Callable[[], object]:
    call = Call("GET", "", "list", {"pageSize": "100", "pageNum": "2", **params}, {})

    def look() -> object:
        account.advance()
        return instances.list_instances(account, call)

    return look


def test_a_page_costs_what_is_on_it_and_a_filter_looks_only_at_names() -> None:
    small, large = _an_account(200), _an_account(_LARGE)

    page = _steps(_page(small))
    assert page > 100  # every one of the hundred items was counted
    assert _steps(_page(large)) == page  # whatever lies on the other pages
    assert (
        _steps(_page(large, name="trainer-")) < page + 12 * _LARGE
    )  # a look at each name; an item takes six times as many steps
    assert _steps(lambda: large.find(next(iter(large.fleet)).id)) == _steps(
        lambda: small.find(next(iter(small.fleet)).id)
    )


def test_all_of_them_run_are_billed_and_come_on_fifty_pages() -> None:
    account = _an_account(_LARGE)
    seen: set[str] = set()
    for page in range(1, 51):
        call = Call("GET", "", "list", {"pageSize": "100", "pageNum": str(page)}, {})
        payload = instances.list_instances(account, call).payload
        seen |= {item["id"] for item in payload["instances"] if item["status"] == "running"}

    assert len(seen) == _LARGE
    assert sum(record.billing for record in account.ledger.records()) == _LARGE
