"""What Novita refuses for the whole account: one waiting object at a time tries for all of them.

Fifty objects that the balance does not suffice for would else make fifty calls in each round. A pause is of what was
refused and no wider: of renting or of starting, and of what costs (or takes GPUs) at least as much. Only calls that
would cost pause: never a stop, a delete, a look or a poll. What is remembered here is no proof of anything; after a
restart the first call is made alone, and finds out again.

Novita's words may blame the account for what one request alone is refused. Therefore the turns go round, a big request
never keeps a smaller one from its own try, and whoever was refused what another then got is not believed for a while;
where that one is of another namespace, the whole namespace pauses nobody but itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from novita_operator.clock import Clock, SystemClock
from novita_operator.kube.cache import Key
from novita_operator.novita import errors
from novita_operator.runtime.accounts.pause import Cause, Need, Pause, Scope, Waiting
from novita_operator.turns import Turns

# Nobody has waited for so long after the next try was due: there is nothing left to tell. Longer than the list lag,
# during which a refused object looks for what may have come of its call, and does not wait here.
_FORGOTTEN_SECONDS = 120.0
# Who was refused what another then got blames the account wrongly, or was early: it speaks for itself alone so long.
_DOUBTED_SECONDS = 600.0
_RECALLED = "it did so before the operator started"
_MOST_DOUBLINGS = 30  # beyond every pause that a setting takes


def _line() -> Turns[Key]:
    return Turns(lambda key: key.namespace)


def _nobody(_: Key) -> None:
    """Whom it concerns comes again by itself."""


@dataclass
class Pauses:
    """Those of one account. `base` and `longest`: seconds until the next try after the first refusal, and at most."""

    base: float = 5.0
    longest: float = 600.0
    clock: Clock = field(default_factory=SystemClock)
    wake: Callable[[Key], None] = _nobody
    changed: Callable[[], None] = lambda: None
    """Called when a pause begins or ends."""
    _pauses: dict[Scope, Pause] = field(default_factory=dict)
    _waits: dict[Key, Scope] = field(default_factory=dict)
    _doubted: dict[Key | str, float] = field(default_factory=dict)
    _requests: dict[Key, str | None] = field(default_factory=dict)
    _request: str | None = None
    _request_known: bool = False

    def admit(self, who: Key, need: Need, request: str | None) -> Waiting | None:
        """Whether the call may be made now; None: yes, and what comes of it must be told, or `settle` be called.

        `request`: what the object's annotation says by which a person asks for a try; a new value tries at once.
        """
        now, anew = self.clock.monotonic(), self._asks_anew(who, request)
        holding = [each for each in self._pauses.values() if each.holds(who, need)]
        for each in holding:
            each.join(who, each.scope.size(need), first=anew)
            each.due = min(each.due, now) if anew else each.due
        held = next((each for each in holding if not each.may_probe(who, now)), None)
        if held is not None:
            self._waits[who] = held.scope
            return held.waiting(who, now)
        self._waits.pop(who, None)
        for each in holding:
            each.begin(who)
        return None

    def refused(self, who: Key, need: Need, error: errors.NovitaError, settles: float = 0.0) -> Waiting | None:
        """Novita has refused the call; None where that says nothing of others.

        `settles`: seconds until this object may try again, whatever the pause says.
        """
        scope = self._believed(who, Scope.of(need, error))
        if scope is None:
            return None
        self._end_recalled(who)
        size, at, known = scope.size(need), self.clock.now(), self._pauses.get(scope)
        pause = known or Pause(scope, at, size, _line(), at)
        pause.least = min(pause.least, size)
        if known is None or pause.probe == who:
            self._learn(pause, error, size, 0.0 if pause.line else settles)
        self._pauses[scope] = pause
        self._waits[who] = scope
        pause.join(who, size)
        pause.tried[who] = size
        if known is None:
            self.changed()
        return pause.waiting(who, self.clock.monotonic())

    def _believed(self, who: Key, scope: Scope | None) -> Scope | None:
        """As far as this one is believed: fully if it tried for all, and else what it was not wrong about lately."""
        known = self._pauses.get(scope) if scope is not None else None
        if scope is None or (known is not None and known.probe == who):
            return scope
        if self._doubts(who):
            return None
        return replace(scope, namespace=who.namespace) if self._doubts(who.namespace) else scope

    def recall(self, cause: Cause, since: datetime) -> None:
        """It was refused when an earlier process ended: of all that wait, one finds out whether it still is."""
        scope, at = Scope(None, cause), self.clock.now()
        pause = Pause(scope, since, Decimal(0), _line(), at, _RECALLED, recalled=True, due=self.clock.monotonic())
        self._pauses.setdefault(scope, pause)

    def _end_recalled(self, who: Key) -> None:
        """Now it is known what is refused, and how far that reaches."""
        for scope in [scope for scope, each in self._pauses.items() if each.recalled and each.probe == who]:
            self._release(self._pauses.pop(scope))

    def _learn(self, pause: Pause, error: errors.NovitaError, size: Decimal, at_least: float) -> None:
        """The next try comes later, or at once where one waits for less: this refusal says nothing of that."""
        pause.ahead = pause.smaller(size)
        if pause.ahead is None:
            self._back_off(pause, error, at_least)
        else:
            pause.probe = None
            self._call_next(pause)

    def _back_off(self, pause: Pause, error: errors.NovitaError, at_least: float) -> None:
        pause.said = error.message or error.reason or type(error).__name__
        seconds = min(self.longest, self.base * 2.0 ** min(pause.refusals, _MOST_DOUBLINGS))
        seconds = max(seconds, at_least)
        seconds = 0.0 if pause.news else seconds
        pause.refusals += 1
        pause.probe, pause.news, pause.due = None, False, self.clock.monotonic() + seconds
        pause.due_at = self.clock.now() + timedelta(seconds=seconds)
        self._call_next(pause)

    def succeeded(self, who: Key) -> None:
        """Its call was carried out: what it tried for all of them goes on. Calls from before the pause say nothing."""
        lifted = [scope for scope, each in self._pauses.items() if each.probe == who]
        self._doubted.pop(who, None)
        for scope in lifted:
            pause = self._pauses.pop(scope)
            self._doubt(pause.disproved(who), who)
            self._release(pause)
        if lifted:
            self.changed()

    def _doubt(self, disproved: list[Key], by: Key) -> None:
        until = self.clock.monotonic() + _DOUBTED_SECONDS
        others = {each.namespace for each in disproved} - {by.namespace}
        self._doubted |= dict.fromkeys([*disproved, *others], until)

    def _release(self, pause: Pause) -> None:
        """Whoever waits for it goes on."""
        while pause.line:
            self._go_on(pause.line.next())
        for each in [key for key, waited in self._waits.items() if waited == pause.scope]:
            self._go_on(each)  # it had stepped aside

    def _go_on(self, who: Key) -> None:
        self._waits.pop(who, None)
        self.wake(who)

    def settle(self, who: Key) -> None:
        """Its pass is over. If it has tried for others and knows no answer, the next one tries."""
        for each in self._pauses.values():
            if each.probe == who:
                each.probe = None
                each.leave(who)
                self._call_next(each)

    def step_aside(self, who: Key) -> Waiting | None:
        """It makes no such call now. What it waited for, if that is still refused."""
        for each in self._pauses.values():
            first = each.first()
            each.leave(who)
            if first == who:
                self._call_next(each)
        pause = self._pauses.get(scope) if (scope := self._waits.get(who)) is not None else None
        return None if pause is None else pause.waiting(who, self.clock.monotonic())

    def forget(self, who: Key) -> None:
        """The object is gone."""
        self.step_aside(who)
        for each in self._pauses.values():
            each.tried.pop(who, None)
        self._doubted.pop(who, None)
        self._requests.pop(who, None)
        self._waits.pop(who, None)

    def hasten(self, cause: Cause | None = None) -> None:
        """What was refused may work now: the next one tries at once. None: whatever was refused."""
        for each in self._pauses.values():
            if cause in (None, each.scope.cause):
                each.due, each.due_at, each.refusals = self.clock.monotonic(), self.clock.now(), 0
                each.tried.clear()  # who gets it now disproves nobody: something has changed
                each.news = each.probe is not None
                self._call_next(each)

    def requested(self, value: str | None) -> None:
        """What the account's annotation says by which a person asks for a try."""
        if self._request_known and value is not None and value != self._request:
            self.hasten()
        self._request, self._request_known = value, True

    @property
    def wait_for_money(self) -> bool:
        """Whether a higher balance would be news."""
        return any(scope.cause == "balance" for scope in self._pauses)

    def standing(self) -> Iterator[Waiting]:
        """What pauses now, the oldest first. What nobody waits for any more is dropped."""
        now = self.clock.monotonic()
        for scope, each in list(self._pauses.items()):
            if not each.line and each.probe is None and now > each.due + _FORGOTTEN_SECONDS:
                del self._pauses[scope]
            else:
                yield each.waiting(None, now)

    def _doubts(self, who: Key | str) -> bool:
        if self.clock.monotonic() < self._doubted.get(who, float("-inf")):
            return True
        self._doubted.pop(who, None)
        return False

    def _asks_anew(self, who: Key, request: str | None) -> bool:
        known = who in self._requests
        before, self._requests[who] = self._requests.get(who), request
        return known and request is not None and request != before

    def _call_next(self, pause: Pause) -> None:
        first = pause.first()
        if first is not None and pause.probe is None and self.clock.monotonic() >= pause.due:
            self.wake(first)
