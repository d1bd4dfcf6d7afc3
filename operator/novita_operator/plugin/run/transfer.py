"""What goes to the machine before the program, and what comes back after it."""

from __future__ import annotations

import posixpath
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from novita_operator.plugin import printing, syncing, trees
from novita_operator.plugin.cluster import Wrong
from novita_operator.plugin.copying import Place
from novita_operator.plugin.login import openssh
from novita_operator.plugin.login.session import Session
from novita_operator.plugin.run import interruptions
from novita_operator.plugin.trees import Tree


def check(upload: Path | None, download: Sequence[str]) -> None:
    """Before anything is paid for. Raises Wrong."""
    openssh.require(openssh.ASKS_A_PROGRAM)
    if upload is not None and not upload.is_dir():
        raise Wrong(f"{upload} is no folder here. Nothing was rented.")
    if download:
        openssh.require(openssh.COPIES_BY_SFTP)
        openssh.program("scp")


def upload(there: Session, folder: Path, to: str) -> None:
    """All that is in the folder. Raises Wrong, Interrupted."""
    printing.note(f"{there.access.name}: sending {folder}.")
    code = syncing.mirror(folder, to, there, sys.stderr.fileno()).send(trees.read(folder), Tree())
    interruptions.check_code(code)
    if code:
        raise Wrong(f"{folder} could not be sent to {there.access.name}.")


def download(there: Session, paths: Sequence[str], folder: str) -> None:
    """Each of them into the current folder. Raises Wrong where one is missing, when all were tried; Interrupted."""
    missing = [path for path in paths if not _fetched(there, posixpath.join(folder, path))]
    if missing:
        raise Wrong(f"{', '.join(missing)} could not be fetched from {there.access.name}.")


def _fetched(there: Session, path: str) -> bool:
    printing.note(f"{there.access.name}: fetching {path}.")
    source = Place(path, there.access.name).to_source(there.access.place_of_files)
    command = there.files("scp", "-s", "-r", "--", source, Place(".").to_target(""))
    code = there.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno())
    interruptions.check_code(code)
    return code == 0
