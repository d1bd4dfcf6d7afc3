"""Virtual time: wall time, run faster, slower, not at all, or moved on by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant on both scales: virtual Unix seconds, and real seconds since the simulator started."""

    virtual: float
    real: float


class VirtualClock:
    """Virtual Unix seconds = an anchor + real seconds since then x acceleration.

    An acceleration of 0 stops virtual time, so that only `jump` moves it: tests then decide when a delay is over.
    """

    def __init__(self, acceleration: float = 1.0, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._start = monotonic()
        self._acceleration = acceleration
        self._anchor = Moment(virtual=float(int(time.time())), real=0.0)

    @property
    def acceleration(self) -> float:
        return self._acceleration

    def real(self) -> float:
        """Real seconds since the start; not touched by the acceleration."""
        return self._monotonic() - self._start

    def now(self) -> float:
        """Virtual Unix seconds."""
        return self._anchor.virtual + (self.real() - self._anchor.real) * self._acceleration

    def accelerate(self, acceleration: float) -> None:
        """Changes the speed from this instant on."""
        self._anchor = self.moment()
        self._acceleration = acceleration

    def jump(self, seconds: float) -> None:
        """Moves virtual time on (never back) by `seconds` of virtual time at once."""
        self._anchor = Moment(virtual=self.now() + max(0.0, seconds), real=self.real())

    def moment(self, virtual: float | None = None) -> Moment:
        """This instant, or the one at which virtual time showed `virtual` (at the latest change of speed or jump)."""
        if virtual is None:
            real = self.real()
            return Moment(self._anchor.virtual + (real - self._anchor.real) * self._acceleration, real)
        if self._acceleration == 0:
            return Moment(virtual, self._anchor.real)
        since = max(0.0, virtual - self._anchor.virtual)
        return Moment(virtual, self._anchor.real + since / self._acceleration)
