"""Reading a part of an object field by field: what cannot be read is left out and told, and the rest counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from novita_operator.api.meta import Model

M = TypeVar("M", bound=Model)
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
    if not isinstance(raw, dict):
        return kind(), Lost(frozenset({""}), (f"{where}: it is no object",))
    lost, left = Lost(), raw
    while True:
        try:
            return kind.model_validate(left), lost
        except ValidationError as error:
            found = error.errors(include_input=False, include_url=False)
        told = tuple(f"{'.'.join(map(str, (where, *each['loc'])))}: {each['msg']}" for each in found)
        names = {str(each["loc"][0]) if each["loc"] else "" for each in found}
        lost = Lost(lost.fields | names, lost.complaints + told)
        kept = {name: value for name, value in left.items() if name not in lost.fields}
        # Where no field is to blame, none counts.
        left = kept if len(kept) < len(left) else {}
