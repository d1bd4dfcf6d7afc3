"""What account and namespaces have: at the last list, and by what was promised since."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from novita_operator.tenancy import judging
from novita_operator.tenancy.allowance import Allowance
from novita_operator.tenancy.judging import Refusal
from novita_operator.tenancy.load import Load


@dataclass(frozen=True, slots=True)
class Held:
    """One instance of a complete list. `namespace`: None where no object claims it: then only the account has it."""

    name: str
    namespace: str | None
    load: Load
    runs: bool


@dataclass(frozen=True, slots=True)
class View:
    """What the last complete list shows, and its number."""

    held: Sequence[Held] = ()
    poll: int = 0


@dataclass(frozen=True, slots=True)
class Pledge:
    """What a call that is about to be made will add. `poll`: the number of the last list call before it.

    `until`: where Novita refused the call, the monotonic time from which a list shows whether it did it all the same.
    """

    namespace: str
    load: Load
    poll: int
    until: float | None = None


Judge = Callable[[Load], Refusal | None]
"""Whether so much fits; why not."""


@dataclass(slots=True)
class Usage:
    """The use of one account. A call is admitted and promised in one step, so that two never share the last place."""

    _pledges: dict[str, Pledge] = field(default_factory=dict)

    def admit(self, name: str, allowance: Allowance, more: Load, view: View, poll: int) -> Refusal | None:
        """Promise this load to the instance of this name, unless it is too much. `poll`: the last list call begun."""
        refused = self.judge(name, allowance, more, view)
        if refused is None:
            self._pledges[name] = Pledge(allowance.namespace, more, poll)
        return refused

    def judge(self, name: str, allowance: Allowance, more: Load, view: View) -> Refusal | None:
        """Whether this load of the instance of this name fits beside all others."""
        return self.beside(name, allowance, view)(more)

    def beside(self, name: str, allowance: Allowance, view: View) -> Judge:
        """The same for several loads of one instance: what the others have is added up once."""
        others = [(namespace, load) for other, namespace, load in self._all(view.held) if other != name]
        whole = sum((load for _, load in others), Load())
        own = sum((load for namespace, load in others if namespace == allowance.namespace), Load())
        return lambda more: judging.of_load(allowance, more, of_account=whole, of_namespace=own)

    def settle(self, name: str) -> None:
        """Nothing comes of the call, or its instance is let go."""
        self._pledges.pop(name, None)

    def refused(self, name: str, until: float) -> None:
        """Novita says that it did not do it, which is no proof before this time."""
        if (pledge := self._pledges.get(name)) is not None:
            self._pledges[name] = replace(pledge, until=until)

    def listed(self, view: View, now: float) -> None:
        """A list shows what became of a promise; one that the list lacks may only be late."""
        runs = {held.name: held.runs for held in view.held}
        for name, pledge in list(self._pledges.items()):
            refused = pledge.until is not None and pledge.until <= now
            if refused or (name in runs and (runs[name] or view.poll > pledge.poll)):
                del self._pledges[name]

    def _all(self, listed: Iterable[Held]) -> Iterator[tuple[str, str | None, Load]]:
        names = set()
        for held in listed:
            names.add(held.name)
            pledge = self._pledges.get(held.name)
            yield held.name, held.namespace, held.load if pledge is None else pledge.load
        for name, pledge in self._pledges.items():
            if name not in names:
                yield name, pledge.namespace, pledge.load
