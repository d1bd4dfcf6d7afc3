"""Instances of one account that Novita stopped showing without a word: how long that is not believed.

An outage looks like a loss: the list is empty and each look by id says 404. So absence takes time and company: few
losses beside many instances that are shown are believed soon, an empty list late, and many at once only by a person.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from novita_operator.api import meta

_FEW = 3  # single mishaps at Novita, such as a failed machine, never took more at once
_SHARE = 10  # of a large account, a tenth
_ALONE = 5  # so many times longer, where the list shows nothing else that would prove that it works


@dataclass(slots=True)
class Losses:
    """What is missing in one account.

    `shown`: instances of ours in the last list. `delay`: seconds until a few losses beside others are believed.
    `key_changed`: the key is another one, and none of ours was seen with it yet. `healed_at`: when what was missing
    was last seen to be back.
    """

    delay: float = 180.0
    shown: int = 0
    key_changed: bool = False
    healed_at: datetime | None = None
    _missing: dict[str, datetime] = field(default_factory=dict)
    _confirmed: set[str] = field(default_factory=set)

    @property
    def count(self) -> int:
        return len(self._missing)

    @property
    def since(self) -> datetime | None:
        """When the first of them was missed."""
        return min(self._missing.values(), default=None)

    def miss(self, uid: str, now: datetime) -> None:
        """A look by id did not find the instance that this object wants, and nobody had announced that."""
        self._missing.setdefault(uid, now)

    def back(self, uid: str, now: datetime) -> None:
        """The instance of this object was seen."""
        if self._missing.pop(uid, None) is not None:
            self.healed_at = now

    def forget(self, uid: str) -> None:
        """It no longer matters whether the instance of this object exists."""
        self._missing.pop(uid, None)
        self._confirmed.discard(uid)

    def polled(self, shown: int) -> None:
        """What a complete list has shown."""
        self.shown = shown
        self.key_changed &= shown == 0

    def confirm(self, asked: str | None) -> None:
        """A person repeats the number that the condition shows: all of them are gone."""
        if self.count and asked == str(self.count):
            self._confirmed |= self._missing.keys()

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
        return bool(self._missing.keys() - self._confirmed) and (self.key_changed or not self.shown or self._too_many)

    @property
    def _too_many(self) -> bool:
        return self.count > max(_FEW, (self.shown + self.count) // _SHARE)

    def explain(self) -> str | None:
        """What is missing, what is done about it, and what a person can do; None where nothing is."""
        if self.since is None:
            return None
        total = self.shown + self.count
        which = f"none of {total}" if not self.shown else f"no more {self.count} of {total}"
        text = f"Novita shows {which} instances since {self.since:%Y-%m-%d %H:%M:%S} UTC, and gave no reason."
        if self.in_doubt:
            text += " Nothing is rented or let go meanwhile; it goes on by itself when they are back."
        if self.key_changed:
            text += " The key was changed: it may be that of another Novita account. Put the right one into the Secret."
        if self.key_changed or self._too_many:
            return f"{text} If they are really gone, annotate the account with {meta.CONFIRM_LOSSES}={self.count}."
        return f"{text} What stays away for {self.delay if self.shown else self.delay * _ALONE:.0f} s counts as lost."
