"""What this process remembers about an object between passes. Losing it costs time, never money."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from novita_operator.controllers.gpu_instance.action import Intent
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.result import Lasting
from novita_operator.novita.models import Instance


@dataclass(slots=True)
class Memory:
    """One object's memory. Times named `…_at` and `…_since` are monotonic seconds, unless they are datetimes."""

    unseen_before: int
    """Only polls with a higher number show what we last did to the instance."""
    detail: Instance | None = None
    """The last look by id at a running instance that did not make it Ready."""
    checked: Instance | None = None
    """The last check by id, for what bare lists do not show."""
    checked_at: float | None = None
    """When that was; None: not yet, and never for this process."""
    note: Intent | None = None
    """The last note of intent that was seen on the object."""
    hindered_at: datetime | None = None
    """When the cluster last refused its connection Secret: until then the instance could not be seen to work."""
    searched_for: Intent | None = None
    """The intent whose instance is searched for."""
    searched_since: float = 0.0
    """When that intent was seen first."""
    earlier: bool | None = None
    """A process before this one may have made calls for it. None: not looked at yet."""
    searches: int = 0
    """Polls since then that did not show an instance, spaced apart."""
    searched_at: float = 0.0
    """When the last of them was counted."""
    searched_in_poll: int = 0
    """The number of the last of them; earlier polls say nothing."""
    only_by_id: bool = False
    """A look by id found what the list lacks."""
    rented: bool = False
    """A create call of this process was carried out for it, or may have been."""
    delete_accepted_at: float | None = None
    """When Novita last accepted the delete call. None: it has not, or has not done it."""
    gone_in_polls: set[int] = field(default_factory=set)
    """Numbers of the polls after which a look by id did not find the instance."""
    gone_since: float = 0.0
    """When the first of these looks was."""
    gone_checked_at: float = 0.0
    """When the last of them was."""
    announced: bool = False
    """Novita was seen to remove it, or to take it back."""
    rented_at: float | None = None
    """When the create call of this process came back: what the catalogue said before may not hold for the instance."""
    price_asked_in_poll: int = 0
    """The number of the last poll after which the price of the instance was looked at."""
    busy_at: datetime | None = None
    """When the GPU was last seen at work."""
    measured_at: float = float("-inf")
    """When we last asked how busy it is."""
    edited_at: float = float("-inf")
    """When we last changed ports or disk."""
    refused_generation: int | None = None
    """The generation whose last try to rent was refused, or not even made. None: it was not."""
    matched_generation: int | None = None
    """The last generation whose ports and disk the instance was seen to have."""
    unwritten: Lasting = field(default_factory=Lasting)
    """Facts of earlier passes that the status does not hold yet, an id among them."""
    let_go: bool = False
    """The finalizer of the deleted object was dropped, after a search that found nothing."""
    left_alone: bool = False
    """What the object leaves at Novita stays as it is: a person gave the deletion up, or its policy says so."""
    had: str | None = None
    """The id of its instance, when it was last observed."""

    def learned(self, instance_id: str) -> None:
        """An id that must not get lost, whatever happens to the rest of the pass."""
        self.unwritten = replace(self.unwritten, instance_id=instance_id, released=False)

    def tried(self, generation: int, *, refused: bool, rented: bool) -> None:
        """What came of a pass over this generation; one that had nothing to ask for changes nothing."""
        if refused:
            self.refused_generation = generation
        elif rented:
            self.refused_generation = None

    def repeats(self, seen: Observation) -> bool:
        """What it asks for was refused before, and nothing can be there that costs: others go first."""
        refused = self.refused_generation == seen.resource.meta.generation
        unsettled = seen.intent is not None and seen.intent.pending
        return refused and seen.instance_id is None and not seen.found and not unsettled

    def search(self, note: Intent | None, monotonic: float) -> None:
        """From now on the instance of this call is searched for."""
        self.searched_for, self.searched_since, self.searches = note, monotonic, 0

    def saw_nothing(self, poll: int, monotonic: float) -> None:
        """A look by id found nothing; `poll` is the list that lacks the instance, too."""
        if not self.gone_in_polls:
            self.gone_since = monotonic
        self.gone_in_polls.add(poll)
        self.gone_checked_at = monotonic

    def forget_instance(self) -> None:
        """The instance is gone: nothing known about it applies to the next one."""
        self.had = None
        self.detail = None
        self.checked = None
        self.only_by_id = False
        self.delete_accepted_at = None
        self.gone_in_polls = set()
        self.announced = False
        self.searches = 0
        self.rented_at = None


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
