"""Every link in docs/ and README leads somewhere, and the index leads to every page."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.docs import pages
from tests.docs.pages import Link

from demo.environment import REPOSITORY

_PAGES = [*pages.pages(), REPOSITORY / "README.md", REPOSITORY / "CHANGELOG.md"]


@pytest.mark.parametrize("page", _PAGES, ids=pages.name)
def test_each_link_and_each_anchor_leads_somewhere(page: Path) -> None:
    assert [_shown(link) for link in pages.links(page) if not _leads_somewhere(link)] == []


def _leads_somewhere(link: Link) -> bool:
    if not link.target.exists() or not link.anchor:
        return link.target.exists()
    return link.target.suffix != ".md" or link.anchor in pages.anchors(link.target)


def _shown(link: Link) -> str:
    return f"{pages.name(link.target)}#{link.anchor}"


def test_the_index_leads_to_every_page() -> None:
    linked = {link.target for link in pages.links(pages.INDEX)}
    hidden = [page for page in pages.pages() if page != pages.INDEX and not linked & {page, page.parent}]

    assert [pages.name(page) for page in hidden] == []


def test_readme_leads_to_the_index() -> None:
    assert pages.INDEX in {link.target for link in pages.links(REPOSITORY / "README.md")}


def test_anchors_are_made_as_github_makes_them(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        '# `kubectl novita`: A b\n## [Twice](x)\n## Twice\n```sh\n# no heading\n```\n<a id="by-hand"></a>\n'
    )

    assert pages.anchors(page) == {"kubectl-novita-a-b", "twice", "twice-1", "by-hand"}
