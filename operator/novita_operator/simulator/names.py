"""How Novita shows the name of an instance: as it was sent, or in one of the ways in which services change names."""

from __future__ import annotations

from typing import Literal

Rendering = Literal["as-sent", "cut", "suffixed", "upper"]
_CUT_CHARS = 24  # shorter than the names of operators, longer than those of people


def shown(name: str, how: Rendering) -> str:
    """The name in lists and details."""
    match how:
        case "as-sent":
            return name
        case "cut":
            return name[:_CUT_CHARS]
        case "suffixed":
            return f"{name}-1"
        case "upper":
            return name.upper()
