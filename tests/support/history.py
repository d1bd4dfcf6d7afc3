"""What was ever stored of an object: a watch shows versions that a look now and then would miss."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from tests.support.kube import Body


@dataclass
class History:
    """The versions that were stored after those `before`, oldest first."""

    before: frozenset[str]
    versions: list[Body] = field(default_factory=list)

    async def follow(self, changes: AsyncIterator[Body]) -> None:
        """Remember everything that a watch shows, until cancelled."""
        async for change in changes:
            self.versions.append(change["object"])

    def has(self, body: Body) -> bool:
        """Whether this version is among them, or was there before."""
        version = body["metadata"]["resourceVersion"]
        return version in self.before or any(seen["metadata"]["resourceVersion"] == version for seen in self.versions)

    def of(self, name: str) -> list[Body]:
        return [body for body in self.versions if body["metadata"]["name"] == name]

    def with_status(self, name: str = "gpu") -> list[Body]:
        """The versions that have a status."""
        return [body for body in self.of(name) if body.get("status")]

    def phases(self, name: str = "gpu") -> list[str]:
        """The phases that it went through."""
        return [phase for phase, _ in groupby(body["status"]["phase"] for body in self.with_status(name))]

    def reasons(self, kind: str, name: str = "gpu") -> list[str]:
        """The reasons that one condition had."""
        return [
            reason for reason, _ in groupby(condition(body, kind).get("reason", "") for body in self.with_status(name))
        ]


def condition(body: Body, kind: str) -> dict[str, Any]:
    """One condition of an object; empty where it has none of this type."""
    found = (body.get("status") or {}).get("conditions") or []
    return next((each for each in found if each["type"] == kind), {})


def conditions(body: Body) -> dict[str, tuple[str, str]]:
    """Status and reason of every condition, by type."""
    found = (body.get("status") or {}).get("conditions") or []
    return {each["type"]: (each["status"], each["reason"]) for each in found}
