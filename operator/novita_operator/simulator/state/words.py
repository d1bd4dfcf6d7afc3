"""The status words of novita-api 3.1, what follows each of them, and what each does to the bill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

GONE = "gone"  # no word of the API: the record itself disappears


@dataclass(frozen=True, slots=True)
class Word:
    """`billing` on entering it; then, after the delay named `after`, comes `then`."""

    billing: Literal["starts", "ends", "stays"]
    then: str | None = None
    after: str = ""


WORDS: Mapping[str, Word] = {
    "pending": Word("stays", "creating", "accept"),
    "toCreate": Word("stays", "creating", "accept"),
    "creating": Word("stays", "pulling", "create"),
    "pulling": Word("starts", "running", "pull"),
    "running": Word("starts"),
    "toStart": Word("stays", "starting", "accept"),
    "starting": Word("stays", "pulling", "start"),
    "toStop": Word("stays", "stopping", "accept"),
    "stopping": Word("stays", "exited", "stop"),
    "exited": Word("ends"),
    "toRestart": Word("stays", "restarting", "accept"),
    "restarting": Word("stays", "running", "restart"),
    "toReset": Word("starts", "resetting", "accept"),
    "resetting": Word("starts", "pulling", "reset"),
    "migrating": Word("stays", "pulling", "migrate"),
    "toRemove": Word("ends", "removing", "accept"),
    "removing": Word("ends", "removed", "remove"),
    "removed": Word("ends", GONE, "linger"),
    "freezing": Word("ends", "exited", "freeze"),
}
UNKNOWN = Word("stays")  # a forced word that nobody documents: it stands still and leaves the bill alone

LEAVING = frozenset({"toRemove", "removing", "removed", GONE})


def of(name: str) -> Word:
    return WORDS.get(name, UNKNOWN)
