"""Which files of the context reach the builder: the rules of Dockerfile.dockerignore. Pure."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable


def is_ignored(path: str, rules: Iterable[str]) -> bool:
    """The last rule that fits the path or a folder above it decides, as in Docker."""
    ignored = False
    for rule in rules:
        keeps, pattern = rule.startswith("!"), rule.lstrip("!").strip("/")
        if _fits(path, pattern):
            ignored = not keeps
    return ignored


def rules(text: str) -> list[str]:
    """Without comments."""
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _fits(path: str, pattern: str) -> bool:
    parts = path.split("/")
    above = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
    if pattern.startswith("**/"):
        return any(fnmatch.fnmatchcase(part, pattern[3:]) for part in parts)
    return any(each.count("/") == pattern.count("/") and fnmatch.fnmatchcase(each, pattern) for each in above)
