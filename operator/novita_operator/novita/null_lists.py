"""`{"instances": null}`: how some servers write a list with nothing in it, and others that they could not read it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from novita_operator.clock import Clock
from novita_operator.novita.models import Instance

# As an empty list beside a total that was not (`removed`): what is done then about instances that nobody shows any
# more takes its own time (safety: absence).
_BELIEVED_AFTER_SECONDS = 60.0


@dataclass(slots=True)
class NullLists:
    """Whether null means none: at once where none were known, else when it stays so."""

    clock: Clock
    _known: dict[str, str] = field(default_factory=dict)
    _null_since: dict[str, float] = field(default_factory=dict)

    def listed(self, query: str, items: Iterable[Instance]) -> None:
        """A list of everything whose name contains `query`, which was none of null."""
        self._null_since.pop(query, None)
        self._forget(query)
        self._known |= {each.id: each.name.lower() for each in items}

    def means_none(self, query: str, going: Collection[str], listed: Collection[str] = ()) -> bool:
        """Whether a null is believed. `going`: ids whose deletion was accepted. `listed`: those on other pages."""
        told = {*going, *listed}
        left = [each for each, name in self._known.items() if query.lower() in name and each not in told]
        since = self._null_since.setdefault(query, self.clock.monotonic())
        if left and self.clock.monotonic() - since < _BELIEVED_AFTER_SECONDS:
            return False
        self._null_since.pop(query)
        self._forget(query)
        return True

    def _forget(self, query: str) -> None:
        self._known = {each: name for each, name in self._known.items() if query.lower() not in name}
