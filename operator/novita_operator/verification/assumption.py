"""One assumption, and the verdict over it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from novita_operator.verification.evidence import Evidence, NotSeen


class Verdict(StrEnum):
    """What an account says to an assumption."""

    HOLDS = "holds"
    DIFFERS = "differs"
    NOT_SEEN = "not seen"


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict and what it rests on: a sentence of shapes, without any content of the account."""

    verdict: Verdict
    seen: str


@dataclass(frozen=True, slots=True)
class Assumption:
    """`section` of docs/design/novita-api.md; `otherwise`: what it means for the operator where it does not hold."""

    key: str
    section: str
    says: str
    otherwise: str
    judge: Callable[[Evidence], Finding]

    def finding(self, evidence: Evidence) -> Finding:
        """The verdict over this evidence."""
        try:
            return self.judge(evidence)
        except NotSeen as reason:
            return Finding(Verdict.NOT_SEEN, str(reason))


def judged(holds: bool, seen: str) -> Finding:
    """Holds, or differs."""
    return Finding(Verdict.HOLDS if holds else Verdict.DIFFERS, seen)
