"""Manifests that a person hands over: in a file, or on the standard input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

from novita_operator.plugin.cluster import Wrong


def documents(file: Path) -> list[Any]:
    """All documents of it; `-` is the standard input. Raises Wrong where it is no YAML, and OSError."""
    text = sys.stdin.read() if str(file) == "-" else file.read_text()
    try:
        return list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        # Without the text around it: a manifest may hold a Secret.
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise Wrong(f"{file} is no YAML{where}.") from None
