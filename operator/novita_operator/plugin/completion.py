"""`kubectl_complete-novita`: kubectl runs it when Tab is pressed after `kubectl novita`, and reads its lines.

The last line is a directive of kubectl's completion (cobra): 4 means that no file names are offered.
"""

from __future__ import annotations

import os
import sys

from novita_operator import startup

_NO_FILES = ":4"
_WORDS = "COMP_WORDS"
_PLACE = "COMP_CWORD"
_INSTRUCTION = "_KUBECTL_NOVITA_COMPLETE"


def main() -> None:
    """Offer what typer would offer to bash for the same words."""
    words = ["kubectl-novita", *sys.argv[1:]]
    with startup.loading():  # imported in here for the reason that __main__.py gives
        from novita_operator.plugin import main as program

    os.environ |= {_INSTRUCTION: "complete_bash", _WORDS: "\n".join(words), _PLACE: str(len(words) - 1)}
    try:
        program.app(args=[], prog_name="kubectl-novita")
    except SystemExit:
        sys.stdout.write(f"{_NO_FILES}\n")
