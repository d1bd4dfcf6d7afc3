"""Values that must never be printed, found in a text by one search, however many there are."""

from __future__ import annotations

import json
import threading

REDACTED = "[redacted]"
"""What stands where a secret was."""
# Shorter ones are no credentials, and words would match: redacting `a` would destroy every message.
_SHORTEST = 8
# Tenants choose how many values there are: beyond these bounds the oldest goes, but never an account's key.
_MOST_VALUES = 10_000
_MOST_CHARS = 4 * 1024 * 1024


class Secrets:
    """One register per process: the last line of defence, not the first.

    The values are found by their first eight characters: a line costs its own length, and not the number of values.
    """

    def __init__(self, most_values: int = _MOST_VALUES, most_chars: int = _MOST_CHARS) -> None:
        self._most_values = most_values
        self._most_chars = most_chars
        self._passing: dict[str, None] = {}  # oldest first
        self._lasting: set[str] = set()
        self._chars = 0
        # First characters -> length -> forms. Other threads log.
        self._forms: dict[str, dict[int, set[str]]] = {}
        self._lock = threading.RLock()  # what runs in between, such as a signal handler, may log, too

    def add(self, value: str, *, lasting: bool = False) -> None:
        """Remember a secret that passes through; `lasting`: a key of our own, which stays until the process ends."""
        if len(value) < _SHORTEST:
            return
        with self._lock:
            if value in self._lasting:
                return
            if value in self._passing:
                del self._passing[value]
                self._chars -= len(value)
            else:
                self._index(value)
            if lasting:
                self._lasting.add(value)
            else:
                self._passing[value] = None
                self._chars += len(value)
            self._shrink()

    def redact(self, text: str) -> str:
        """The text with every value cut out, in whatever form it is written."""
        with self._lock:
            starts = range(len(text) - _SHORTEST + 1)
            if self._forms.keys().isdisjoint(text[at : at + _SHORTEST] for at in starts):
                return text
            found = [(at, end) for at in starts if (end := self._end_of_longest(text, at))]
        return _cut_out(text, found)

    def _end_of_longest(self, text: str, at: int) -> int:
        """Where the longest form ends that begins here; 0 if none does."""
        by_length = self._forms.get(text[at : at + _SHORTEST], {})
        fitting = [length for length in by_length if text[at : at + length] in by_length[length]]
        return at + max(fitting) if fitting else 0

    def _index(self, value: str) -> None:
        for form in _forms(value):
            by_length = self._forms.setdefault(form[:_SHORTEST], {})
            by_length.setdefault(len(form), set()).add(form)

    def _shrink(self) -> None:
        while len(self._passing) > self._most_values or self._chars > self._most_chars:
            oldest = next(iter(self._passing))
            del self._passing[oldest]
            self._chars -= len(oldest)
            self._forget(oldest)

    def _forget(self, value: str) -> None:
        # A form may be that of two values; the other one is found by its other forms, or added when it is used again.
        for form in _forms(value):
            by_length = self._forms.get(form[:_SHORTEST], {})
            same_length = by_length.get(len(form), set())
            same_length.discard(form)
            if not same_length:
                by_length.pop(len(form), None)
            if not by_length:
                self._forms.pop(form[:_SHORTEST], None)


def _cut_out(text: str, found: list[tuple[int, int]]) -> str:
    """Without these parts; those that overlap are one. In the order in which they begin."""
    kept: list[str] = []
    end = 0
    for at, until in found:
        if at >= end:
            kept += [text[end:at], REDACTED]
        end = max(end, until)
    return "".join([*kept, text[end:]])


def _forms(value: str) -> set[str]:
    """A text as it is, as exceptions print it, and both as JSON prints them."""
    plain = {value, repr(value)[1:-1]}
    return plain | {json.dumps(form)[1:-1] for form in plain}


SECRETS = Secrets()
