"""What a ServiceAccount asked the API server for, and what its Roles grant, as comparable sets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.support.audit import AuditLog
from tests.support.kube import Body


@dataclass(frozen=True, order=True)
class Right:
    """One verb on one resource; `resource` is `plural[/subresource].group`."""

    verb: str
    resource: str


@dataclass(frozen=True)
class Request:
    """One line of the audit log about a resource."""

    right: Right
    namespace: str
    status: int


def of_user(log: AuditLog, user: str) -> list[Request]:
    """Every request about a resource, reads and watches included, in order."""
    return [_request(event) for event in _events(log) if event["user"]["username"] == user and "objectRef" in event]


def granted(rules: Iterable[Body]) -> set[Right]:
    """Every verb on every resource of these rules."""
    return {
        Right(verb, _named(resource, group))
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def _events(log: AuditLog) -> Iterator[dict[str, Any]]:
    with log.path.open("rb") as lines:
        lines.seek(log.offset)
        for line in lines:
            if line.endswith(b"\n"):
                yield json.loads(line)


def _request(event: dict[str, Any]) -> Request:
    ref = event["objectRef"]
    subresource = f"/{ref['subresource']}" if ref.get("subresource") else ""
    resource = _named(ref["resource"] + subresource, ref.get("apiGroup", ""))
    code = int((event.get("responseStatus") or {}).get("code", 0))
    return Request(Right(event["verb"], resource), ref.get("namespace", ""), code)


def _named(resource: str, group: str) -> str:
    return f"{resource}.{group}" if group else resource
