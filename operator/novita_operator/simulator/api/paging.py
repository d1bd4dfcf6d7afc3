"""Pages as v1 counts them: `pageSize` and `pageNum`; whether 0 or 1 is the first is unsettled (novita-api 1.7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

from novita_operator.simulator.call import Call
from novita_operator.simulator.settings import Settings

Item = TypeVar("Item")


class Slice(NamedTuple):
    """Which items are asked for."""

    start: int
    size: int

    def of(self, items: Sequence[Item]) -> Sequence[Item]:
        return items[self.start : self.start + self.size]


def wanted(call: Call, settings: Settings, number: str = "pageNum") -> Slice:
    """`number`: the parameter of the page. Others are ignored: a client that sends them loops on page one."""
    size = min(call.number("pageSize", 0) or settings.default_page_size, settings.max_page_size)
    asked = call.number(number, 1)
    match settings.page_base:
        case "either":
            return Slice((max(1, asked) - 1) * size, size)
        case "zero":
            return Slice(asked * size, size)
        case "one":
            return Slice((asked - 1) * size, size if asked else 0)


def total(count: int, settings: Settings) -> dict[str, Any]:
    """`total` as a string, as a number, or not at all."""
    match settings.total_as:
        case "absent":
            return {}
        case "int":
            return {"total": count}
        case "string":
            return {"total": str(count)}
