"""What came of one try to deliver a webhook. Values only; reasons complete "the receiver …"."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver has it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It will never have it: another try would end the same way."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Another try may work; not before `at_least` seconds, if the receiver asked for that."""

    reason: str
    at_least: float = 0.0


Answer = Delivered | Refused | Failed

_REQUEST_TIMEOUT = 408
_TOO_MANY_REQUESTS = 429
LONGEST_WISH = 300.0  # a receiver that asks for more is not waited for: the webhooks behind this one would grow old


def of_status(status: int, retry_after: str | None) -> Answer:
    """What an HTTP status means."""
    match status // 100:
        case 2:
            return Delivered()
        case 3:
            return Refused(f"answers {status}, and redirects are not followed")
        case 4 if status not in (_REQUEST_TIMEOUT, _TOO_MANY_REQUESTS):
            return Refused(f"answers {status}")
        case _:
            wish = float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else 0.0
            return Failed(f"answers {status}", min(wish, LONGEST_WISH))
