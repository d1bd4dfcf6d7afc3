"""Ids of instances, in whatever case Novita shows them."""

from __future__ import annotations

from collections.abc import Container


class CaselessIds(Container[str]):
    """A set of ids in which two spellings of one id are the same."""

    def __init__(self) -> None:
        self._folded: set[str] = set()

    def __contains__(self, instance_id: object) -> bool:
        return isinstance(instance_id, str) and instance_id.casefold() in self._folded

    def __len__(self) -> int:
        return len(self._folded)

    def add(self, instance_id: str) -> None:
        self._folded.add(instance_id.casefold())

    def discard(self, instance_id: str) -> None:
        self._folded.discard(instance_id.casefold())
