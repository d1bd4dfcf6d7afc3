"""Retained instances that are gone at Novita: their entries are dropped from the record, after a long look."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, field

from novita_operator.clock import Clock
from novita_operator.kube import errors as kube_errors
from novita_operator.novita import errors
from novita_operator.novita.models import Instance
from novita_operator.reconciling import naming
from novita_operator.reconciling.account_health import Healthy
from novita_operator.runtime.accounts.account import Account
from novita_operator.runtime.accounts.retained import NotKnown, Retained
from novita_operator.runtime.accounts.retention import Left, Record

logger = logging.getLogger(__name__)

_LOOKS = 6  # within the time after which an entry goes: its end is seen by several lists


@dataclass(slots=True)
class Watched:
    """Of one account, in monotonic seconds: the last look, and since when which entry is shown by no list."""

    looked_at: float = float("-inf")
    since: dict[str, float] = field(default_factory=dict)

    def gone(self, record: Record, shown: Collection[Instance], key: str, now: float, after: float) -> list[Left]:
        """The entries that no list has shown for so long. What another key does not show says nothing of them."""
        absent = [
            each for each in record.left.values() if each.key == key and not any(each.is_of(one) for one in shown)
        ]
        self.since = {each.uid: self.since.get(each.uid, now) for each in absent}
        return [each for each in absent if now - self.since[each.uid] >= after]


def stamped(record: Record, shown: Collection[Instance], key: str) -> dict[str, str]:
    """The entries that this key shows, and that were last shown by another."""
    other = (each for each in record.left.values() if each.key != key)
    return {each.uid: key for each in other if any(each.is_of(one) for one in shown)}


@dataclass(frozen=True, slots=True)
class Absences:
    """Looks after polls. `after`: seconds for which an instance must be absent. Raises nothing: it is tried again."""

    retained: Retained
    clock: Clock
    after: float
    _watched: dict[str, Watched] = field(default_factory=dict)

    def forget(self, account: str) -> None:
        self._watched.pop(account, None)

    async def look(self, account: Account) -> None:
        """Drop what is gone, if it is time for a look."""
        watched, now = self._watched.setdefault(account.name, Watched()), self.clock.monotonic()
        healthy = isinstance(account.health, Healthy) and account.fingerprint is not None
        if not healthy or account.everything is None or now - watched.looked_at < self.after / _LOOKS:
            return
        watched.looked_at = now
        try:
            await self._revise(account, watched, now)
        except NotKnown:
            return  # the orphan check says so, where it matters
        except (errors.NovitaError, kube_errors.KubeError) as error:
            logger.warning("the record of retained instances could not be brought up to date: %s", error)

    async def _revise(self, account: Account, watched: Watched, now: float) -> None:
        record, key = await self.retained.read(account.name), account.fingerprint
        if not record.left or key is None:
            return
        shown = [each for each in _listed(account, self.retained.names) if not each.state.is_gone]
        gone = watched.gone(record, shown, key, now, self.after)
        uids = [each.uid for each in gone if await _is_gone(each, account)]
        keys = stamped(record, shown, key)
        if uids or keys:
            await self.retained.revise(account.name, uids, keys)


def _listed(account: Account, names: naming.Names) -> list[Instance]:
    """What carries our mark is in every list; the others are only in one of everything, which is older."""
    shown = account.snapshot.instances.values() if account.snapshot is not None else ()
    return [*(each for each in account.everything or () if not names.marks(each.name)), *shown]


async def _is_gone(left: Left, account: Account) -> bool:
    """By its id, too: a list may lack an instance that is there."""
    if left.instance_id is None:
        return True
    try:
        found = await account.client.get_instance(left.instance_id)
    except errors.NotFound:
        return True
    return found.state.is_gone or not left.is_of(found)
