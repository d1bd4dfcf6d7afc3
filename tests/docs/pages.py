"""The documentation as the tests see it: pages, their code blocks, links and headings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from demo.environment import REPOSITORY

DOCS = REPOSITORY / "docs"
INDEX = DOCS / "README.md"
_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One block of code, and the heading above it."""

    page: Path
    heading: str
    language: str
    text: str
    line: int

    @property
    def where(self) -> str:
        return f"{name(self.page)}:{self.line}"


@dataclass(frozen=True)
class Link:
    """One relative link: the file that it leads to, and the anchor in it, if any."""

    page: Path
    target: Path
    anchor: str


def name(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


def pages() -> list[Path]:
    """Everything under docs/."""
    return sorted(DOCS.rglob("*.md"))


def blocks(page: Path, *languages: str) -> list[Block]:
    """The blocks in these languages, in order."""
    text = page.read_text()
    found = []
    for match in _FENCE.finditer(text):
        if match["language"] not in languages:
            continue
        before = text[: match.start()]
        headings = re.findall(r"^#+ (.+)$", _without_code(before), re.MULTILINE)
        body = re.sub(rf"^{match['indent']}", "", match["text"], flags=re.MULTILINE)
        found.append(Block(page, headings[-1] if headings else "", match["language"], body, before.count("\n") + 2))
    return found


def saved_files(page: Path) -> dict[str, str]:
    """What the reader is told to save: name -> the YAML block above the sentence."""
    found, text = {}, page.read_text()
    for match in re.finditer(r"[Ss]ave it as\s+`([\w.-]+)`", text):
        above = text[: match.start()].count("\n") + 1
        found[match[1]] = [block for block in blocks(page, "yaml") if block.line < above][-1].text
    return found


def links(page: Path) -> Iterator[Link]:
    """Every link that does not leave the repository."""
    prose = re.sub(r"`[^`\n]*`", "", _without_code(page.read_text()))
    for written in re.findall(r"\]\(([^()\s]+)\)", prose):
        if not re.match(r"[a-z]+:", written):
            path, _, anchor = written.partition("#")
            yield Link(page, (page.parent / path).resolve() if path else page, anchor)


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of the headings, and those that are written as such."""
    text = _without_code(page.read_text())
    slugs = [_slug(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)]
    seen: Counter[str] = Counter()
    found = set(re.findall(r'<a id="([^"]+)">', text))
    for slug in slugs:
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def _slug(heading: str) -> str:
    plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def _without_code(text: str) -> str:
    """Blocks blanked out, so that a comment of a shell is no heading."""
    return _FENCE.sub(lambda match: "\n" * match[0].count("\n"), text)
