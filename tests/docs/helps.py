"""What kubectl, helm and the plugin say of themselves: each --help is asked for once."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys

from tests.support import processes

from chart_tools import helm


def complaints(words: list[str], plain: list[str], flags: set[str]) -> list[str]:
    """What is wrong with a command: a verb that does not exist, or flags that it does not take."""
    program, *verbs = plain
    if words[0] == "kubectl" and verbs[:1] == ["novita"]:
        program, verbs = "kubectl novita", verbs[1:]
    known = _help(program, *verbs[:3])
    usage = " ".join([program, *verbs[:1]])
    if usage not in known:
        return [f"there is no `{usage}`"]
    if program == "kubectl":
        known += _printed("kubectl", "options")
    return [f"`{usage}` takes no {flag}" for flag in sorted(flags) if not re.search(rf"{flag}(?![\w-])", known)]


def _help(*command: str) -> str:
    return _printed(*command, "--help")


@functools.cache
def _printed(program: str, *words: str) -> str:
    starts = {"kubectl novita": [sys.executable, "-m", "novita_operator.plugin"], "helm": [str(helm.path())]}
    done = subprocess.run(
        [*starts.get(program, [program]), *words],
        capture_output=True,
        text=True,
        check=False,
        env={**processes.BARE_ENVIRONMENT, "HOME": os.environ["HOME"], "NO_COLOR": "1", "TERMINAL_WIDTH": "200"},
    )
    return done.stdout + done.stderr
