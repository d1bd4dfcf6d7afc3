"""`cp`: files and folders to a machine and back, by the system's scp."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from novita_operator.plugin import targets
from novita_operator.plugin.cluster import Wrong
from novita_operator.plugin.login import openssh, session
from novita_operator.plugin.options import Namespace, TrustNew

_PATTERN = re.compile(r"([\\*?\[\]])")


@dataclass(frozen=True, slots=True)
class Place:
    """A path here, or on a machine, where an empty one is its home."""

    path: str
    machine: str | None = None

    def to_source(self, user_and_host: str) -> str:
        """As scp reads what it copies from: there it would be a pattern."""
        return self.to_target(user_and_host) if self.machine is None else f"{user_and_host}:{_as_it_is(self.path)}"

    def to_target(self, user_and_host: str) -> str:
        """As scp reads where it copies to. A path here begins so that it is neither an option nor a machine."""
        if self.machine is not None:
            return f"{user_and_host}:{self.path}"
        return self.path if self.path.startswith("/") else f"./{self.path}"


def place(said: str) -> Place:
    """`PATH` or `NAME:PATH`. As with scp, a colon behind a slash belongs to a path; `./a:b` is one, too."""
    name, colon, path = said.partition(":")
    if colon and name and ("/" not in name or targets.has_kind(name)):
        return Place(path, name)
    return Place(said)


def cp(
    source: Annotated[str, typer.Argument(help="A file or folder: PATH, or NAME:PATH on a machine.")],
    target: Annotated[str, typer.Argument(help="Where to: PATH, or NAME:PATH. A folder that exists takes it in.")],
    namespace: Namespace = None,
    *,
    trust_new: TrustNew = False,
) -> None:
    """Copy a file, or a folder with all that is in it, to a machine or back; a terminal shows how far it is."""
    from_, to = place(source), place(target)
    machine = from_.machine or to.machine
    if machine is None or (from_.machine and to.machine):
        raise typer.BadParameter("one of the two is on a machine, NAME:PATH, and the other one is a path here.")
    if from_.machine is None and not Path(from_.path).exists():
        raise Wrong(f"{from_.path} is not here: there is no such file or folder.")
    openssh.require(openssh.COPIES_BY_SFTP)
    with session.opened(machine, namespace, trust_new=trust_new) as there:
        at = there.access.place_of_files
        code = there.run(there.files("scp", "-s", "-r", "--", from_.to_source(at), to.to_target(at)))
    raise typer.Exit(code)


def _as_it_is(path: str) -> str:
    return _PATTERN.sub(r"\\\1", path)
