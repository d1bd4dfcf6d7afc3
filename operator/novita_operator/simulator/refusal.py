"""What the simulated API says no with: an HTTP code, a reason of novita-api 1.5 and a sentence."""

from __future__ import annotations

from collections.abc import Mapping


class Refusal(Exception):
    """One refused call. `metadata` carries placeholders of the message, as the live API does."""

    def __init__(self, reason: str, message: str, status: int = 400, metadata: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.status = status
        self.metadata = dict(metadata or {})


class Gone(Refusal):
    """There is no such thing. Its HTTP code is a switch: 404, or 400 with the reason (novita-api 1.5)."""

    def __init__(self, message: str, reason: str = "RESOURCE_NOT_FOUND") -> None:
        super().__init__(reason, message, status=404)


def invalid(field: str, why: str) -> Refusal:
    """A request that breaks a documented rule; never repeats the value, which may be a secret."""
    return Refusal("VALIDATOR_PARAM", f"invalid {field}: {why}", metadata={"field": field})


def unauthorized(message: str = "invalid api key") -> Refusal:
    return Refusal("UNAUTHORIZED", message, status=401)


def wrong_state(word: str, wanted: str, reason: str) -> Refusal:
    """An action that the present status does not allow; known by its text (novita-api 1.5)."""
    return Refusal(reason, f"invalid state change: {word} -> {wanted}")


def no_stock(message: str = "insufficient resource, please try another product or cluster") -> Refusal:
    return Refusal("INSUFFICIENT_RESOURCE", message)


def no_balance(message: str = "balance not enough") -> Refusal:
    return Refusal("BALANCE_NOT_ENOUGH", message)
