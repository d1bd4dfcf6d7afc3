"""The table of what was seen in real pods is what the suites have recorded."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support import seen


def test_the_page_shows_what_was_recorded() -> None:
    text = seen.PAGE.read_text()

    assert seen.page(text) == text, "RECORD=1 make test-nodes writes the page"
    assert seen.table() in text


def test_an_action_whose_check_fails_is_not_recorded() -> None:
    record = seen.Seen("nodes")

    with record("works"):
        pass
    with pytest.raises(AssertionError), record("fails"):
        raise AssertionError

    assert list(record.seconds) == ["works"]


def test_a_suite_writes_its_own_record_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "path", lambda suite: tmp_path / f"{suite}.json")
    monkeypatch.setattr(seen, "PAGE", tmp_path / "page.md")
    seen.PAGE.write_text("before\n<!-- seen in real pods: x -->\nold\n<!-- end -->\nafter\n")

    seen.Seen("nodes", {"an action": 1.25}).write()
    seen.Seen("gitops", {"another": 2.0}).write()

    assert seen.PAGE.read_text() == (
        "before\n<!-- seen in real pods: x -->\n| action | seconds | seen by |\n|---|--:|---|\n"
        "| an action | 1.2 | `make test-nodes` |\n| another | 2.0 | `make test-gitops` |\n<!-- end -->\nafter\n"
    )
