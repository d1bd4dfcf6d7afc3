"""`sync`: a folder here is kept the same on a machine, by rsync, or by scp where one of both has no rsync."""

from __future__ import annotations

import itertools
import posixpath
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from novita_operator.plugin import copying, printing, trees
from novita_operator.plugin.cluster import Wrong
from novita_operator.plugin.login import openssh, running, session, sharing
from novita_operator.plugin.login.session import Broken, Session
from novita_operator.plugin.options import Namespace, TrustNew
from novita_operator.plugin.trees import Tree

_LOOK_SECONDS = 1.0  # between two looks at the folder; whoever saves a file waits about so long for a program to see it
_AGAIN_SECONDS = 5.0  # after a connection that broke: a laptop that wakes up has no network at once
_AT_ONCE = 500  # names in one command line: with the longest names, still far below what systems take


@dataclass(frozen=True, slots=True)
class Mirror:
    """A folder here, and the one on a machine that gets what is in it."""

    here: Path
    there: str
    session: Session
    by_rsync: bool
    out: int | None = None
    """Where the programs print what they do; None: to the standard output."""

    def send(self, tree: Tree, before: Tree) -> int:
        """What has changed. The exit code of the program that failed, or 0."""
        if self.by_rsync:
            return self._run(self._rsync())
        commands = itertools.chain(self._folders(tree, before), self._files(tree, before))
        return next((code for each in commands if (code := self._run(each))), 0)

    def _run(self, command: Sequence[str]) -> int:
        return self.session.run(command, stdin=subprocess.DEVNULL, stdout=self.out)

    def _rsync(self) -> list[str]:
        at = self.session.access
        shell = shlex.join([openssh.program("ssh"), *self.session.options, "-p", at.port])
        # Owners are others there. `-s`: the path arrives as it is.
        options = ("-rlptvs", "--partial", "-e", shell)
        return [openssh.program("rsync"), *options, "--", f"{self.here}/", f"{at.place_of_files}:{self.there}/"]

    def _folders(self, tree: Tree, before: Tree) -> Iterator[list[str]]:
        known = set(before.folders)
        new = [posixpath.join(self.there, path) for path in tree.folders if path not in known]
        for some in _portions(new):
            yield self.session.ssh("-T", command=[shlex.join(["mkdir", "-p", "--", *some])])

    def _files(self, tree: Tree, before: Tree) -> Iterator[list[str]]:
        at = self.session.access.place_of_files
        for folder, paths in tree.changed_since(before).items():
            for some in _portions([str(self.here / path) for path in paths]):
                target = f"{at}:{posixpath.join(self.there, folder)}/"
                yield self.session.files("scp", "-s", "-p", "--", *some, target)


def sync(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder here.")],
    target: Annotated[str, typer.Argument(help="NAME:PATH, the folder on the machine that gets what is in it.")],
    namespace: Namespace = None,
    *,
    watch: Annotated[bool, typer.Option("-w", "--watch", help="Send what changes, until Ctrl-C.")] = False,
    trust_new: TrustNew = False,
) -> None:
    """Send what is in a folder to a machine, and what changes in it. Nothing on the machine is removed."""
    to = copying.place(target)
    if to.machine is None:
        raise typer.BadParameter("the second one is on a machine: NAME:PATH.")
    if not folder.is_dir():
        raise Wrong(f"{folder} is no folder here.")
    worked = False
    while True:
        try:
            with session.opened(to.machine, namespace, trust_new=trust_new) as alone, sharing.shared(alone) as there:
                kept = mirror(folder, to.path or ".", there)
                worked = True
                code = _kept(kept) if watch else kept.send(trees.read(folder), Tree())
        except Broken:
            if not (watch and worked):
                raise
            code = running.BROKEN_OFF
        if not watch or code in running.INTERRUPTED:
            raise typer.Exit(code)
        printing.note(f"It is tried again in {_AGAIN_SECONDS:.0f} s.")
        time.sleep(_AGAIN_SECONDS)


def _kept(mirror: Mirror) -> int:
    """Send everything, and then what changes, until that fails: the exit code.

    After a connection that broke, everything is sent again: the machine may have another disk by then.
    """
    sent = Tree()
    while True:
        now = trees.read(mirror.here)
        if now != sent:
            if code := mirror.send(now, sent):
                return code
            sent = now
            printing.say(
                f"{datetime.now(UTC).astimezone():%H:%M:%S}  {mirror.session.access.name}:{mirror.there} is up to date"
            )
        time.sleep(_LOOK_SECONDS)


def mirror(here: Path, path: str, there: Session, out: int | None = None) -> Mirror:
    """Of a folder here and one there, which is made. Raises Broken, and Wrong where the folder cannot be made."""
    made = there.run(there.ssh("-T", command=[shlex.join(["mkdir", "-p", "--", path])]), stdin=subprocess.DEVNULL)
    if made in running.INTERRUPTED:
        raise typer.Exit(made)
    if made == running.BROKEN_OFF:
        raise there.refusal
    if made:
        raise Wrong(f"the folder {path} cannot be made on {there.access.name}.")
    asked = there.ssh("-T", command=["command -v rsync >/dev/null"])
    by_rsync = shutil.which("rsync") is not None and there.run(asked, stdin=subprocess.DEVNULL) == 0
    if not by_rsync:
        openssh.require(openssh.COPIES_BY_SFTP)
    return Mirror(here.resolve(), path, there, by_rsync, out)


def _portions(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[at : at + _AT_ONCE] for at in range(0, len(names), _AT_ONCE))
