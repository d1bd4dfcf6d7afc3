"""The report: a verdict per assumption, without a key, an id, a name or a password. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from novita_operator import __version__
from novita_operator.verification.assumption import Assumption, Finding, Verdict

_NOVITA = "https://api.novita.ai"


@dataclass(frozen=True, slots=True)
class Spent:
    """What was rented, how long it was there, and what that costs by the catalogue's price; `most`: the bound."""

    product: str
    seconds: float
    usd: Decimal
    most: Decimal


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is told."""

    at: datetime
    address: str
    findings: Sequence[tuple[Assumption, Finding]]
    spent: Spent | None = None

    def count(self, verdict: Verdict) -> int:
        return Counter(finding.verdict for _, finding in self.findings)[verdict]

    @property
    def target(self) -> str:
        """Novita's own address; any other is private."""
        return self.address if self.address == _NOVITA else "another address"


def as_json(report: Report) -> str:
    """For programs; the order is that of the assumptions."""
    spent = report.spent
    body = {
        "version": __version__,
        "at": report.at.isoformat(timespec="seconds"),
        "target": report.target,
        "summary": {str(verdict): report.count(verdict) for verdict in Verdict},
        "spent": None
        if spent is None
        else {
            "product": spent.product,
            "seconds": round(spent.seconds),
            "usd": str(spent.usd),
            "mostUsd": str(spent.most),
        },
        "assumptions": [
            {
                "id": assumption.key,
                "section": assumption.section,
                "assumption": assumption.says,
                "verdict": str(finding.verdict),
                "seen": finding.seen,
                "otherwise": assumption.otherwise,
            }
            for assumption, finding in report.findings
        ],
    }
    return json.dumps(body, indent=2)


def as_text(report: Report) -> str:
    """For people: what differs first."""
    return "\n".join([*_head(report), *_differing(report), *_table(report), *_foot(report)])


def _head(report: Report) -> Iterator[str]:
    counts = ", ".join(f"{report.count(verdict)} {verdict}" for verdict in Verdict)
    yield f"novita-operator {__version__} verified {report.target} at {report.at.isoformat(timespec='seconds')}"
    yield f"{len(report.findings)} assumptions: {counts}"
    if report.spent is not None:
        spent = report.spent
        yield f"rented {spent.product} for {spent.seconds:.0f} s: {spent.usd} USD of at most {spent.most}; it is gone"
    yield ""


def _differing(report: Report) -> Iterator[str]:
    for assumption, finding in report.findings:
        if finding.verdict is Verdict.DIFFERS:
            yield f"DIFFERS  {assumption.key} (novita-api {assumption.section})"
            yield f"  assumed:   {assumption.says}"
            yield f"  seen:      {finding.seen}"
            yield f"  otherwise: {assumption.otherwise}"
            yield ""


def _table(report: Report) -> Iterator[str]:
    for assumption, finding in report.findings:
        yield f"{finding.verdict:9} {assumption.key:22} {assumption.section:5} {finding.seen}"
    yield ""


def _foot(report: Report) -> Iterator[str]:
    if report.count(Verdict.DIFFERS):
        yield "Please attach this to an issue: it holds no key, no id, no name and no password."
    if report.spent is None and report.count(Verdict.NOT_SEEN):
        yield "What was not seen needs an instance: --spend 0.10 rents the cheapest GPU for some minutes, and ends it."
