"""What is in a folder, and what of it has changed since."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Tree:
    """`files`: by path below the folder, what changes with their content; `folders`: paths, parents first."""

    folders: Sequence[str] = ()
    files: Mapping[str, tuple[int, int, int]] | None = None

    def changed_since(self, before: Tree) -> dict[str, list[str]]:
        """The files that are new or other ones, by the folder that they are in, which is `` for the upmost."""
        old = before.files or {}
        found: dict[str, list[str]] = {}
        for path, state in (self.files or {}).items():
            if old.get(path) != state:
                found.setdefault(posixpath.dirname(path), []).append(path)
        return found


def read(folder: Path) -> Tree:
    """The folder as it is now. Links to folders are left out, which may lead in a circle. Raises OSError for itself."""
    found = list(_walked(folder))
    return Tree([path for path, state in found if state is None], {path: state for path, state in found if state})


def _walked(folder: Path, below: str = "") -> Iterator[tuple[str, tuple[int, int, int] | None]]:
    with os.scandir(folder / below) as entries:
        there = sorted(entries, key=lambda each: each.name)
    for entry in there:
        path = posixpath.join(below, entry.name)
        try:
            if entry.is_dir(follow_symlinks=False):
                yield path, None
                yield from _walked(folder, path)
            elif entry.is_file():
                state = entry.stat()
                yield path, (state.st_mtime_ns, state.st_size, state.st_mode)
        except OSError:  # gone meanwhile, or not to be read
            continue
