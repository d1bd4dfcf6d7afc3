"""Settings of the operator as the chart's values name and type them."""

from __future__ import annotations

from collections.abc import Mapping

from tests.support.operator_process import FAST

Value = bool | int | str


def fast() -> dict[str, Value]:
    """Short intervals, as all tests use them."""
    return settings(FAST)


def settings(variables: Mapping[str, str]) -> dict[str, Value]:
    """`POLL_INTERVAL=1000` as `pollInterval: 1000`."""
    return {_camel(name): _typed(value) for name, value in variables.items()}


def _typed(value: str) -> Value:
    match value:
        case "true" | "false":
            return value == "true"
        case _ if value.isdigit():
            return int(value)
        case _:
            return value


def _camel(name: str) -> str:
    first, *rest = name.lower().split("_")
    return first + "".join(word.capitalize() for word in rest)
