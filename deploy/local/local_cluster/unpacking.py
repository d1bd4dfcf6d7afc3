"""Take one program out of an archive. Names in it decide nothing: what is written is where the caller says."""

from __future__ import annotations

import gzip
import posixpath
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from local_cluster.errors import CannotProvide, Unavailable

_PROGRAM_MODE = 0o755
_DAMAGED = (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError)


def take(source: Path, member: str, program: Path) -> None:
    """Write this member (empty: the file itself) as a program, whole or not at all.

    Raises Unavailable; CannotProvide where the disk is full.
    """
    unfinished = program.with_name(f".{program.name}.unpacking")
    try:
        with _member(source, member) as content, unfinished.open("wb") as target:
            shutil.copyfileobj(content, target)
    except _DAMAGED as error:
        raise Unavailable(f"{source.name} is no archive that can be read: {error}") from error
    except OSError as error:
        raise CannotProvide(f"{unfinished} cannot be written: {error.strerror}") from error
    unfinished.chmod(_PROGRAM_MODE)
    unfinished.rename(program)


@contextmanager
def _member(source: Path, member: str) -> Iterator[IO[bytes]]:
    if not member:
        with source.open("rb") as file:
            yield file
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as zipped, zipped.open(_found(zipped.namelist(), member, source)) as file:
            yield file
    else:
        with tarfile.open(source) as tarred:
            plain = {entry.name: entry for entry in tarred if entry.isfile()}  # a link leads who knows where
            content = tarred.extractfile(plain[_found(plain, member, source)])
            if content is None:  # never of a plain file
                raise Unavailable(f"{source.name} holds no {member}")
            yield content


def _found(names: Iterable[str], member: str, source: Path) -> str:
    for name in names:
        if posixpath.normpath(name) == posixpath.normpath(member):
            return name
    raise Unavailable(f"{source.name} holds no {member}")
