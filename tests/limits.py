"""How long files and functions are: `python -m tests.limits` fails above the bounds of the house.

A file has at most 300 lines and a function 40: what grows beyond lacks a name for a part of it. Tests are read one at a
time, so that only their functions are bounded by the linter (statements), and their files not at all.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

FILE_LINES = 300
FUNCTION_LINES = 40
MEASURED = ("operator", "deploy/local", "charts/tools")


def excesses(root: Path) -> Iterator[str]:
    """What is too long, as `path:line: …`."""
    for folder in MEASURED:
        for path in sorted((root / folder).rglob("*.py")):
            text = path.read_text()
            lines = text.count("\n")
            if lines > FILE_LINES:
                yield f"{path.relative_to(root)}:1: {lines} lines, at most {FILE_LINES}"
            for function, length in functions(text):
                if length > FUNCTION_LINES:
                    where = f"{path.relative_to(root)}:{function.lineno}"
                    yield f"{where}: {function.name} has {length} lines, at most {FUNCTION_LINES}"


def functions(text: str) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    """Each function with its number of lines, from `def` on."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            yield node, node.end_lineno - node.lineno + 1


def main() -> int:
    """Print every excess. Returns the exit code."""
    found = list(excesses(Path(__file__).parents[1]))
    sys.stderr.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
