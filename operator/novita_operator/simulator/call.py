"""One API call as the endpoints see it, and what they answer with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from novita_operator.simulator import refusal
from novita_operator.simulator.settings import ListLag


@dataclass(frozen=True, slots=True)
class Reply:
    """`payload` None is an empty body, a str goes out as it is, everything else as JSON."""

    status: int = 200
    payload: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


@dataclass(slots=True)
class Call:
    """Method, route and arguments. The two switches at the end are set by faults."""

    method: str
    path: str
    route: str
    params: Mapping[str, str]
    body: Mapping[str, Any]
    list_lag: ListLag | None = None
    not_found: int | None = None

    @property
    def instance_id(self) -> str:
        value = self.params.get("instanceId") or self.body.get("instanceId")
        return value if isinstance(value, str) else ""

    @property
    def name(self) -> str:
        """Of the instance to be made, or the filter of a list."""
        value = self.body.get("name") or self.params.get("name")
        return value if isinstance(value, str) else ""

    @property
    def page(self) -> int:
        """The page asked for, counted from 1."""
        text = self.params.get("pageNum", "")
        return max(1, int(text)) if text.isascii() and text.isdigit() else 1

    def param(self, name: str) -> str:
        """A query parameter; "" where it is absent."""
        return self.params.get(name, "")

    def required(self, name: str) -> str:
        """A query parameter. Raises VALIDATOR_PARAM where it is absent."""
        if not self.param(name):
            raise refusal.invalid(name, "is required")
        return self.param(name)

    def number(self, name: str, default: int) -> int:
        """A query parameter that counts something. Raises VALIDATOR_PARAM."""
        text = self.param(name)
        if not text:
            return default
        if not (text.isascii() and text.isdigit()) or len(text) > 12:  # noqa: PLR2004 - times in seconds have ten
            raise refusal.invalid(name, "must be a number of 0 or more")
        return int(text)

    def text(self, name: str, *, most: int = 255) -> str:
        """A required string of the body. Raises VALIDATOR_PARAM."""
        value = self.body.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= most:
            raise refusal.invalid(name, f"must be a text of 1 to {most} characters")
        return value
