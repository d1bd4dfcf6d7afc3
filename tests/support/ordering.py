"""In which order the tests begin when several workers run them, and which of them must stay on one worker."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

_TESTS = Path(__file__).resolve().parents[1]
# The folders with the longest tests come first, so that at the end nobody waits for the last of them. Whatever is not
# named here takes no time to speak of.
_LONG = ("docs", "packaging", "faults", "local", "cluster", "plugin", "webhooks", "monitoring")
# What these fixtures make cannot be had twice at a time, or costs more than its tests: who uses it runs on one worker.
_ON_ONE_WORKER = ("bare_plane",)


def long_ones_first(items: list[pytest.Item]) -> None:
    """Sort in place; tests of one folder keep their order."""
    items.sort(key=_rank)


def keep_together(items: Sequence[pytest.Item]) -> None:
    """Mark what must stay on one worker."""
    for item in items:
        for fixture in _ON_ONE_WORKER:
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.xdist_group(fixture))


def _rank(item: pytest.Item) -> int:
    folder = item.path.relative_to(_TESTS).parts[0]
    return _LONG.index(folder) if folder in _LONG else len(_LONG)
