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
├─ InvalidResponse          the answer was not understood
└─ OutcomeUnknown           a create may or may not have been done: look by name first

The class names say what happened and read as sentences (`except errors.OutOfCapacity`), hence no suffix `Error`.
"""

from __future__ import annotations

import email.utils
from collections.abc import Iterable, Mapping
from http import HTTPStatus

from novita_operator.novita import error_body, words
from novita_operator.novita.error_body import ErrorBody
from novita_operator.novita.words import Meaning

LONGEST_RETRY_AFTER = 120.0  # seconds; a server that asks for more is asked again after this
_MESSAGE_CHARS = 300  # conditions stay readable, and a body that echoes the request stays out
_REQUEST_ID_CHARS = 100  # a UUID has 36


def shortened(text: str) -> str:
    """What Novita says, fit for conditions and logs: one printable line of at most 300 characters."""
    return error_body.line(text)[:_MESSAGE_CHARS]


class NovitaError(Exception):
    """A call to Novita failed.

    `status`: HTTP status, if there was an answer. `reason`: Novita's UPPER_SNAKE word, or "". `message`: one line of
    at most 300 characters without secrets. `retry_after`: seconds, at most LONGEST_RETRY_AFTER.
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
        self.message = shortened(message)
        self.status = status
        self.reason = reason
        self.request_id = request_id
        self.retry_after = retry_after
        super().__init__(self.message)

    def __str__(self) -> str:
        facts = (f"HTTP {self.status}" if self.status else "", self.reason, self.request_id or "")
        known = ", ".join(fact for fact in facts if fact)
        return f"{self.message} ({known})" if known else self.message


class NotFound(NovitaError):
    """The thing does not exist (404, or 400 with one of several words; novita-api 1.5)."""


class InvalidState(NovitaError):
    """The action is not allowed in the current status; it may have taken effect all the same (novita-api 1.5)."""


class Refused(NovitaError):
    """Surely not done; the same request will be refused again."""


class Invalid(Refused):
    """The request itself is wrong, or names a product, template or image that does not exist."""


class OutOfCapacity(Refused):
    """No free GPU of this product in this region."""


class QuotaExceeded(Refused):
    """The account's limit of instances or GPUs."""


class InsufficientBalance(Refused):
    """The account's money, or the budget of the key's member, does not suffice."""


class CredentialsRejected(Refused):
    """The key is missing, wrong, or not allowed to do this (401, 403)."""


class Unavailable(NovitaError):
    """Novita did not do it, or it is harmless to repeat: back off and try again."""


class RateLimited(Unavailable):
    """Too many calls (429)."""


class NotSent(Unavailable):
    """No byte of the request left this process."""


class TimedOut(Unavailable):
    """The answer did not come in time. Never raised by a create."""


class InvalidResponse(NovitaError):
    """The answer was not understood. Never raised by a create."""


class OutcomeUnknown(NovitaError):
    """A create may or may not have been carried out."""

    @property
    def speaks_of_stock(self) -> bool:
        """Whether it would be a lack of GPUs, if it was not carried out."""
        return _spoken(self.reason, self.message) is OutOfCapacity


# novita-api 1.5 and 7.1. What is not here follows from parts of the word, the status, or the text, in this order.
_BY_REASON: dict[str, type[NovitaError]] = {
    **dict.fromkeys(("RESOURCE_NOT_FOUND", "NOT_FOUND", "NOT_FOUNT"), NotFound),
    **dict.fromkeys(("CONFLICT", "DEPENDENT_RESOURCE_STATE", "CREATING_INSTANCE_NOT_SUPPORT_RENEWAL"), InvalidState),
    **dict.fromkeys(("GPU_SPEC_USED", "CLUSTER_STATUS", "NODE_STATUS"), OutOfCapacity),
    **dict.fromkeys(
        ("CREATE_INSTANCE_LIMIT", "CREATE_GPU_NUM_LIMIT", "OPERATION_LIMIT", "NETWORK_MAX_LIMIT"), QuotaExceeded
    ),
    **dict.fromkeys(
        (
            *("UNAUTHORIZED", "FORBIDDEN", "PERMISSION_DENIED", "INVALID_API_KEY", "INVALID_USER_TOKEN"),
            *("GET_TOKEN_FAILED", "INVALID_USER_OR_PASSWORD", "USER_NOT_FOUND", "USER_NOT_ACTIVATED", "BANNED_USER"),
        ),
        CredentialsRejected,
    ),
    **dict.fromkeys(("RATE_LIMIT_EXCEEDED", "LIST_BILL_TOO_FAST"), RateLimited),
    "VALIDATOR_PARAM": Invalid,
    "PREPAID_INSTANCE_NOT_SUPPORT_RELEASE": Refused,
    "UNKNOWN": Unavailable,
}
# Reasons that say nothing of the matter: words count before them. A 403 may be a quota (novita-api 10).
_VAGUE = frozenset({"", "REQUEST", "UNKNOWN", "BAD_REQUEST", "UNAUTHORIZED", "FORBIDDEN", "PERMISSION_DENIED"})
_BY_MEANING: dict[Meaning, type[NovitaError]] = {
    Meaning.CALLS: RateLimited,
    Meaning.MONEY: InsufficientBalance,
    Meaning.QUOTA: QuotaExceeded,
    Meaning.STOCK: OutOfCapacity,
    Meaning.KEY: CredentialsRejected,
}
_BY_STATUS: dict[int, type[NovitaError]] = {
    HTTPStatus.UNAUTHORIZED: CredentialsRejected,
    HTTPStatus.FORBIDDEN: CredentialsRejected,
    HTTPStatus.PAYMENT_REQUIRED: InsufficientBalance,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.CONFLICT: InvalidState,
    HTTPStatus.REQUEST_TIMEOUT: Unavailable,
    HTTPStatus.TOO_MANY_REQUESTS: RateLimited,
}


def from_response(
    status: int, body: bytes | str, headers: Mapping[str, str] | None = None, *, secrets: Iterable[str] = ()
) -> NovitaError:
    """The error of an answer, from every form of body that was ever seen (novita-api 1.4).

    Also for a 200 whose body carries an error and no result. `secrets` are cut out of the message before it is
    shortened, so that no half of one is left.
    """
    fields = {name.lower(): value for name, value in (headers or {}).items()}
    said, hidden = error_body.parse(body), tuple(secrets)
    message = error_body.redacted(said.message, hidden)
    forms = {form for value in hidden for form in (value, value.upper(), error_body.shouted(value))}
    reason = error_body.redacted(said.reason, forms)
    return _kind(status, said)(
        message or f"Novita answered {status} {reason}",
        status=status,
        reason=reason,
        request_id=(fields.get("x-request-id") or fields.get("x-trace-id") or "")[:_REQUEST_ID_CHARS] or None,
        retry_after=_retry_after(fields),
    )


def _kind(status: int, said: ErrorBody) -> type[NovitaError]:
    """The class of an answer. A 5xx says nothing but "not now", whatever reason it gives."""
    answered_well = status < HTTPStatus.MULTIPLE_CHOICES
    code = said.code if answered_well and said.code is not None else status
    if code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable
    if HTTPStatus.MULTIPLE_CHOICES <= code < HTTPStatus.BAD_REQUEST:
        return InvalidResponse
    if "invalid state" in said.message.lower():
        return InvalidState
    spoken = _spoken(said.reason, said.message)
    if code == HTTPStatus.TOO_MANY_REQUESTS and spoken is QuotaExceeded and not _is_of_the_account(said):
        spoken = RateLimited
    # A 4xx that says nothing comes from a gateway on the way, and a 200 that says "error" from nobody knows where.
    fallback = Invalid if (said.reason or said.message) and code >= HTTPStatus.BAD_REQUEST else Unavailable
    return spoken or _by_reason(said.reason) or _BY_STATUS.get(code) or _by_text(said) or fallback


def _is_of_the_account(said: ErrorBody) -> bool:
    """Whether a quota is one of instances: the text of a 429 may mean either (novita-api 1.5)."""
    return _by_reason(said.reason) is QuotaExceeded or words.names_what_is_held(said.message)


def _spoken(reason: str, message: str) -> type[NovitaError] | None:
    """By a reason that we know, else by the words: of the message, and of a reason that we do not know."""
    known = None if reason in _VAGUE else _by_reason(reason)
    found = words.meaning(reason, message) if known is None else None
    return _BY_MEANING[found] if found is not None else known


def _by_reason(reason: str) -> type[NovitaError] | None:
    if reason in _BY_REASON:
        return _BY_REASON[reason]
    if "NOT_ENOUGH" in reason and ("BALANCE" in reason or "BUDGET" in reason):
        return InsufficientBalance
    if reason.endswith("INSUFFICIENT_RESOURCE"):
        return OutOfCapacity
    if reason.endswith("_NOT_FOUND"):
        # Anything else that the request names, such as an image, makes the request wrong and is no vanished instance.
        return NotFound if reason.endswith("INSTANCE_NOT_FOUND") else Invalid
    return None


def _by_text(said: ErrorBody) -> type[NovitaError] | None:
    """Texts are not stable: they count only where the reason is absent or says nothing."""
    vague = said.reason in {"", "REQUEST"}
    return NotFound if vague and "not foun" in said.message.lower() else None


def _retry_after(fields: Mapping[str, str]) -> float | None:
    """Seconds to wait, from a number or a date; a date counts from the server's own `Date`."""
    value = fields.get("retry-after", "").strip()
    try:
        seconds = float(value) if _is_number(value) else _between(fields.get("date", ""), value)
    except (ValueError, TypeError, OverflowError):
        return None
    return min(LONGEST_RETRY_AFTER, max(0.0, seconds))


def _is_number(value: str) -> bool:
    return value[:1].isdecimal() or value[:1] in {"-", "+", "."}


def _between(since: str, until: str) -> float:
    return (email.utils.parsedate_to_datetime(until) - email.utils.parsedate_to_datetime(since)).total_seconds()
