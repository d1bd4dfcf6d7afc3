"""A session on a machine: a shell, a command, or a file transfer, over one channel of an ssh connection."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import struct
import termios
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import asyncssh

from novita_operator.simulator.machines import descriptors
from novita_operator.simulator.machines.processes import Processes, Streams

_SFTP_VERSION = 3  # what OpenSSH speaks
_CHUNK = 64 * 1024
_CANNOT_START, _NOT_FOUND = 126, 127  # as shells have it
_NO_SHELL = b"exec: sh: not found\n"
_TAKEN_OVER = ("LANG", "LC_")  # as sshd's AcceptEnv has it on Debian


@dataclass
class Ends:
    """Our ends of a process's pipes or terminal. Each is closed once."""

    stdin: int
    stdout: int
    stderr: int | None = None
    _open: set[int] = field(init=False)

    def __post_init__(self) -> None:
        self._open = {each for each in (self.stdin, self.stdout, self.stderr) if each is not None}
        for each in self._open:
            os.set_blocking(each, False)

    @property
    def terminal(self) -> bool:
        return self.stdin == self.stdout

    def close(self, descriptor: int | None = None) -> None:
        """One, or all of them."""
        for each in {descriptor} & self._open if descriptor is not None else set(self._open):
            self._open.discard(each)
            descriptors.close(each)


class Session(asyncssh.SSHServerProcess[bytes]):
    """Everything but signals and sizes of windows waits for its turn; these do not wait behind unread input."""

    def __init__(
        self,
        processes: Processes,
        environment: Mapping[str, str],
        shell: str | None,
        files: asyncssh.SFTPServerFactory,
    ) -> None:
        """`shell`: None where the image has none."""
        super().__init__(self._serve, files, _SFTP_VERSION, allow_scp=True)
        self._processes = processes
        self._given = environment
        self._shell = shell
        self._process: asyncio.subprocess.Process | None = None
        self._ends: Ends | None = None
        self._serving: asyncio.Task[None] | None = None

    def signal_received(self, signal: str) -> None:
        """To the whole group of the process, as sshd does it."""
        self._signal(f"SIG{signal}")

    def break_received(self, _msec: int) -> bool:
        self._signal("SIGINT")
        return True

    def terminal_size_changed(self, width: int, height: int, pixwidth: int, pixheight: int) -> None:
        if self._ends is not None and self._ends.terminal:
            _resize(self._ends.stdin, (width, height, pixwidth, pixheight))

    def connection_lost(self, exc: Exception | None) -> None:
        """The process goes on; it meets closed pipes, and SIGHUP where it has a terminal."""
        super().connection_lost(exc)
        if self._serving is not None:
            self._serving.cancel()

    async def _serve(self, _process: asyncssh.SSHServerProcess[bytes]) -> None:
        self._serving = asyncio.current_task()
        if self._shell is None:
            self.stderr.write(_NO_SHELL)
            self.exit(_NOT_FOUND)
            return
        try:
            with self._started_streams() as streams:
                self._process = await self._processes.start(self._argv(self._shell), self._environment(), streams)
        except (OSError, ValueError) as error:
            self.stderr.write(f"{error}\n".encode())
            self.exit(_CANNOT_START)
            return
        with contextlib.suppress(OSError, asyncssh.Error):  # the connection is gone, and with it who would be told
            await self._carry(self._process)
            self._tell(await self._process.wait())

    async def _carry(self, process: asyncio.subprocess.Process) -> None:
        """Input and output, until all who could write have ended."""
        ends = self._ends
        assert ends is not None  # noqa: S101 - made before the process
        feeding = asyncio.create_task(self._feed(ends))
        try:
            outputs = [self._drain(ends.stdout, self.stdout)]
            if ends.stderr is not None:
                outputs.append(self._drain(ends.stderr, self.stderr))
            await asyncio.gather(*outputs)
            await process.wait()
        finally:
            feeding.cancel()
            await asyncio.wait([feeding])
            ends.close()

    async def _feed(self, ends: Ends) -> None:
        with contextlib.suppress(OSError, asyncssh.Error):  # nobody reads it any more, or nobody writes
            while data := await self.stdin.read(_CHUNK):
                await descriptors.write(ends.stdin, data)
        if not ends.terminal:
            ends.close(ends.stdin)

    async def _drain(self, descriptor: int, writer: asyncssh.SSHWriter[bytes]) -> None:
        while data := await descriptors.read(descriptor):
            writer.write(data)
            await writer.drain()

    def _tell(self, code: int) -> None:
        if code >= 0:
            self.exit(code)
        else:
            self.exit_with_signal(signal.Signals(-code).name.removeprefix("SIG"))

    def _signal(self, name: str) -> None:
        if self._process is not None and name in signal.Signals.__members__:
            self._processes.signal(self._process, signal.Signals[name])

    def _argv(self, shell: str) -> list[str]:
        """A command goes through the shell as a whole, as at sshd; nothing is taken apart here."""
        return [shell, "-c", self.command] if self.command is not None else [shell]

    def _environment(self) -> Mapping[str, str]:
        asked = {name: value for name, value in self.env.items() if name.startswith(_TAKEN_OVER)}
        terminal = {"TERM": self.term_type} if self.term_type else {}
        return {**asked, **terminal, **self._given}

    @contextlib.contextmanager
    def _started_streams(self) -> Iterator[Streams]:
        """The process's ends, which are closed here once it has its own; `_ends` are ours."""
        theirs: tuple[int, ...]
        if self.term_type is None:
            (stdin, feed), (out, stdout), (err, stderr) = os.pipe(), os.pipe(), os.pipe()
            self._ends, theirs = Ends(feed, out, err), (stdin, stdout, stderr)
            streams = Streams(stdin, stdout, stderr)
        else:
            ours, terminal = pty.openpty()
            _resize(ours, self.term_size)
            self._processes.disk.owner.own(terminal)
            self._ends, theirs = Ends(ours, ours), (terminal,)
            streams = Streams(terminal, terminal=os.ttyname(terminal))
        try:
            yield streams
        except BaseException:
            self._ends.close()
            raise
        finally:
            descriptors.close(*theirs)


def _resize(terminal: int, size: tuple[int, int, int, int]) -> None:
    width, height, pixels_wide, pixels_high = size
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, pixels_wide, pixels_high))
