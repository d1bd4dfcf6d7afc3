"""The table of what is bounded names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_PAGE = _ROOT / "docs" / "explanation" / "limits.md"
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_each_bound_names_a_test_that_exists() -> None:
    table = _PAGE.read_text().split("## Bounds on what is read", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    named = [_TEST.search(row) for row in rows]

    assert rows
    assert [row for row, found in zip(rows, named, strict=True) if found is None] == []
    missing = [found[0] for found in named if found is not None and not _exists(found[1], found[2])]
    assert missing == []


def _exists(file: str, name: str) -> bool:
    path = _ROOT / file
    return path.exists() and re.search(rf"^(async )?def {name}\(", path.read_text(), re.MULTILINE) is not None
