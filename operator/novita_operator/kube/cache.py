"""The newest body of every object, fed by the watch and by the answers to our own writes."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from novita_operator.kube.light import light

Body = dict[str, Any]
# An answer is late by milliseconds; in that time no more objects are deleted than this.
_REMEMBERED = 256
_SHORT = 40  # characters: names, types, reasons, times and ids; messages are longer, and hardly two are the same
_WORDS = 4096  # texts that are shared: all field names and reasons are a few hundred, and the rest is times and ids


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What the work queue holds: one object of one kind."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}" if self.namespace else f"{self.kind}/{self.name}"


def key_of(kind: str, body: Body) -> Key:
    """The key of an object of this kind (its plural name)."""
    return Key(kind, body["metadata"].get("namespace", ""), body["metadata"]["name"])


class Cache:
    """Bodies by key. A body older than the one held is ignored: watches replay, writes overtake them.

    Of each, only what is read between passes is held; of a large object, a pass reads the rest anew (`whole.read`).
    """

    def __init__(self) -> None:
        self._bodies: dict[Key, Body] = {}
        self._places: defaultdict[tuple[str, str], set[Key]] = defaultdict(set)
        self._in_part: set[Key] = set()
        self._written: dict[Key, set[int]] = {}
        self._gone: deque[str] = deque(maxlen=_REMEMBERED)

    def put(self, key: Key, body: Body) -> None:
        """Hold this body, unless it is older than the one held, or of an object that is known to be gone.

        The answer to the write that dropped an object's last finalizer may come after the watch has shown its end.
        """
        if body["metadata"]["uid"] in self._gone:
            return
        held = self._bodies.get(key)
        if held is None or not _older(body, held):
            held, is_whole = light(body)
            self._bodies[key] = _shared(held)
            self._places[key.kind, key.namespace].add(key)
            (self._in_part.discard if is_whole else self._in_part.add)(key)

    def wrote(self, key: Key, body: Body) -> None:
        """Put the answer to a write of our own; the watch will bring it once more."""
        if body["metadata"]["uid"] in self._gone:
            return
        self.put(key, body)
        self._written.setdefault(key, set()).add(_version(body))

    def echoes(self, key: Key, body: Body) -> bool:
        """Whether a body that the watch brings is what we have written ourselves. Each is asked about once."""
        version, written = _version(body), self._written.pop(key, set())
        if later := {other for other in written if other > version}:
            self._written[key] = later
        return version in written

    def remove(self, key: Key, uid: str) -> None:
        """Forget an object that was deleted, unless its name already belongs to a new one. A UID never comes back."""
        self._gone.append(uid)
        held = self._bodies.get(key)
        if held is not None and held["metadata"]["uid"] == uid:
            del self._bodies[key]
            self._leave_place(key)
            self._in_part.discard(key)
            self._written.pop(key, None)

    def find(self, key: Key) -> Body | None:
        return self._bodies.get(key)

    def holds_in_part(self, key: Key) -> bool:
        """Whether fields of its spec were too large to be held."""
        return key in self._in_part

    def of_kind(self, kind: str) -> Iterator[tuple[Key, Body]]:
        """A stable view of all objects of one kind."""
        return iter([(key, body) for key, body in self._bodies.items() if key.kind == kind])

    def in_namespace(self, kind: str, namespace: str) -> Iterator[tuple[Key, Body]]:
        """The same of one namespace: what is in the others costs nothing."""
        return iter([(key, self._bodies[key]) for key in self._places.get((kind, namespace), ())])

    def _leave_place(self, key: Key) -> None:
        place = self._places[key.kind, key.namespace]
        place.discard(key)
        if not place:
            del self._places[key.kind, key.namespace]


def _shared(fields: Body) -> Body:
    """The same; what all bodies say alike, such as field names, is in memory only once."""
    return {_once(name): _shared_value(value) for name, value in fields.items()}


def _shared_value(value: object) -> object:
    match value:
        case dict():
            return _shared(value)
        case list():
            return [_shared_value(each) for each in value]
        case str() if len(value) <= _SHORT:
            return _once(value)
        case _:
            return value


@lru_cache(maxsize=_WORDS)
def _once(text: str) -> str:
    """The first of equal texts. Not `sys.intern`: some Pythons never let go of what it has seen."""
    return text


def _older(body: Body, held: Body) -> bool:
    if body["metadata"]["uid"] != held["metadata"]["uid"]:
        # Another object under the same name: the one created later is the living one.
        return bool(body["metadata"]["creationTimestamp"] < held["metadata"]["creationTimestamp"])
    return _version(body) < _version(held)


def _version(body: Body) -> int:
    return int(body["metadata"]["resourceVersion"])
