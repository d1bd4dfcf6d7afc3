"""Instances of one account that Novita stopped showing without a word: how long that is not believed.

An outage looks like a loss: the list is empty and each look by id says 404. So absence takes time and company: few
losses beside many instances that are shown are believed soon, an empty list late, and many at once only by a person.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from novita_operator.api import meta
from novita_operator.reconciling import confirmation

_FEW = 3  # single mishaps at Novita, such as a failed machine, never took more at once
_SHARE = 10  # of a large account, a tenth
_ALONE = 5  # so many times longer, where the list shows nothing else that would prove that it works
# The money breaker counts re-creates of ten minutes: what was missing then may have caused them.
_OUTAGE = timedelta(minutes=10)
_MEANWHILE = "Nothing is rented or let go meanwhile; it goes on by itself when they are back."


@dataclass(slots=True)
class Losses:
    """What is missing in one account."""

    delay: float = 180.0
    """Seconds until a few losses beside others are believed."""
    shown: int = 0
    """Instances of ours in the last list."""
    healed_at: datetime | None = None
    """When what was missing was last seen to be back."""
    _missing: dict[str, datetime] = field(default_factory=dict)
    _confirmed: set[str] = field(default_factory=set)
    _expected: set[str] = field(default_factory=set)
    _polled: bool = True
    spent: str | None = None
    """What a person said of losses that are over, or that an earlier process believed."""
    _counts: str | None = None

    @property
    def confirmed(self) -> str | None:
        """What a person said last, and made losses count: it says nothing of later ones, whatever process sees them."""
        return self._counts or self.spent

    def may_have_caused(self, moment: datetime) -> bool:
        """Whether instances that were missing then, or shortly before, are back."""
        return self.healed_at is not None and not self.count and self.healed_at >= moment - _OUTAGE

    @property
    def count(self) -> int:
        return len(self._missing)

    @property
    def key_changed(self) -> bool:
        """Whether the key is another one, and none of ours was seen with it yet."""
        return bool(self._expected)

    def expect(self, uids: Collection[str]) -> None:
        """The key is another one: the objects that may have instances, which are then to be seen with it."""
        self._expected, self._polled = set(uids), False

    @property
    def since(self) -> datetime | None:
        """When the first of them was missed."""
        return min(self._missing.values(), default=None)

    def miss(self, uid: str, now: datetime) -> None:
        """A look by id did not find the instance that this object wants, and nobody had announced that."""
        self._missing.setdefault(uid, now)

    def back(self, uid: str, now: datetime) -> None:
        """The instance of this object was seen: what a person said of its absence is over, too."""
        self._confirmed.discard(uid)
        if self._missing.pop(uid, None) is not None:
            self.healed_at = now

    def forget(self, uid: str) -> None:
        """It no longer matters whether the instance of this object exists."""
        self._missing.pop(uid, None)
        self._confirmed.discard(uid)
        self._expected.discard(uid)

    def polled(self, shown: int) -> None:
        """What a complete list has shown."""
        self.shown, self._polled = shown, True

    def recognise(self, uids: Collection[str]) -> None:
        """Instances of these objects were seen: one of the expected proves that the key is of the right account."""
        if not self._expected.isdisjoint(uids):
            self._expected.clear()

    def confirm(self, asked: str | None) -> None:
        """A person repeats the number that the condition shows: all of them are gone.

        What was said of one loss says nothing of the next, which may be an outage of the same size.
        """
        gone = self._missing.keys() | self._expected
        if not gone and self._counts is not None:
            self.spent, self._counts = self._counts, None
        if gone and self._polled and confirmation.says(asked, len(gone), self.spent):
            self._confirmed |= gone
            self._expected.clear()
            self._counts = asked

    def wait_for(self, uid: str) -> float | None:
        """Seconds that this object's instance must be missing before it counts as lost; None: until a person says."""
        if uid in self._confirmed:
            return 0.0
        if self.key_changed or self._too_many:
            return None
        return self.delay if self.shown else self.delay * _ALONE

    @property
    def wait_to_let_go(self) -> float | None:
        """Seconds that an instance must be missing before its deleted object goes.

        None: until a person says. What the others miss delays that, and never holds it for good: an outage of minutes
        must not end the watch over something that is billed.
        """
        if self.key_changed:
            return None
        return self.delay if self.shown and not self.in_doubt else self.delay * _ALONE

    @property
    def in_doubt(self) -> bool:
        """Whether the whole account may just be invisible: then nothing is rented and nothing is let go."""
        missing = bool(self._missing.keys() - self._confirmed)
        return self.key_changed or (missing and (not self.shown or self._too_many))

    @property
    def _too_many(self) -> bool:
        return self.count > max(_FEW, (self.shown + self.count) // _SHARE)

    def explain(self) -> str | None:
        """What is missing, what is done about it, and what a person can do; None where nothing is."""
        if self.key_changed:
            return self._explain_key() if self._polled else None
        if self.since is None:
            return None
        total = self.shown + self.count
        which = f"none of {total}" if not self.shown else f"no more {self.count} of {total}"
        text = f"Novita shows {which} instances since {self.since:%Y-%m-%d %H:%M:%S} UTC, and gave no reason."
        if self.in_doubt:
            text += f" {_MEANWHILE}"
        if self._too_many:
            return f"{text} If they are really gone, annotate the account with {self._wanted(self.count)}."
        return f"{text} What stays away for {self.delay if self.shown else self.delay * _ALONE:.0f} s counts as lost."

    def _explain_key(self) -> str:
        count = len(self._missing.keys() | self._expected)
        return (
            f"The key was changed, or the address, and Novita shows none of {count} instances with it: it may be that "
            f"of another Novita account. {_MEANWHILE} Put the right key back. If this is the account to use from now "
            f"on, and they are to count as lost, annotate the account with {self._wanted(count)}."
        )

    def _wanted(self, count: int) -> str:
        return confirmation.wanted(meta.CONFIRM_LOSSES, count, self.spent)
