"""Objects whose deletion this process has watched, and what is to become of an instance of their name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from novita_operator.kube.cache import Key
from novita_operator.runtime.accounts.retention import Left

# A name takes some 300 bytes; what is forgotten beyond that is still an orphan that the collector reports.
_MOST = 10_000


@dataclass(slots=True)
class Departed:
    """A deleted object whose instance is to end with it."""

    key: Key
    uid: str
    account: str
    name: str
    """What an instance that was rented for it is called at Novita."""
    ids: set[str] = field(default_factory=set)
    """Known instances whose end was not yet seen."""
    adopted: str | None = None
    """The instance that it had taken over, whose name proves nothing."""
    end: Literal["Delete", "Stop"] = "Delete"
    """What its deletion policy asks for."""
    asked: set[str] = field(default_factory=set)
    """Instances whose end Novita has accepted."""
    unseen_since: dict[str, float] = field(default_factory=dict)
    """When Novita first did not know an id, in monotonic seconds."""

    def over(self, instance_id: str) -> None:
        """This instance is gone, or not the object's."""
        self.ids.discard(instance_id)
        self.unseen_since.pop(instance_id, None)


class Departures:
    """Deleted objects by the name of their instances; the oldest are forgotten first. Memory of this process only."""

    def __init__(self) -> None:
        self._by_name: dict[str, Departed] = {}
        self._left: dict[str, dict[str, Left]] = {}

    def add(self, departed: Departed) -> None:
        """This object is gone. Only for one whose instance is to end with it."""
        self._by_name[departed.name] = departed
        while len(self._by_name) > _MOST:
            del self._by_name[next(iter(self._by_name))]

    def of(self, account: str) -> Iterator[Departed]:
        """Those of one account."""
        return iter([each for each in self._by_name.values() if each.account == account])

    def leave(self, account: str, left: Left) -> None:
        """This object is gone, and nothing held it: what is to stay at Novita has not been written down yet."""
        waiting = self._left.setdefault(account, {})
        waiting[left.uid] = left
        while len(waiting) > _MOST:
            del waiting[next(iter(waiting))]

    def left(self, account: str) -> tuple[Left, ...]:
        """What waits to be written down for one account."""
        return tuple(self._left.get(account, {}).values())

    def written(self, account: str, uid: str) -> None:
        """It is durable now."""
        self._left.get(account, {}).pop(uid, None)

    def drop(self, name: str) -> None:
        """It was no deletion after all, or there is nothing more to do for it."""
        self._by_name.pop(name, None)
