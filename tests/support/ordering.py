"""In which order the tests begin when several workers run them, and which of them stay on one worker."""

from __future__ import annotations

from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

_TESTS = Path(__file__).resolve().parents[1]
# The folders with the longest tests come first, so that at the end nobody waits for the last of them. Whatever is not
# named here takes no time to speak of.
_LONG = ("docs", "faults", "packaging", "local", "attacks", "cluster", "plugin", "webhooks", "monitoring")
# What a fixture of these files makes costs more than their tests, or what one test of them computes for all.
_WHOLE_FILES = frozenset(
    {
        "tests/cluster/test_immutable_fields.py",
        "tests/local/test_control_plane.py",
        "tests/packaging/test_applied.py",
        "tests/packaging/test_image.py",
        "tests/packaging/test_policies.py",
    }
)
_DECIDING = "tests/unit/controllers/gpu_instance/deciding"
# These judge decisions on the same thousands of odd observations, which a worker makes once.
_SAME_OBSERVATIONS = frozenset({f"{_DECIDING}/test_plan_order.py", f"{_DECIDING}/test_plan_safety.py"})

# A module there is a release in a cluster, which each worker has one of.
_WHOLE_FOLDER = "tests/nodes/"


class Schedule(LoadScopeScheduling):
    """A worker that is done gets the next test of the list, or the next whole file."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file in _SAME_OBSERVATIONS:
            return _DECIDING
        return file if file in _WHOLE_FILES or file.startswith(_WHOLE_FOLDER) else nodeid


def long_ones_first(items: list[pytest.Item]) -> None:
    """Sort in place; tests of one folder keep their order."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    folder = item.path.relative_to(_TESTS).parts[0]
    return _LONG.index(folder) if folder in _LONG else len(_LONG)
