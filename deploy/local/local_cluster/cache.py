"""The user's cache: what is downloaded or built once, and serves every checkout."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def folder(environment: Mapping[str, str], *parts: str) -> Path:
    """Where this stays between runs and checkouts; it need not exist."""
    base = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base, "novita-operator", *parts)
