"""All instances of an account at one moment, indexed by id and by name, and what changed since the last one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from novita_operator.novita.models import Instance

_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An immutable view. `started_at` is the wall time when the list call began: nothing later can be in it."""

    account: str
    started_at: datetime
    instances: Mapping[str, Instance]
    by_name: Mapping[str, tuple[Instance, ...]]

    def find(self, instance_id: str) -> Instance | None:
        """The instance of this id, in whatever case Novita shows it."""
        found = self.instances.get(instance_id)
        if found is not None:
            return found
        folded = instance_id.casefold()
        return next((each for key, each in self.instances.items() if key.casefold() == folded), None)

    @classmethod
    def of(cls, account: str, instances: Iterable[Instance], started_at: datetime) -> Snapshot:
        """Index a complete list."""
        by_id = {instance.id: instance for instance in instances}
        named: defaultdict[str, list[Instance]] = defaultdict(list)
        for instance in by_id.values():
            named[instance.name].append(instance)
        by_name = {name: oldest_first(found) for name, found in named.items()}
        return cls(account, started_at, by_id, by_name)


def oldest_first(instances: Iterable[Instance]) -> tuple[Instance, ...]:
    """By creation time, then by id: the order in which duplicates are kept. Unknown times count as oldest."""
    return tuple(sorted(instances, key=lambda instance: (instance.created_at or _EPOCH, instance.id)))


def changes(previous: Snapshot | None, current: Snapshot) -> frozenset[str]:
    """Names of the instances that appeared, vanished, or differ in anything that a list shows.

    Values without meaning, such as seconds of use, are not decoded, so that every difference is one that matters.
    """
    before = previous.instances if previous is not None else {}
    after = current.instances
    appeared = {new.name for key, new in after.items() if key not in before}
    vanished = {old.name for key, old in before.items() if key not in after}
    # Both names of one that was renamed: each may have somebody waiting for it.
    differing = {
        name
        for key, old in before.items()
        if key in after and after[key] != old
        for name in (old.name, after[key].name)
    }
    return frozenset(appeared | vanished | differing)
