"""The judge that runs beside every case: each second it holds what objects say against what the ledger says.

The judge at the end sees what is left. This one sees what was wrong meanwhile: an instance that bills while no object
with a finalizer holds it, and an object that says Ready while its instance is gone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import httpx
from tests.faults.lives import Life
from tests.support.history import condition
from tests.support.kube import Body, Refused

FINALIZER = "gpu.novita.ai/instance"
GRACE_SECONDS = 5.0  # what people may see while an operator works: `kubectl replace` drops finalizers, too
_PERIOD_SECONDS = 1.0
_SHORTEST_PAUSE_SECONDS = 0.2  # a machine that is late for a look has others to serve
# A machine that starves this process starves the operator, too: a look that comes late counts as one.
_LONGEST_STEP_SECONDS = 1.5
_ANSWER_SECONDS = 5.0  # who does not answer within this is away, as far as one look is concerned

Kind = str
"""`unguarded` and `untrue`; a judge of more than instances has more of them."""


class Lie(NamedTuple):
    """Something that is wrong now; it counts once it has been wrong for longer than the grace."""

    kind: Kind
    about: str
    text: str


@dataclass(frozen=True)
class Objects:
    """Those of the operator that is judged, and those of others that hold instances of the same account."""

    own: Sequence[Body]
    others: Sequence[Body] = ()


def lies(book: Sequence[Life], objects: Objects, excused: frozenset[str] = frozenset()) -> Iterator[Lie]:
    """What is wrong in one look. `excused`: ids that a case itself has left without an object."""
    bodies = (*objects.own, *objects.others)
    for life in book:
        if life.deleted is None and life.delete_requested is None and life.id not in excused:
            holders = [body for body in bodies if _holds(body, life)]
            if _is_ordered(life, holders) and not any(_has_finalizer(body) for body in holders):
                names = ", ".join(body["metadata"]["name"] for body in holders)
                why = f"{names} has no finalizer" if names else "no object holds it"
                yield Lie("unguarded", life.id, f"{life.id} {life.name}: {why}")
    for body in objects.own:
        if condition(body, "Ready").get("reason") == "Ready" and not _is_true(body, book):
            yield Lie("untrue", body["metadata"]["uid"], f"{body['metadata']['name']} is Ready with {_id(body)}")


def _is_ordered(life: Life, holders: Sequence[Body]) -> bool:
    """Rented by an operator, or planted and adopted since."""
    return (life.uid is not None and not life.planted) or any("adopt" in body["spec"] for body in holders)


def _holds(body: Body, life: Life) -> bool:
    return body["metadata"]["uid"] == life.uid or _id(body).lower() == life.id.lower()


def _has_finalizer(body: Body) -> bool:
    return FINALIZER in (body["metadata"].get("finalizers") or ())


def _is_true(body: Body, book: Sequence[Life]) -> bool:
    """Its instance is alive under its name; an adopted one keeps the name that it has."""
    return any(
        life.id.lower() == _id(body).lower()
        and life.deleted is None
        and (life.uid == body["metadata"]["uid"] or "adopt" in body["spec"])
        for life in book
    )


def _id(body: Body) -> str:
    return str((body.get("status") or {}).get("instanceId") or "")


@dataclass
class Sentinel:
    """`working`: whether an operator works now: where none does, nobody could have put anything right.

    `found`: what was wrong for longer than the grace, each thing once. `lies`: what counts as wrong in one look.
    """

    book: Callable[[], Awaitable[Sequence[Life]]]
    objects: Callable[[], Awaitable[Objects]]
    working: Callable[[], Awaitable[bool]]
    excused: set[str] = field(default_factory=set)
    found: dict[tuple[Kind, str], str] = field(default_factory=dict)
    lies: Callable[[Sequence[Life], Any, frozenset[str]], Iterator[Lie]] = lies
    looks: int = 0
    following: asyncio.Task[None] | None = None
    _wrong_for: dict[tuple[Kind, str], float] = field(default_factory=dict)
    _looked_at: float | None = None

    def start(self) -> None:
        """Look every second from now on."""
        self.following = asyncio.create_task(self._follow())

    def stop(self) -> None:
        if self.following is not None:
            self.following.cancel()

    def must_be_awake(self) -> None:
        """Raises AssertionError where it has ended: what nobody has looked at proves nothing."""
        ended = self.following is None or self.following.done()
        assert not ended, f"the sentinel ended: {self.following}"

    async def _follow(self) -> None:
        """Until cancelled."""
        while True:
            began = time.monotonic()
            await self.look()
            await asyncio.sleep(max(_SHORTEST_PAUSE_SECONDS, began + _PERIOD_SECONDS - time.monotonic()))

    async def look(self) -> None:
        """One look. What cannot be seen is not judged, and the grace begins again."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                working, objects, book = await self.working(), await self.objects(), await self.book()
        except (httpx.HTTPError, Refused, TimeoutError, OSError):
            working, objects, book = False, Objects(()), ()
        if not working:
            self._wrong_for.clear()
            self._looked_at = None
            return
        self.looks += 1
        self.note({(lie.kind, lie.about): lie.text for lie in self.lies(book, objects, frozenset(self.excused))})

    def note(self, wrong: Mapping[tuple[Kind, str], str], now: float | None = None) -> None:
        """What a look has found wrong; counts what has been wrong in every look for longer than the grace."""
        now = time.monotonic() if now is None else now
        step = 0.0 if self._looked_at is None else min(now - self._looked_at, _LONGEST_STEP_SECONDS)
        self._looked_at = now
        self._wrong_for = {key: self._wrong_for[key] + step if key in self._wrong_for else 0.0 for key in wrong}
        for key, seconds in self._wrong_for.items():
            if seconds > GRACE_SECONDS:
                self.found[key] = f"{key[0]} for more than {GRACE_SECONDS:g} s: {wrong[key]}"

    def count(self, kind: Kind) -> int:
        return sum(key[0] == kind for key in self.found)
