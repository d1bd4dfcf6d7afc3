"""What was seen in real pods: each action of a user and how long it took, written where the documentation reads it.

Each suite with a real node has its own record, so that none overwrites what another one saw:
`RECORD=1 make test-nodes` writes `tests/nodes/seen.json` and the table in docs/explanation/limits.md.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.processes import REPOSITORY

# The suite of `make test-<suite>`, and where its record is.
SUITES = {
    "nodes": "tests/nodes/seen.json",
    "gitops": "tests/gitops/seen.json",
    "argocd": "tests/gitops/seen_argocd.json",
}
PAGE = REPOSITORY / "docs" / "explanation" / "limits.md"
_BLOCK = re.compile(r"(<!-- seen in real pods: .*?-->\n).*?(<!-- end -->)", re.DOTALL)


@dataclass
class Seen:
    """The record of one suite: action to seconds, in the order of the tests."""

    suite: str
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, action: str) -> Iterator[None]:
        """Note the action, once all that belongs to it was seen; nothing where a check fails."""
        began = time.monotonic()
        yield
        self.seconds[action] = round(time.monotonic() - began, 1)

    def write(self) -> None:
        """Put the record into the repository, and the table into the documentation."""
        path(self.suite).write_text(json.dumps(self.seconds, indent=1, ensure_ascii=False) + "\n")
        PAGE.write_text(page(PAGE.read_text()))


def path(suite: str) -> Path:
    """Where the record of a suite is."""
    return REPOSITORY / SUITES[suite]


def page(text: str) -> str:
    """The page with the table of all records."""
    return _BLOCK.sub(lambda found: f"{found[1]}{table()}{found[2]}", text)


def table() -> str:
    """One row for each action."""
    rows = [
        f"| {action} | {seconds:.1f} | `make test-{suite}` |"
        for suite in SUITES
        if path(suite).exists()
        for action, seconds in json.loads(path(suite).read_text()).items()
    ]
    return "\n".join(["| action | seconds | seen by |", "|---|--:|---|", *rows]) + "\n"
