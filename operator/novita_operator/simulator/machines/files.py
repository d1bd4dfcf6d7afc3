"""File transfers by sftp and scp, on the root disk and nowhere else."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import IO, cast

import asyncssh

from novita_operator.simulator.machines.disk import Disk

_WRITES = asyncssh.FXF_WRITE | asyncssh.FXF_APPEND | asyncssh.FXF_CREAT | asyncssh.FXF_TRUNC


class Files(asyncssh.SFTPServer):
    """Paths begin in the home folder. `/workspace` is the disk's; a path as a shell's `pwd` says it is taken as it is.

    `most`: after so many written bytes the disk is full.
    """

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], disk: Disk, most: int | None) -> None:
        super().__init__(channel)
        self._disk = disk
        self._root = os.path.realpath(disk.root)
        self._left = most

    def map_path(self, path: bytes) -> bytes:
        """The folder is resolved, the last name is not: a link itself may be looked at and removed."""
        asked = os.path.normpath(os.path.join(os.path.realpath(self._disk.home), os.fsdecode(path)))  # noqa: PTH118
        if not self._holds(asked):
            asked = os.path.normpath(f"{self._root}/{asked}")
        if asked == self._root:
            return os.fsencode(asked)
        folder, name = os.path.split(asked)
        return os.fsencode(Path(self._within(folder), name))

    def reverse_map_path(self, path: bytes) -> bytes:
        """As it is: a shell on the machine knows it by the same name."""
        return path

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """What everybody may read is read through a link, too: a virtual environment is full of those."""
        place = Path(os.fsdecode(self.map_path(path)))
        there = place.exists()
        if pflags & _WRITES or not (there and place.stat().st_mode & stat.S_IROTH):
            self._within(place)
        opened = cast("IO[bytes]", super().open(path, pflags, attrs))
        if not there:
            self._disk.owner.own(opened.fileno())
        return opened

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        if self._left is not None:
            self._left -= len(data)
            if self._left < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return cast("int", super().write(file_obj, offset, data))

    def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        super().mkdir(path, attrs)
        self._disk.owner.own(self.map_path(path))

    def symlink(self, oldpath: bytes, newpath: bytes) -> None:
        """The target is text: what it leads to is judged when it is followed."""
        place = self.map_path(newpath)
        Path(os.fsdecode(place)).symlink_to(os.fsdecode(oldpath))
        self._disk.owner.own(place)

    def setstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        self._within(os.fsdecode(self.map_path(path)))
        self._keep_owner(attrs)
        super().setstat(path, attrs)

    def fsetstat(self, file_obj: object, attrs: asyncssh.SFTPAttrs) -> None:
        self._keep_owner(attrs)
        super().fsetstat(file_obj, attrs)

    def exit(self) -> None:
        """OpenSSH's scp takes a transfer without an exit status for a failed one."""
        with contextlib.suppress(OSError):  # the channel is closed already
            self.channel.exit(0)

    def _keep_owner(self, attrs: asyncssh.SFTPAttrs) -> None:
        if self._disk.owner.drops and attrs.uid not in (None, self._disk.owner.uid):
            raise asyncssh.SFTPPermissionDenied("only root may give files away, and nobody is root here")

    def _within(self, path: str | Path) -> str:
        """The path without links. Raises PermissionDenied where it leads off the disk."""
        real = os.path.realpath(path)
        if not self._holds(real):
            raise asyncssh.SFTPPermissionDenied("this leads off the machine's root disk")
        return real

    def _holds(self, path: str) -> bool:
        return path == self._root or path.startswith(f"{self._root}/")
