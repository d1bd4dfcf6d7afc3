"""What can go wrong at Novita, named after what the caller does about it.

NovitaError
├─ NotFound                 plan as absent; on delete it is success
├─ InvalidState             wait, read again, decide again
├─ Refused                  surely not done, and the same request will be refused again
│  ├─ Invalid               the spec, template or product must change
│  ├─ OutOfCapacity         try the next candidate
│  ├─ QuotaExceeded         a person raises the quota or frees something
│  ├─ InsufficientBalance   a person tops up
│  └─ CredentialsRejected   a person fixes the key
├─ Unavailable              back off and try again: not done, or harmless to repeat
│  ├─ RateLimited           honour `retry_after`
│  ├─ NotSent               no byte of the request left this process
│  └─ TimedOut              the answer did not come in time
├─ InvalidResponse          the answer to a read was not understood
└─ OutcomeUnknown           a create may or may not have been done: look by name first
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_MESSAGE_CHARS = 300  # conditions stay readable, and a body that echoes the request stays out
_SNAKE = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")


class NovitaError(Exception):
    """A call to Novita failed.

    `status`: HTTP status, if there was an answer. `reason`: Novita's UPPER_SNAKE word, or "". `retry_after`: seconds.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        reason: str = "",
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.message = message[:_MESSAGE_CHARS]
        self.status = status
        self.reason = reason
        self.request_id = request_id
        self.retry_after = retry_after
        super().__init__(self.message)


class NotFound(NovitaError):
    """The thing does not exist (404, or 400 with one of several words)."""


class InvalidState(NovitaError):
    """The action is not allowed in the current status; it may have taken effect all the same (novita-api 1.5)."""


class Refused(NovitaError):
    """Surely not done; the same request will be refused again."""


class Invalid(Refused):
    """The request itself is wrong."""


class OutOfCapacity(Refused):
    """No free GPU of this product in this region."""


class QuotaExceeded(Refused):
    """The account's limit of instances or GPUs."""


class InsufficientBalance(Refused):
    """The account's money does not suffice."""


class CredentialsRejected(Refused):
    """The key is missing, wrong, or not allowed to do this (401, 403)."""


class Unavailable(NovitaError):
    """Novita did not do it, or it is harmless to repeat: back off and try again."""


class RateLimited(Unavailable):
    """Too many calls (429)."""


class NotSent(Unavailable):
    """No byte of the request left this process."""


class TimedOut(Unavailable):
    """The answer did not come in time."""


class InvalidResponse(NovitaError):
    """The answer to a read was not understood."""


class OutcomeUnknown(NovitaError):
    """A create may or may not have been carried out."""


_BY_REASON: dict[str, type[NovitaError]] = {
    "UNAUTHORIZED": CredentialsRejected,
    "FORBIDDEN": CredentialsRejected,
    "INVALID_API_KEY": CredentialsRejected,
    "INVALID_USER_TOKEN": CredentialsRejected,
    "GET_TOKEN_FAILED": CredentialsRejected,
    "PERMISSION_DENIED": CredentialsRejected,
    "BANNED_USER": CredentialsRejected,
    "USER_NOT_ACTIVATED": CredentialsRejected,
    "RATE_LIMIT_EXCEEDED": RateLimited,
    "LIST_BILL_TOO_FAST": RateLimited,
    "CREATE_INSTANCE_LIMIT": QuotaExceeded,
    "CREATE_GPU_NUM_LIMIT": QuotaExceeded,
    "OPERATION_LIMIT": QuotaExceeded,
    "NETWORK_MAX_LIMIT": QuotaExceeded,
    "GPU_SPEC_USED": OutOfCapacity,
    "CLUSTER_STATUS": OutOfCapacity,
    "NODE_STATUS": OutOfCapacity,
    "DEPENDENT_RESOURCE_STATE": InvalidState,
    "CONFLICT": InvalidState,
    # A template or image that does not exist is a wrong request, not a vanished instance.
    "TEMPLATE_NOT_FOUND": Invalid,
    "IMAGE_NOT_FOUND": Invalid,
    "NETWORK_STORAGE_NOT_FOUND": Invalid,
    "NETWORK_NOT_FOUND": Invalid,
}
_TOO_MANY = 429
_SERVER_ERROR = 500
_UNAUTHORIZED = (401, 403)
_NOT_FOUND = 404


def from_response(
    status: int, body: bytes, headers: Mapping[str, str], *, secrets: tuple[str, ...] = ()
) -> NovitaError:
    """The error of an answer, from every form of body that was ever seen (novita-api 1.4).

    `secrets` are cut out of the message. Also for a 200 whose body carries an error and no result.
    """
    reason, message = _said(body)
    for secret in secrets:
        message = message.replace(secret, "[redacted]") if secret else message
    kind = _kind(status, reason, message)
    return kind(
        message or f"Novita answered {status}",
        status=status,
        reason=reason,
        request_id=headers.get("x-request-id") or headers.get("x-trace-id"),
        retry_after=_retry_after(headers.get("retry-after")),
    )


def _kind(status: int, reason: str, message: str) -> type[NovitaError]:
    text = message.lower()
    if status == _TOO_MANY:
        return RateLimited
    if reason in _BY_REASON:
        return _BY_REASON[reason]
    if "BALANCE_NOT_ENOUGH" in reason or "BUDGET" in reason or reason == "NOT_ENOUGH_BALANCE":
        return InsufficientBalance
    if "INSUFFICIENT_RESOURCE" in reason:
        return OutOfCapacity
    if status in _UNAUTHORIZED:
        return CredentialsRejected
    if status >= _SERVER_ERROR:
        return Unavailable
    if "invalid state" in text:
        return InvalidState
    if status == _NOT_FOUND or "NOT_FOUN" in reason or "not foun" in text:
        return NotFound
    return Invalid


def _said(body: bytes) -> tuple[str, str]:
    """Reason and message of a body; both may be empty. A body that is no JSON (an HTML page) says nothing."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(parsed, dict):
        return "", ""
    inner = parsed.get("error")
    nested: dict[str, Any] = inner if isinstance(inner, dict) else {}
    message = _first_text(parsed.get("message"), nested.get("message"), inner, parsed.get("title"))
    reason = _first_text(parsed.get("reason"), parsed.get("code"), nested.get("reason"), nested.get("code"))
    if not _SNAKE.fullmatch(reason):
        found = _SNAKE.search(message)
        reason = found.group() if found else reason.upper()
    return reason[:_MESSAGE_CHARS], message


def _first_text(*values: object) -> str:
    return next((value for value in values if isinstance(value, str) and value), "")


def _retry_after(value: str | None) -> float | None:
    """Seconds; a date form was never seen and counts as absent."""
    try:
        return max(0.0, float(value)) if value else None
    except ValueError:
        return None
