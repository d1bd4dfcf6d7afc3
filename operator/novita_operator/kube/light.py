"""What is held of an object between two passes: what somebody reads without one.

A tenant may write 1.5 MB into an object. A thousand of those are more than the memory of the pod. Pure.
"""

from __future__ import annotations

from typing import Any

from novita_operator.api import meta

Body = dict[str, Any]
# Who wrote which field: as large as all the rest of a body, and read by nobody here.
_UNREAD = frozenset({"managedFields"})
# Of labels and annotations, ours alone are read.
_OURS_ONLY = frozenset({"annotations", "labels"})
_OURS = f"{meta.GROUP}/"
# Characters of one field of a spec. That is an env list of usual size: few objects cost a further call for each pass.
_MOST = 16 * 1024
# Where sets and jobs have the specs of their instances: these are looked into.
_NESTED = frozenset({"spec", "template"})
# Read for webhooks, after the object is gone as well; the schema bounds them.
_KEPT = frozenset({"notifications"})


def light(body: Body) -> tuple[Body, bool]:
    """What is held of the body, and whether that is all that a pass needs.

    A large field of the spec is left out. Objects without a namespace, which administrators write, keep theirs.
    """
    held = body | {"metadata": _metadata(body["metadata"])}
    spec = body.get("spec")
    if not isinstance(spec, dict) or "namespace" not in body["metadata"]:
        return held, True
    small = _small(spec)
    return held | {"spec": small}, small == spec


def _metadata(metadata: Body) -> Body:
    return {
        name: _ours(value) if name in _OURS_ONLY and isinstance(value, dict) else value
        for name, value in metadata.items()
        if name not in _UNREAD
    }


def _ours(entries: Body) -> Body:
    return {name: value for name, value in entries.items() if name.startswith(_OURS)}


def _small(fields: Body) -> Body:
    found = {}
    for name, value in fields.items():
        if name in _NESTED and isinstance(value, dict):
            found[name] = _small(value)
        elif name in _KEPT or _size(value, _MOST) <= _MOST:
            found[name] = value
    return found


def _size(value: object, most: int) -> int:
    """Characters, roughly; it stops to count beyond `most`."""
    match value:
        case str():
            return len(value)
        case dict():
            parts = [part for entry in value.items() for part in entry]
        case list():
            parts = value
        case _:
            return 1
    size = len(parts)
    for part in parts:
        if size > most:
            break
        size += _size(part, most - size)
    return size
