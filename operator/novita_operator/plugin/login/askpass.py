"""How ssh hears the password: from a program that it starts, which reads it from a pipe.

So the password is in no argument, no variable and no file; it leaves the memory of this program only for that pipe,
which nobody but the user can open.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from novita_operator.plugin.cluster import Wrong
from novita_operator.plugin.login.access import Access

_PROGRAM = "askpass"
_PIPE = "pipe"
# ssh names who asks at the beginning of its question. A jump host, or a key of the user's own, gets no answer.
_SCRIPT = """#!/bin/sh
case "$1" in
    {user}@{alias}"'s password: "* | "("{user}@{alias}") "*) ;;
    *) exit 1 ;;
esac
IFS= read -r password < {pipe} && printf '%s\\n' "$password"
"""


@contextlib.contextmanager
def answering(access: Access, folder: Path) -> Iterator[dict[str, str]]:
    """Answers ssh until the block ends. Gives what must be in ssh's environment. Raises Wrong, OSError."""
    if not hasattr(os, "mkfifo"):
        raise Wrong("this system has no named pipes, through which ssh is given the password. WSL has them.")
    pipe, program = folder / _PIPE, folder / _PROGRAM
    os.mkfifo(pipe, 0o600)
    program.write_text(_script(access, pipe))
    program.chmod(0o700)
    done = threading.Event()
    # It waits in the kernel for somebody who asks, and ends with this program at the latest.
    threading.Thread(target=_answer, args=(access, pipe, done), daemon=True).start()
    try:
        yield {"SSH_ASKPASS": str(program), "SSH_ASKPASS_REQUIRE": "force"}
    finally:
        done.set()
        with contextlib.suppress(OSError):  # nobody waits any more
            os.close(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK))


def _script(access: Access, pipe: Path) -> str:
    named = {"user": access.user, "alias": access.alias, "pipe": str(pipe)}
    return _SCRIPT.format(**{key: shlex.quote(value) for key, value in named.items()})


def _answer(access: Access, pipe: Path, done: threading.Event) -> None:
    line = access.password.get_secret_value().encode() + b"\n"
    while True:
        try:
            writing = os.open(pipe, os.O_WRONLY)  # until somebody reads
        except FileNotFoundError:
            return
        try:
            if done.is_set():
                return
            os.write(writing, line)
        except BrokenPipeError:
            continue
        finally:
            os.close(writing)


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """A folder of this user alone where programs can be started. Raises Wrong where the machine has none."""
    for parent in filter(None, (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), str(Path.home()))):
        if _runs_programs(parent):
            with tempfile.TemporaryDirectory(prefix="novita-", dir=parent) as made:
                yield Path(made)
            return
    raise Wrong("there is no folder here in which a program can be started; set TMPDIR to one.")


def _runs_programs(folder: str) -> bool:
    try:
        return os.access(folder, os.W_OK) and not os.statvfs(folder).f_flag & getattr(os, "ST_NOEXEC", 0)
    except OSError:
        return False
