"""The API server's audit log: who wrote what, and how often."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})


@dataclass(frozen=True)
class Write:
    """One request that changes something. `subresource` is empty for the object itself."""

    user: str
    verb: str
    resource: str
    subresource: str
    namespace: str
    name: str
    status: int


@dataclass(frozen=True)
class AuditLog:
    """Reads the file from `offset` on."""

    path: Path
    offset: int = 0

    def from_now(self) -> AuditLog:
        """A view of what is written from now on."""
        return AuditLog(self.path, self.path.stat().st_size)

    def writes(self, *, user: str | None = None, namespace: str | None = None) -> Iterator[Write]:
        """Every write by this user in this namespace, in order, refused ones included; dry runs are none."""
        with self.path.open("rb") as lines:
            assert lines.seek(0, os.SEEK_END) >= self.offset, (
                "the audit log was rotated: what is counted would be wrong"
            )
            lines.seek(self.offset)
            for line in lines:
                if not line.endswith(b"\n"):
                    return  # the server is at it
                event = json.loads(line)
                if event["verb"] not in _WRITES or "dryRun=" in event["requestURI"]:
                    continue
                write = _write(event)
                if user in (None, write.user) and namespace in (None, write.namespace):
                    yield write

    def count(self, *, user: str | None = None, namespace: str | None = None) -> Counter[str]:
        """Writes by `verb resource[/subresource]`, such as `patch gpuinstances/status`."""
        return Counter(_what(write) for write in self.writes(user=user, namespace=namespace))


def _write(event: dict[str, object]) -> Write:
    ref = event.get("objectRef")
    where: dict[str, str] = ref if isinstance(ref, dict) else {}
    user, answer = event["user"], event.get("responseStatus")
    assert isinstance(user, dict)
    return Write(
        user=str(user["username"]),
        verb=str(event["verb"]),
        resource=where.get("resource", ""),
        subresource=where.get("subresource", ""),
        namespace=where.get("namespace", ""),
        name=where.get("name", ""),
        status=int(answer.get("code", 0)) if isinstance(answer, dict) else 0,
    )


def _what(write: Write) -> str:
    return f"{write.verb} {write.resource}" + (f"/{write.subresource}" if write.subresource else "")
