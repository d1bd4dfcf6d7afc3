"""Which lists, and which of their fields, the rules on the past compare: what one forgot could change unseen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from novita_operator.api import crd, equality
from novita_operator.api.gpu_instance.spec import GPUInstanceSpec

_LISTS = ("authorizedKeysFrom", "env", "notifications", "ports")


def _inside(schema: dict[str, Any]) -> Iterator[str]:
    """The names of all fields of an item."""
    for name, child in schema.get("properties", {}).items():
        yield name
        yield from _inside(child)


def _defaults_inside(node: Any, defs: dict[str, Any]) -> Iterator[Any]:
    """What the models fill into an item; null is absence."""
    match node:
        case {"$ref": str(reference)}:
            yield from _defaults_inside(defs[reference.rpartition("/")[2]], defs)
        case dict():
            if node.get("default") not in (None, []):
                yield node["default"]
            for child in node.values():
                yield from _defaults_inside(child, defs)
        case list():
            for child in node:
                yield from _defaults_inside(child, defs)


def test_the_lists_with_defaults_in_their_items_are_those_that_have_a_comparison_of_their_own() -> None:
    schema = GPUInstanceSpec.model_json_schema(by_alias=True)
    lists = {name: field for name, field in schema["properties"].items() if "items" in str(field)}

    found = [name for name, field in lists.items() if list(_defaults_inside(field, schema["$defs"]))]

    assert {"volumes", *_LISTS} <= set(lists)
    assert sorted(found) == sorted(_LISTS)
    plain = [name for name in lists if f"self.{name} == oldSelf.{name}" in equality.same(name, "self", "oldSelf")]
    assert sorted({*lists} - {*plain}) == sorted(_LISTS)


@pytest.mark.parametrize("name", _LISTS)
def test_every_field_of_an_item_is_compared(name: str) -> None:
    items = crd.structural(GPUInstanceSpec)["properties"][name]["items"]

    rule = equality.same(name, "self", "oldSelf")

    compared_whole = {"value"} if name == "env" else set()  # by `a in oldSelf.env`
    fields = set(_inside(items)) - compared_whole
    assert len(fields) >= 2
    assert [field for field in fields if f".{field}" not in rule] == []
