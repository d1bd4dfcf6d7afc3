"""The measure of the house: what is too long is found, and what is as long as it may be is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import limits


def written(root: Path, lines: int) -> Path:
    path = root / "operator" / "module.py"
    path.parent.mkdir(parents=True)
    path.write_text("def long():\n" + "    x = 1\n" * (lines - 1))
    return path


@pytest.mark.parametrize(("lines", "found"), [(40, 0), (41, 1), (300, 1), (301, 2)])
def test_only_what_is_longer_than_the_bound_is_found(tmp_path: Path, lines: int, found: int) -> None:
    written(tmp_path, lines)

    assert len(list(limits.excesses(tmp_path))) == found


def test_an_excess_is_told_with_its_place(tmp_path: Path) -> None:
    written(tmp_path, 41)

    assert list(limits.excesses(tmp_path)) == ["operator/module.py:1: long has 41 lines, at most 40"]
