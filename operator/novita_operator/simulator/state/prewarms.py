"""Images that are pulled to the nodes of a cluster before anybody rents them (novita-api 2A.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from novita_operator.simulator import refusal


@dataclass(slots=True)
class Prewarm:
    """One task. Times in virtual Unix seconds; `fails` is what it ends with instead of success."""

    id: str
    image_url: str
    repository_auth: str
    cluster_id: str
    product_ids: tuple[str, ...]
    note: str
    created_at: float
    starts_at: float
    ends_at: float
    fails: str = ""

    def state(self, now: float) -> str:
        """Pending, Running, Succeeded or Failed."""
        if now < self.starts_at:
            return "Pending"
        if now < self.ends_at:
            return "Running"
        return "Failed" if self.fails else "Succeeded"


class Prewarms:
    """In order of their making."""

    def __init__(self) -> None:
        self._by_id: dict[str, Prewarm] = {}

    def __iter__(self) -> Iterator[Prewarm]:
        return iter(self._by_id.values())

    def add(self, task: Prewarm) -> None:
        self._by_id[task.id] = task

    def get(self, task_id: str) -> Prewarm:
        """Raises Gone."""
        found = self._by_id.get(task_id)
        if found is None:
            raise refusal.Gone("prewarm task not found")
        return found

    def remove(self, task_id: str) -> None:
        """Raises Gone."""
        self.get(task_id)
        del self._by_id[task_id]

    def unfinished(self, now: float) -> int:
        """How many wait or run."""
        return sum(now < task.ends_at for task in self)
