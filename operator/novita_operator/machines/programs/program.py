"""A program as it is asked for. Values only."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

_NAME = re.compile(r"[a-z0-9-]{1,80}")
MARK = "GPU_JOB_ID"
"""The variable of the container by which its environment is known: its value is the program's name."""


class NoProgram(ValueError):
    """The words cannot be run; the message completes "spec.template.command …"."""


@dataclass(frozen=True, slots=True)
class Program:
    """`name`: by which it is started once and found again; lower-case letters, digits and dashes."""

    name: str
    words: tuple[str, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise NoProgram("has no name that a folder could have")
        if not self.words:
            raise NoProgram("names no program")
        if any("\0" in word for word in self.words):
            raise NoProgram("holds a NUL character, which no program can be given")


def words(*texts: str | None) -> tuple[str, ...]:
    """Split as a container's entrypoint and command are, which is as a shell does it. Raises NoProgram."""
    try:
        return tuple(word for text in texts if text for word in shlex.split(text))
    except ValueError as error:
        raise NoProgram(f"cannot be split into words: {error}") from error


@dataclass(frozen=True, slots=True)
class Environment:
    """The container's variables. `at_home`: it has no folder of its own to be run in, and runs in the user's home."""

    variables: Mapping[str, str] = field(repr=False)
    at_home: bool
