"""A program on a terminal of its own, as a person starts it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import subprocess
import termios
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import processes, waiting


@dataclass
class Terminal:
    """`process` has it as its controlling terminal; `shown` is all that it has written."""

    process: subprocess.Popen[bytes]
    handle: int
    shown: str = field(default="")

    def types(self, text: str) -> None:
        os.write(self.handle, text.encode())

    async def until_shown(self, text: str) -> None:
        """Until it has written this."""

        async def there() -> bool:
            self._read()
            return text in self.shown

        await waiting.until(there, f"the terminal shows {text!r}", explain=self._explain)

    async def ended(self) -> int:
        """The exit code of the program, once all that it wrote is in `shown`."""

        async def code() -> tuple[int] | None:
            self._read()
            found = self.process.poll()
            return None if found is None else (found,)

        (found,) = await waiting.until(code, "the program on the terminal ends", explain=self._explain)
        self._read()
        return found

    def _read(self) -> None:
        try:
            while data := os.read(self.handle, 65536):
                self.shown += data.decode(errors="replace")
        except OSError:  # nothing now; or nobody writes any more, and all is read
            return

    async def _explain(self) -> str:
        return await asyncio.to_thread(repr, self.shown)


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Iterator[Terminal]:
    """Start it; it has been killed when the block ends."""
    ours, its = pty.openpty()
    os.set_blocking(ours, False)
    process = subprocess.Popen(
        command,
        stdin=its,
        stdout=its,
        stderr=its,
        env=dict(environment),
        cwd=folder,
        start_new_session=True,
        preexec_fn=_as_in_front_of_it,  # noqa: PLW1509 - no lock of ours is needed by it
    )
    os.close(its)
    try:
        yield Terminal(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _as_in_front_of_it() -> None:
    processes.hear_interrupts()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
