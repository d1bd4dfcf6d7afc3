"""How an account at Novita is doing, as both kinds see it: a closed union of values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class NotPolled:
    """No list call has ended yet."""


@dataclass(frozen=True, slots=True)
class Healthy:
    """The last poll read everything."""


@dataclass(frozen=True, slots=True)
class KeyMissing:
    """There is no key: the Secret, or the entry in it, does not exist."""

    message: str


@dataclass(frozen=True, slots=True)
class KeyRejected:
    """Novita refuses the key (401, 403)."""

    message: str


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The last poll failed."""

    message: str
    since: datetime


Health = NotPolled | Healthy | KeyMissing | KeyRejected | Unreachable
