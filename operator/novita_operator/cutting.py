"""Texts that others choose, cut to what a place takes. Pure."""

from __future__ import annotations


def cut(text: str, most: int) -> str:
    """At most so many characters, with a sign that some are missing."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
