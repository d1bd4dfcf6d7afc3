"""The code cites rules and facts by section: each of these sections is in docs/design."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.docs import pages

from demo.environment import REPOSITORY

_DESIGN = pages.DOCS / "design"
_SECTION = re.compile(r"novita-api(?:\.md)? (\d\w?(?:\.\d+)?)")


def _sources() -> Iterator[Path]:
    for folder in ("operator", "deploy/local", "charts/tools", "tests"):
        yield from (REPOSITORY / folder).rglob("*.py")


def _cited() -> dict[str, Path]:
    """Section -> one file that cites it."""
    return {section: path for path in _sources() for section in _SECTION.findall(path.read_text())}


def test_each_section_of_novitas_api_that_the_code_cites_exists() -> None:
    headings = re.findall(r"^#+ (\d\w?(?:\.\d+)?)\.? ", (_DESIGN / "novita-api.md").read_text(), re.MULTILINE)
    cited = _cited()

    assert len(cited) > 10  # the pattern finds them
    assert {section: path.name for section, path in cited.items() if section not in headings} == {}


def test_each_rule_of_safety_that_the_code_cites_by_name_exists() -> None:
    text = (_DESIGN / "safety.md").read_text()
    cited = {name for path in _sources() for name in re.findall(r"safety: ([A-Z][a-z ]+)", path.read_text())}

    assert cited
    assert {name for name in cited if not re.search(rf"^## {name.strip()}", text, re.MULTILINE)} == set()
