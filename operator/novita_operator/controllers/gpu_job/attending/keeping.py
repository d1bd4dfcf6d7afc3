"""The end of a program's output, kept in a ConfigMap of the job: without secrets, and as large as one may be."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from novita_operator.api import meta
from novita_operator.kube import bodies
from novita_operator.reconciling import owned
from novita_operator.secrecy import Secrets

MOST_BYTES = 1024 * 1024
"""Kubernetes takes no more in all entries of a ConfigMap together."""
MARGIN_BYTES = 16 * 1024
"""Read beyond it, so that a secret at the cut is seen as a whole."""
_ENTRY = "output"
_LAST_LINES = 10
_LINES_CHARS = 1000  # the bound of the schema
_CONTINUES = 0b1000_0000, 0b1100_0000  # a byte that goes on with a character of UTF-8, and the bits that say so


def config_map_name(job: str, attempt: int) -> str:
    """Of the output of one attempt."""
    suffix = f"-{attempt}-output"
    return job[: meta.NAME_CHARS - len(suffix)].rstrip("-.") + suffix


def redacted(output: bytes, secrets: Iterable[str]) -> bytes:
    """The last part of it that may be kept. Takes a tenth of a second for a megabyte."""
    register = Secrets()
    for secret in secrets:
        register.add(secret)
        for line in secret.splitlines():
            register.add(line)
    text = register.redact(output.decode("utf-8", "surrogateescape"))
    left = text.encode("utf-8", "surrogateescape")[-MOST_BYTES:]
    return _from_a_character(left) if len(left) < len(output) else left


def config_map(owner: meta.Meta, attempt: int, output: bytes, size: int) -> dict[str, Any]:
    """The ConfigMap: it goes with the job. `size`: of the whole output, of which this is the last part."""
    try:
        content: Mapping[str, Any] = {"data": {_ENTRY: output.decode()}}
    except UnicodeDecodeError:
        content = {"binaryData": {_ENTRY: base64.b64encode(output).decode()}}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": config_map_name(owner.name, attempt),
            "namespace": owner.namespace,
            "labels": {meta.JOB_LABEL: owner.name, meta.ATTEMPT_LABEL: str(attempt)},
            "annotations": {meta.OWNER_UID: owner.uid, meta.OUTPUT_BYTES: str(size)},
            "ownerReferences": [owned.reference("GPUJob", owner) | {"blockOwnerDeletion": False}],
        },
        **content,
    }


@dataclass(frozen=True, slots=True)
class Record:
    """What such a ConfigMap holds: the end of an output, and how many bytes the whole one had."""

    output: bytes = field(repr=False)
    size: int


def record(body: dict[str, Any], owner: meta.Meta) -> Record | None:
    """What it holds; None where it is not of this job. Raises ValueError where nobody could have written it so."""
    annotations = body["metadata"].get("annotations") or {}
    if owner.uid not in {*bodies.owner_uids(body), annotations.get(meta.OWNER_UID)}:
        return None
    text, binary = ((body.get(part) or {}).get(_ENTRY) for part in ("data", "binaryData"))
    output = text.encode() if text is not None else base64.b64decode(binary or "")
    return Record(output, max(int(annotations.get(meta.OUTPUT_BYTES) or 0), len(output)))


def last_lines(output: bytes) -> str:
    """For a status: printable, and short."""
    lines = output[-8 * _LINES_CHARS :].decode("utf-8", "replace").splitlines()[-_LAST_LINES:]
    text = "\n".join("".join(char if char.isprintable() else " " for char in line).rstrip() for line in lines)
    return text.strip("\n")[-_LINES_CHARS:]


def _from_a_character(output: bytes) -> bytes:
    for at in range(min(4, len(output))):
        if output[at] & _CONTINUES[1] != _CONTINUES[0]:
            return output[at:]
    return output
