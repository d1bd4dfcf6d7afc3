"""What this process remembers about an object between passes. Losing it costs time, never money."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from novita_operator.controllers.gpu_instance.reachability.service import Bodies
from novita_operator.controllers.gpu_instance.result import Lasting
from novita_operator.novita.models import Instance


@dataclass(frozen=True, slots=True)
class Served:
    """What was last written for spec.service, and when; None: slices that lead nowhere."""

    bodies: Bodies | None
    at: float


@dataclass(slots=True)
class Memory:
    """One object's memory.

    `unseen_before`: only polls with a
    higher number show what we last did to the instance. `detail`: the last look by id at a running instance that
    did not make it Ready. `note`: the last note of intent that was seen on the object. `looks`: polls that began
    after the intent `searched_for` was seen (at `searched_since`) and did not show an instance, spaced apart.
    `only_by_id`: a look by id found what the list lacks. `busy_at`: when the GPU was last seen at work;
    `measured_at`, `edited_at`: when we last asked, and last changed ports or disk. `matched_generation`: the last
    one whose ports and disk the instance was seen to have. `unwritten`: facts of earlier passes that the status
    does not hold yet, an id among them. `let_go`: the finalizer of the deleted object was dropped after a look that
    found nothing; `abandoned`: or since a person gave up.
    """

    unseen_before: int
    detail: Instance | None = None
    note: str | None = None
    searched_for: str | None = None
    searched_since: float = 0.0
    looks: int = 0
    looked_at: float = 0.0
    looked_in_poll: int = 0
    only_by_id: bool = False
    delete_accepted: bool = False
    gone_in_polls: set[int] = field(default_factory=set)
    busy_at: datetime | None = None
    measured_at: float = float("-inf")
    edited_at: float = float("-inf")
    matched_generation: int | None = None
    unwritten: Lasting = field(default_factory=Lasting)
    let_go: bool = False
    abandoned: bool = False
    served: Served | None = None

    def learned(self, instance_id: str) -> None:
        """An id that must not get lost, whatever happens to the rest of the pass."""
        self.unwritten = replace(self.unwritten, instance_id=instance_id, released=False)

    def forget_instance(self) -> None:
        """The instance is gone: nothing known about it applies to the next one."""
        self.detail = None
        self.only_by_id = False
        self.delete_accepted = False
        self.gone_in_polls = set()
        self.looks = 0


class Memories:
    """Memories by UID."""

    def __init__(self) -> None:
        self._by_uid: dict[str, Memory] = {}

    def of(self, uid: str, polls_begun: int) -> Memory:
        """The object's memory; on first sight only later polls can prove that it has no instance."""
        if uid not in self._by_uid:
            self._by_uid[uid] = Memory(unseen_before=polls_begun)
        return self._by_uid[uid]

    def find(self, uid: str) -> Memory | None:
        """What is remembered of the object; None where this process has not looked at it."""
        return self._by_uid.get(uid)

    def forget(self, uid: str) -> bool:
        """True if there was anything to forget."""
        return self._by_uid.pop(uid, None) is not None
