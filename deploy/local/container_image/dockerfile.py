"""Reads a Dockerfile: the part of its language that ours uses. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from container_image.errors import CannotBuild

_KNOWN = ("ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "LABEL", "RUN", "USER", "WORKDIR")
_FLAG = re.compile(r"--([a-z]+)=(\S+)\s+")
_PAIR = re.compile(r"""([\w.-]+)=("(?:[^"\\]|\\.)*"|\S*)""")
_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")


@dataclass(frozen=True)
class Instruction:
    """Such as `COPY --from=build /venv /venv`: keyword COPY, flags {from: build}, text `/venv /venv`."""

    keyword: str
    flags: Mapping[str, str]
    text: str

    def words(self) -> list[str]:
        """Of the JSON form, or split at blanks."""
        return [str(word) for word in json.loads(self.text)] if self.text.startswith("[") else self.text.split()

    def pairs(self) -> dict[str, str]:
        """Of ENV, LABEL and ARG. A name alone has no value."""
        found = {
            name: json.loads(value) if value.startswith('"') else value for name, value in _PAIR.findall(self.text)
        }
        return found or {self.text.strip(): ""}


@dataclass(frozen=True)
class Stage:
    """From one FROM to the next."""

    name: str
    base: str
    instructions: tuple[Instruction, ...]


def read(text: str) -> list[Stage]:
    """All stages. Raises CannotBuild for what this builder does not know."""
    stages: list[Stage] = []
    for line in _lines(text):
        keyword, _, rest = line.partition(" ")
        if keyword.upper() == "FROM":
            words = rest.split()
            stages.append(Stage(words[2] if len(words) > 1 else str(len(stages)), words[0], ()))
            continue
        if keyword.upper() not in _KNOWN or not stages:
            raise CannotBuild(
                f"this builder does not know {keyword} of the Dockerfile; build it with Docker or buildah"
            )
        last = stages[-1]
        stages[-1] = Stage(last.name, last.base, (*last.instructions, _instruction(keyword.upper(), rest)))
    return stages


def substituted(text: str, variables: Mapping[str, str]) -> str:
    """With the values of `$NAME` and `${NAME}`."""
    return _VARIABLE.sub(lambda found: variables.get(found[1] or found[2], ""), text)


def _lines(text: str) -> list[str]:
    """Without comments, continued lines as one."""
    kept = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return [line.strip() for line in re.sub(r"\\\n", " ", "\n".join(kept)).splitlines()]


def _instruction(keyword: str, rest: str) -> Instruction:
    flags: dict[str, str] = {}
    while found := _FLAG.match(rest):
        flags[found[1]] = found[2]
        rest = rest[found.end() :]
    return Instruction(keyword, flags, rest.strip())
