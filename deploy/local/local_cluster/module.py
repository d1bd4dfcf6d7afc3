"""What the Go module file beside this package pins."""

from __future__ import annotations

import re
from pathlib import Path

from local_cluster.errors import CannotProvide

DIRECTORY = Path(__file__).resolve().parent.parent / "controlplane"
_FILE = DIRECTORY / "go.mod"


def kubernetes_version(go_mod: str | None = None) -> str:
    """`v1.37.2`. Raises CannotProvide where the file names none."""
    return _first(r"^\s*k8s\.io/kubernetes\s+(v\S+)", go_mod, "version of k8s.io/kubernetes")[1]


def go_version(go_mod: str | None = None) -> tuple[int, int]:
    """The oldest Go that accepts the module, such as (1, 26). Raises CannotProvide where the file names none."""
    found = _first(r"^go (\d+)\.(\d+)", go_mod, "version of Go")
    return int(found[1]), int(found[2])


def _first(pattern: str, go_mod: str | None, what: str) -> re.Match[str]:
    found = re.search(pattern, _FILE.read_text() if go_mod is None else go_mod, re.MULTILINE)
    if found is None:
        raise CannotProvide(f"{_FILE} names no {what}")
    return found
