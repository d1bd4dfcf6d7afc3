"""One thing that Novita refuses to an account, how far that reaches, and the line of those who wait for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from novita_operator.kube.cache import Key
from novita_operator.novita import errors, extent
from novita_operator.turns import Turns

Step = Literal["rent", "start", "grow"]
Cause = Literal["balance", "quota"]

# Whose turn it is comes within milliseconds. Where it does not, the next that comes takes the turn.
_TURN_SECONDS = 1.0
# A call takes less: those who wait look again after it.
_CALL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Need:
    """What a call asks of the account. `price`: USD per hour of the whole instance; None where nobody knows it."""

    step: Step
    product: str
    product_name: str
    region: str
    billing: str
    gpus: int
    price: Decimal | None
    cluster_id: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """What was refused; what is None is not limited."""

    step: Step | None
    cause: Cause
    product: str | None = None
    region: str | None = None
    billing: str | None = None
    namespace: str | None = None

    @classmethod
    def of(cls, need: Need, error: errors.NovitaError) -> Scope | None:
        """What this refusal says of others, too; None where it says nothing."""
        match error:
            case errors.InsufficientBalance():
                return cls(need.step, "balance")
            case errors.QuotaExceeded():
                names = (need.product, need.product_name)
                full = extent.of(error.reason, error.message, names, (need.region, need.cluster_id))
                return cls(
                    need.step,
                    "quota",
                    need.product if full.product else None,
                    need.region if full.region else None,
                    need.billing if full.billing else None,
                )
            case _:
                return None

    def covers(self, who: Key, need: Need) -> bool:
        limits = (self.step, self.product, self.region, self.billing, self.namespace)
        asked = (need.step, need.product, need.region, need.billing, who.namespace)
        return all(limit in (None, its) for limit, its in zip(limits, asked, strict=True))

    def size(self, need: Need) -> Decimal:
        """What there was too little for: what asks for less may have enough. An unknown price is above all others."""
        if self.cause == "quota":
            return Decimal(need.gpus)
        return need.price if need.price is not None else Decimal("Infinity")


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a call is not made now. `said`: Novita's words. `seconds`: until this object should come again."""

    scope: Scope
    said: str
    since: datetime
    next_at: datetime
    seconds: float
    least: Decimal
    """The smallest that was refused: USD per hour, or GPUs."""


@dataclass(slots=True)
class Pause:
    """One thing that is refused, and who waits for it."""

    scope: Scope
    since: datetime
    least: Decimal
    line: Turns[Key]
    due_at: datetime
    said: str = ""
    recalled: bool = False
    """An earlier process has seen it. How far it reaches is not known any more."""
    news: bool = False
    """Something may have changed since the call of the one that tries."""
    refusals: int = 0
    due: float = 0.0
    probe: Key | None = None
    ahead: Key | None = None
    """Who tries before its turn."""
    sizes: dict[Key, Decimal] = field(default_factory=dict)
    """What those ask for who wait or try."""
    tried: dict[Key, Decimal] = field(default_factory=dict)
    """Who was refused in this pause, and what it had asked for."""

    def join(self, who: Key, size: Decimal, *, first: bool = False) -> None:
        self.line.add(who, first=first)
        self.sizes[who] = size

    def leave(self, who: Key) -> None:
        self.line.forget(who)
        self.sizes.pop(who, None)
        self.ahead = None if self.ahead == who else self.ahead

    def first(self) -> Key | None:
        return self.ahead or (self.line.peek() if self.line else None)

    def smaller(self, size: Decimal) -> Key | None:
        """Who asks for the least of those that ask for less."""
        return min((who for who, its in self.sizes.items() if its < size), key=self.sizes.__getitem__, default=None)

    def disproved(self, who: Key) -> list[Key]:
        """Who was refused what `who` then got as much of: the account was not at fault, or is not any more."""
        got = self.sizes.get(who, self.least)
        return [each for each, size in self.tried.items() if each != who and size <= got]

    def holds(self, who: Key, need: Need) -> bool:
        return self.scope.covers(who, need) and self.scope.size(need) >= self.least

    def may_probe(self, who: Key, now: float) -> bool:
        if self.probe is not None or now < self.due:
            return self.probe == who
        return self.first() == who or now >= self.due + _TURN_SECONDS

    def begin(self, who: Key) -> None:
        """Its turn. Who was first and did not come goes to the end of the line."""
        if self.probe == who:
            return
        if self.ahead == who:
            self.line.forget(who)
        elif (first := self.line.next()) != who:
            self.line.forget(who)
            self.line.add(first)
        self.probe, self.ahead = who, None

    def waiting(self, who: Key | None, now: float) -> Waiting:
        seconds = max(0.0, self.due - now)
        if self.probe is not None:
            seconds = max(seconds, _CALL_SECONDS)
        elif self.first() != who:
            seconds += _TURN_SECONDS
        return Waiting(self.scope, self.said, self.since, self.due_at, seconds, self.least)
