"""Looks -> verdict: so many in a row that worked, so many in a row that failed. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Looks in a row that decide."""

    success: int
    failure: int


@dataclass(frozen=True, slots=True)
class Tally:
    """What the looks have shown so far.

    `reachable`: None before anything is decided. `complaint`: why not, as the last decision or the newer looks in a
    row have it; "" while reachable. `last`: the complaint of the last look, "" if it worked, None before the first.
    `streak`: how many looks in a row worked, or failed. `same`: how many in a row had the same complaint.
    """

    reachable: bool | None = None
    complaint: str = ""
    last: str | None = None
    streak: int = 0
    same: int = 0

    def after(self, complaint: str, thresholds: Thresholds) -> Tally:
        """The tally after one more look: it worked if the complaint is empty."""
        alike = self.last is not None and (not self.last) == (not complaint)
        seen = replace(
            self,
            last=complaint,
            streak=self.streak + 1 if alike else 1,
            same=self.same + 1 if complaint == self.last else 1,
        )
        return _worked(seen, thresholds) if not complaint else _failed(seen, thresholds)

    def decides_as(self, other: Tally) -> bool:
        """Whether both say the same to people, whatever was counted."""
        return (self.reachable, self.complaint) == (other.reachable, other.complaint)


def _worked(seen: Tally, thresholds: Thresholds) -> Tally:
    if seen.reachable or seen.streak >= thresholds.success:
        return replace(seen, reachable=True, complaint="")
    return seen


def _failed(seen: Tally, thresholds: Thresholds) -> Tally:
    if seen.reachable and seen.streak < thresholds.failure:
        return seen
    # Another complaint is worth telling once it lasts: ports that fail in turns are no news each time.
    if seen.reachable is False and seen.same < thresholds.failure:
        return seen
    return replace(seen, reachable=False, complaint=seen.last or "")
