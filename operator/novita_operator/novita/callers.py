"""For whom a call is made: the rate limit shares its calls out between callers, and the calls know nothing of it.

Whoever works for an object says so once, around all that it does.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """`share`: whose share the calls count for, such as a namespace. `repeats`: the last try was refused."""

    share: Hashable = None
    repeats: bool = False


NOBODY = Caller()
_current: ContextVar[Caller] = ContextVar("caller", default=NOBODY)


@contextmanager
def on_behalf_of(caller: Caller) -> Iterator[None]:
    """All calls that are made inside are this caller's."""
    token = _current.set(caller)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> Caller:
    """Whose calls are made here; without a word, they are nobody's, and first tries."""
    return _current.get()
