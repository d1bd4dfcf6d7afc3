"""Objects whose deletion this process has watched: an instance that appears under such a name belongs to nobody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from novita_operator.kube.cache import Key

# A name takes some 300 bytes; what is forgotten beyond that is still an orphan that the collector reports.
_MOST = 10_000


@dataclass(slots=True)
class Departed:
    """A deleted object that asked for its instance to go along. `ids`: known instances whose end was not yet seen."""

    key: Key
    uid: str
    account: str
    name: str
    ids: set[str] = field(default_factory=set)


class Departures:
    """Deleted objects by the name of their instances; the oldest are forgotten first. Memory of this process only."""

    def __init__(self) -> None:
        self._by_name: dict[str, Departed] = {}

    def add(self, departed: Departed) -> None:
        """This object is gone. Only for one whose instance is to be deleted with it."""
        self._by_name[departed.name] = departed
        while len(self._by_name) > _MOST:
            del self._by_name[next(iter(self._by_name))]

    def note(self, name: str, instance_id: str) -> Departed | None:
        """An answer came for an object that is gone meanwhile: this instance is to go, too. None where it may stay."""
        departed = self._by_name.get(name)
        if departed is not None:
            departed.ids.add(instance_id)
        return departed

    def of(self, account: str) -> Iterator[Departed]:
        """Those of one account."""
        return iter([each for each in self._by_name.values() if each.account == account])

    def drop(self, name: str) -> None:
        """It was no deletion after all, or there is nothing more to do for it."""
        self._by_name.pop(name, None)
