"""Everything that a verb needs to run ssh, scp or sftp on one machine, for as long as it runs."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from novita_operator.kube.reading import Reader
from novita_operator.plugin import cluster, printing, targets
from novita_operator.plugin.cluster import Scope, Wrong
from novita_operator.plugin.login import access, askpass, knownhosts, openssh, running
from novita_operator.plugin.login.access import Access
from novita_operator.plugin.login.running import Foreground


class Broken(Wrong):
    """ssh does not get in, or not any more; it may later."""


@dataclass(frozen=True, slots=True)
class Session:
    """`options` go to ssh, scp and sftp alike; `folder` is private, and gone in the end."""

    access: Access
    options: Sequence[str]
    environment: Mapping[str, str]
    folder: Path

    def ssh(self, *options: str, command: Sequence[str] = ()) -> list[str]:
        """The command line of ssh; words of `command` come behind the machine's name, as they are."""
        at = ("-p", self.access.port, *options, self.access.place)
        return [openssh.program("ssh"), *self.options, *at, *command]

    def files(self, program: str, *arguments: str) -> list[str]:
        """The command line of scp or sftp."""
        return [openssh.program(program), *self.options, "-P", self.access.port, *arguments]

    def run(self, command: Sequence[str], **streams: Any) -> int:  # noqa: ANN401 - of Popen
        """The exit code of a program with this session's environment."""
        with self.started(command, **streams) as program:
            code = program.exit_code()
        if code == running.BROKEN_OFF:
            printing.note(f"255 is ssh's own code, unless the program ended so. {self._hint}")
        return code

    def started(self, command: Sequence[str], **streams: Any) -> AbstractContextManager[Foreground]:  # noqa: ANN401
        """The same, while it runs."""
        return running.started(command, self.environment, **streams)

    @property
    def refusal(self) -> Broken:
        """What to say beside ssh's own words, where it did not get in."""
        return Broken(f"ssh did not get in to {self.access.name}; it has said why. {self._hint}")

    @property
    def _hint(self) -> str:
        known = "~/.ssh/known_hosts" if self.access.host_key is None else f"Secret {self.access.secret}"
        return (
            f"If ssh speaks of a host key: {self.access.name} shows another one than {known} says; the password was "
            "not sent."
        )


@contextlib.contextmanager
def opened(name: str, namespace: str | None, *, trust_new: bool) -> Iterator[Session]:
    """A session on the machine of this name. Nothing is connected yet. Raises Wrong, kube errors, OSError."""

    async def found(reader: Reader) -> Access:
        return await access.read(reader, await targets.instance(reader, Scope(namespace), name))

    with on(cluster.ask(found), trust_new=trust_new) as there:
        yield there


@contextlib.contextmanager
def on(machine: Access, *, trust_new: bool) -> Iterator[Session]:
    """The same, of whom the access is known."""
    openssh.require(openssh.ASKS_A_PROGRAM)
    with askpass.private_folder() as folder, askpass.answering(machine, folder) as answers:
        host_key = knownhosts.options(machine, folder, trust_new=trust_new)
        yield Session(machine, openssh.options(machine, host_key), {**os.environ, **answers}, folder)
