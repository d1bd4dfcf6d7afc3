"""`exec`: one program on the machine, as `kubectl exec` runs one in a pod."""

from __future__ import annotations

import shlex
import subprocess
import sys
from typing import Annotated

import typer

from novita_operator.plugin import printing
from novita_operator.plugin.login import session
from novita_operator.plugin.options import Machine, Namespace, TrustNew


def exec_(
    name: Machine,
    command: Annotated[list[str] | None, typer.Argument(help="After `--`: the program and its arguments.")] = None,
    namespace: Namespace = None,
    *,
    stdin: Annotated[bool, typer.Option("-i", "--stdin", help="Pass the standard input on.")] = False,
    tty: Annotated[bool, typer.Option("-t", "--tty", help="On a terminal of its own.")] = False,
    trust_new: TrustNew = False,
) -> None:
    """Run a program on the machine; its exit code is this one's, and 255 may be ssh's own."""
    if not command:
        raise typer.BadParameter("say what to run, after two dashes: kubectl novita exec NAME -- nvidia-smi")
    with session.opened(name, namespace, trust_new=trust_new) as there:
        # ssh hands one line to the shell of the machine. Each word arrives as it is written here, and the program takes
        # the shell's place, which else would meet signals of the terminal beside it.
        words = f"exec {shlex.join(command)}"
        line = there.ssh(*_terminal(stdin=stdin, tty=tty), "-o", "ClearAllForwardings=yes", command=[words])
        code = there.run(line, stdin=None if stdin else subprocess.DEVNULL)
    raise typer.Exit(code)


def _terminal(*, stdin: bool, tty: bool) -> list[str]:
    if tty and stdin and not sys.stdin.isatty():
        printing.note("The standard input is no terminal: -t is left out.")
        return ["-T"]
    # Twice, since ssh would leave it out where it has no terminal for its own input.
    return ["-tt"] if tty else ["-T"]
