"""What was found: fine, worth knowing, or wrong with a way out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is. Only PROBLEM changes the exit code."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `fix`: what a person can do."""

    level: Level
    about: str
    text: str
    fix: str = ""

    def to_json(self) -> dict[str, str]:
        return {"level": self.level, "about": self.about, "text": self.text, "fix": self.fix}


def ok(about: str, text: str) -> Finding:
    return Finding(Level.OK, about, text)


def note(about: str, text: str, fix: str = "") -> Finding:
    return Finding(Level.NOTE, about, text, fix)


def problem(about: str, text: str, fix: str) -> Finding:
    return Finding(Level.PROBLEM, about, text, fix)


def problems(found: Iterable[Finding]) -> int:
    """How many of them are wrong."""
    return sum(finding.level is Level.PROBLEM for finding in found)
