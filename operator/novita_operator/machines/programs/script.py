"""What is sent to a machine: the launcher, and for a start the program. Pure but for reading our own two files."""

from __future__ import annotations

import shlex
from functools import cache
from importlib import resources

from novita_operator.machines import scripts
from novita_operator.machines.command import Command
from novita_operator.machines.programs.program import Environment, Program

_TEXT = "utf-8"


def command(verb: str, name: str, *words: str, seconds: float, most_bytes: int = 64 * 1024) -> Command:
    """One verb about the program of this name."""
    return scripts.command(_read("launcher.sh"), verb, name, *words, seconds=seconds, most_bytes=most_bytes)


def place(environment: Environment) -> str:
    """Shell code that goes to the folder in which the container's program would run."""
    return 'cd "$HOME"' if environment.at_home else 'cd /proc/1/cwd 2>/dev/null || cd "$HOME"'


def follow(name: str, start: int, *, lines: int | None = None, on: bool) -> Command:
    """What the program has printed from this byte on, or its last `lines`; `on`: and what it goes on to print.

    What comes back is for `stream` to read. With `on` it lasts as long as the program and whoever listens do.
    """
    begin = str(start) if lines is None else f"-{lines}"
    return command("follow", name, begin, "on" if on else "once", seconds=0, most_bytes=0)


def start(program: Program, environment: Environment, *, seconds: float) -> Command:
    """Start it, unless that was ever done."""
    sent = f"program={shlex.quote(_program(program, environment))}\nsupervise={shlex.quote(_read('supervise.sh'))}\n"
    return scripts.command(f"{_read('launcher.sh')}\n{sent}", "start", program.name, seconds=seconds)


def _program(program: Program, environment: Environment) -> str:
    """Its own number is that of the program: it is replaced by it. It is removed before, since it holds secrets."""
    given = " ".join(shlex.quote(f"{name}={value}") for name, value in environment.variables.items())
    return f"""\
birth() {{
  {{ read -r line <"/proc/$1/stat"; }} 2>/dev/null || return 0
  set -- ${{line##*) }}
  printf '%s\\n' "${{20}}"
}}
run() {{
  printf '%s\\n' "$$ $(birth $$)" >"$1/pid"
  rm -f "$1/program"
  umask "$2"
  {place(environment)}
  exec env -i {given} /bin/sh -c 'exec "$@"' sh {shlex.join(program.words)}
}}
run "$@"
"""


@cache
def _read(name: str) -> str:
    return (resources.files("novita_operator.machines.programs") / name).read_text(_TEXT)
