"""The note of intent: what an object was about to rent, durable before the call (safety.md, Create, step 5)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

Outcome = Literal["Pending", "Refused", "Released"]


@dataclass(frozen=True, slots=True)
class Intent:
    """One attempt to create. `Pending`: made or not, look by name. `Refused`: Novita says that it did not.

    `Released`: the instance of this attempt was seen gone, nothing of it can appear any more.
    """

    attempt: int
    at: datetime
    holder: str
    product: str
    region: str
    outcome: Outcome = "Pending"

    @property
    def pending(self) -> bool:
        return self.outcome == "Pending"

    def settled(self, outcome: Outcome) -> Intent:
        return replace(self, outcome=outcome)

    def to_annotation(self) -> str:
        return json.dumps(asdict(self) | {"at": self.at.isoformat()}, separators=(",", ":"))


def parse(annotation: str | None) -> Intent | None:
    """Read the annotation; None where there is none.

    A note that somebody damaged still says that a call may have been made, so it reads as pending since ever:
    the object then looks by name before it does anything else.
    """
    if annotation is None:
        return None
    try:
        return _from_json(json.loads(annotation))
    except (ValueError, KeyError, TypeError):
        return Intent(
            attempt=1, at=datetime.fromisoformat("1970-01-01T00:00:00+00:00"), holder="", product="", region=""
        )


def _from_json(raw: dict[str, Any]) -> Intent:
    at = datetime.fromisoformat(raw["at"])
    if at.tzinfo is None:
        raise ValueError("an intent without a time zone")
    outcome = raw.get("outcome", "Pending")
    return Intent(
        attempt=int(raw["attempt"]),
        at=at,
        holder=str(raw.get("holder", "")),
        product=str(raw.get("product", "")),
        region=str(raw.get("region", "")),
        outcome=outcome if outcome in {"Refused", "Released"} else "Pending",
    )
