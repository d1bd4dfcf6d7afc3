"""The programs that jobs run: what each prints and how it ends. Each leaves marks of its starts, its end and a TERM."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_MOST_KEPT = 1024 * 1024  # jobs.md promises the last 1 MiB
_LAST_NUMBER = 12_500_000  # counted up to this, the lines have 101 MB
_WORDS = (
    "it's",
    'she said "no"',
    "$HOME ${PATH} $(id) `id` $1",
    "first line\nsecond line\n",
    "größe 日本語 🚀",
    "back\\slash\\n",
    "  two  spaces  ",
    "",
    "* ? [a-z] ~ # ; & | > <",
)
# A program that waits for nothing but the word to go on; only its first attempt does. Its shell says by which signal
# `sleep` has ended, which is no part of what the program prints.
_HOLD = 'if [ "$GPU_JOB_ATTEMPT" = 1 ]; then until [ -e "$mark.go" ]; do { sleep 0.1; } 2>/dev/null; done; fi'


@dataclass(frozen=True)
class Program:
    """`name`: of its job, without a dash. `print`, `end`: shell; `words`: what the shell is given."""

    name: str
    print: str
    end: str
    code: int
    output: Callable[[], bytes]
    signal: str | None = None
    words: tuple[str, ...] = ()

    @property
    def kept(self) -> bytes:
        """What of its output must be kept."""
        return self.output()[-_MOST_KEPT:]

    def command(self, marks: Path, *, held: bool) -> str:
        """For `sh -c`. At TERM it does what it would have done at its end, and says that it was told."""
        script = f"""\
mark={shlex.quote(str(marks))}/$GPU_JOB_NAME
echo "$GPU_JOB_ATTEMPT $$" >>"$mark.started"
finish() {{
  {self.print}
  echo "$GPU_JOB_ATTEMPT" >>"$mark.ended"
  {self.end}
}}
trap 'echo "$GPU_JOB_ATTEMPT" >>"$mark.term"; finish "$@"' TERM
{_HOLD if held else ":"}
finish "$@"
"""
        return shlex.join([script, self.name, *self.words])


def _counted() -> bytes:
    """The end of it; all of it nobody needs."""
    return b"".join(b"%d\n" % number for number in range(_LAST_NUMBER - _MOST_KEPT // 8, _LAST_NUMBER + 1))


PROGRAMS = (
    Program("zero", "echo trained", "exit 0", 0, lambda: b"trained\n"),
    Program("three", "echo out; echo err >&2", "exit 3", 3, lambda: b"out\nerr\n"),
    Program("killed", "echo last words", "kill -9 $$", 137, lambda: b"last words\n", signal="KILL"),
    Program("quick", "sleep 0.05", "exit 4", 4, lambda: b""),
    Program("large", f"seq 1 {_LAST_NUMBER}", "exit 0", 0, _counted),
    Program("binary", r"printf '\000\001\377\376\r\033[0m\200'", "exit 5", 5, lambda: b"\0\1\xff\xfe\r\x1b[0m\x80"),
    Program("endless", "printf 'no newline'", "exit 6", 6, lambda: b"no newline"),
    Program(
        "words",
        "printf '<%s>' \"$@\"",
        "exit 7",
        7,
        lambda: "".join(f"<{word}>" for word in _WORDS).encode(),
        words=_WORDS,
    ),
)
