"""Reading a part of an object field by field: what cannot be read is left out and told, and the rest counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from novita_operator.api.meta import Model

M = TypeVar("M", bound=Model)
Place = tuple[int | str, ...]
_MOST = 5  # more than that are another version of the schema, and the list helps nobody


@dataclass(frozen=True, slots=True)
class Lost:
    """What was left out: the names of its fields on the wire, and what is wrong with each, in words for everybody.

    The words hold no values: one may be a password that somebody put into `env`.
    """

    fields: frozenset[str] = frozenset()
    complaints: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.complaints)

    def __str__(self) -> str:
        return "; ".join(self.complaints[:_MOST])


def read(kind: type[M], raw: Any, where: str) -> tuple[M, Lost]:  # noqa: ANN401 - anybody wrote it
    """As much as can be read of a value of this kind, which can be made of nothing. `where`: what the words call it."""
    return _read(kind, raw, where, by_entry=False)


def read_status(kind: type[M], raw: Any) -> tuple[M, Lost]:  # noqa: ANN401 - anybody wrote it
    """The same of a status: of its lists, each entry counts alone. In a spec, what is left would be another wish."""
    return _read(kind, raw, "status", by_entry=True)


def _read(kind: type[M], raw: Any, where: str, *, by_entry: bool) -> tuple[M, Lost]:  # noqa: ANN401 - anybody wrote it
    if not isinstance(raw, dict):
        return kind(), Lost(frozenset({""}), (f"{where}: it is no object",))
    lost, left = Lost(), raw
    while True:
        try:
            return kind.model_validate(left), lost
        except ValidationError as error:
            found = error.errors(include_input=False, include_url=False)
        told = tuple(f"{'.'.join(map(str, (where, *each['loc'])))}: {each['msg']}" for each in found)
        places = [each["loc"] or ("",) for each in found]
        lost = Lost(lost.fields | {str(name) for name, *_ in places}, lost.complaints + told)
        left = _without(left, places, by_entry=by_entry)


def _without(raw: dict[str, Any], places: Iterable[Place], *, by_entry: bool) -> dict[str, Any]:
    """What is left without the fields at these places, or without the entries of theirs. Always less than before."""
    kept = dict(raw)
    entries: defaultdict[str, set[int]] = defaultdict(set)
    for name, *rest in places:
        if by_entry and rest and isinstance(rest[0], int) and isinstance(raw.get(str(name)), list):
            entries[str(name)].add(rest[0])
        else:
            kept.pop(str(name), None)
    for name in entries.keys() & kept.keys():
        kept[name] = [each for number, each in enumerate(raw[name]) if number not in entries[name]]
    # Where no field is to blame, none counts.
    return kept if kept != raw else {}
