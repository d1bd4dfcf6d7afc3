"""values.yaml as documentation: every value with its comment, its default and its schema."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Schema = dict[str, Any]

_DESCRIPTION = "# -- "
_SCHEMA = "# @schema "
_SETTINGS = "# @settings"
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}


class Undocumented(Exception):
    """A value without a description, or one whose type nobody can tell."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value; one with `children` is a group of values."""

    path: tuple[str, ...]
    default: Any
    description: str = ""
    said: Schema = field(default_factory=dict)
    settings: bool = False
    children: tuple[Value, ...] = ()

    @property
    def name(self) -> str:
        return ".".join(self.path)

    @property
    def type(self) -> str:
        return str(self.said.get("type") or _TYPES[type(self.default)])

    def leaves(self) -> Iterator[Value]:
        """The values that a user can set, in the order of the file."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


def read(path: Path) -> tuple[Value, ...]:
    """The values of a file. Raises Undocumented."""
    text = path.read_text()
    return _values(yaml.compose(text), text.splitlines(), ())


def _values(node: yaml.Node | None, lines: list[str], path: tuple[str, ...]) -> tuple[Value, ...]:
    if not isinstance(node, yaml.MappingNode):
        raise Undocumented(f"{'.'.join(path)}: a map was expected")
    return tuple(_value(key, child, lines, path) for key, child in node.value)


def _value(key: yaml.Node, node: yaml.Node, lines: list[str], path: tuple[str, ...]) -> Value:
    at = (*path, str(key.value))
    description, said, settings = _comment(lines, key.start_mark.line)
    default = yaml.safe_load(yaml.serialize(node))
    is_group = isinstance(default, dict) and bool(default) and "type" not in said and not settings
    if is_group:
        return Value(at, default, description, said, children=_values(node, lines, at))
    if not description:
        raise Undocumented(f"{'.'.join(at)} has no description; write one above it: `# -- ...`")
    if default is None and "type" not in said:
        raise Undocumented(f"{'.'.join(at)} is null, so that its type is unknown; say it: `# @schema {{type: ...}}`")
    return Value(at, default, description, said, settings)


def _comment(lines: list[str], line: int) -> tuple[str, Schema, bool]:
    """The comment directly above a line: description, schema, and whether it stands for the operator's settings."""
    above: list[str] = []
    while line > 0 and lines[line - 1].strip().startswith("#"):
        line -= 1
        above.insert(0, lines[line].strip())
    words: list[str] = []
    said: Schema = {}
    settings = False
    for comment in above:
        if comment.startswith(_DESCRIPTION):
            words = [comment.removeprefix(_DESCRIPTION)]
        elif comment.startswith(_SCHEMA):
            said = yaml.safe_load(comment.removeprefix(_SCHEMA))
        elif comment == _SETTINGS:
            settings = True
        elif words:
            words.append(comment.lstrip("# "))
    return " ".join(words), said, settings
