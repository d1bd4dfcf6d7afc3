"""What can go wrong with the cluster, named after what the caller does.

KubeError
├─ NotFound     the object is gone: nothing left to do for it
├─ Conflict     somebody wrote in between: read anew and start over
│  └─ Taken     the name belongs to somebody else's object: a person must choose
│     └─ Leftover  it goes by itself: wait
├─ Forbidden    our ServiceAccount lacks a right: an administrator must act
├─ Rejected     the API server refuses this body: a policy, a bug of ours, or a CRD of another version
│  └─ Immutable ours, and somebody has closed it to every change: a person must delete it
└─ Unreachable  no connection: back off and try again
   ├─ Broken    5xx: an answer that helps nobody, as where a webhook of the cluster does not answer
   ├─ NotServed 404 of a whole kind: its CRD is missing; of its objects nothing is known
   └─ NotYet    429: it asks us to wait, as it does while it prepares the storage of a new CRD
"""

from __future__ import annotations

import json

_MESSAGE_CHARS = 300  # one line of a terminal, twice; API servers echo whole objects


class KubeError(Exception):
    """A call to the API server failed."""

    def __init__(self, message: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(message[:_MESSAGE_CHARS])
        self.status = status
        self.retry_after = retry_after


class NotFound(KubeError):
    """The object does not exist (404)."""


class Conflict(KubeError):
    """A precondition did not hold (409): another resourceVersion, another UID, or the name is taken."""


class Taken(Conflict):
    """An object of this name exists and is not ours."""


class Leftover(Taken):
    """The same, and it goes by itself: its owner is gone, and the garbage collector removes it."""


class Forbidden(KubeError):
    """The right is missing (401, 403)."""


class Rejected(KubeError):
    """The API server will never take this body (400, 422 and other 4xx)."""


class Immutable(Rejected):
    """It belongs to us, and its `immutable` is true. The operator has no right to delete it, and asks for none."""


class Unreachable(KubeError):
    """The API server did not answer, or not usefully (connection errors; 5xx, 429 and others are subclasses)."""


class Broken(Unreachable):
    """The API server cannot do it now (5xx): it is in trouble, or an admission webhook is."""


class NotServed(Unreachable):
    """The API server does not know the kind (404 without a `Status`): its objects may still be stored."""


class NotYet(Unreachable):
    """The API server asks us to wait (429); nothing is wrong."""


REFUSALS = (Forbidden, Rejected, Broken)
"""A write that the cluster did not take: people are told its own sentence. A quota, a policy, a webhook, a right."""

# What the API server says of a webhook with side effects; it says nothing of whether the write itself would pass.
_CANNOT_REHEARSE = "does not support dry run"

_BY_STATUS: dict[int, type[KubeError]] = {401: Forbidden, 403: Forbidden, 404: NotFound, 409: Conflict}
_NOT_FOUND = 404
_TOO_MANY_REQUESTS = 429
_FIRST_SERVER_ERROR = 500


def from_response(status: int, body: bytes, retry_after: str | None) -> KubeError:
    """The error of a response with this status; the message is the `Status` object's own."""
    message = _message(body)
    if status == _NOT_FOUND and not message:
        return NotServed("the API server does not serve this kind: its CRD is missing or not ready", status=status)
    message = message or f"the API server answered {status}"
    if status == _TOO_MANY_REQUESTS or status >= _FIRST_SERVER_ERROR:
        seconds = float(retry_after) if retry_after and retry_after.isdigit() else None
        kind = NotYet if status == _TOO_MANY_REQUESTS else Broken
        return kind(message, status=status, retry_after=seconds)
    return _BY_STATUS.get(status, Rejected)(message, status=status)


def _message(body: bytes) -> str:
    try:
        parsed = json.loads(body)
    except ValueError:
        return ""
    # A payload that is no Status object may hold a Secret: it is dropped.
    if isinstance(parsed, dict) and parsed.get("kind") == "Status":
        return str(parsed.get("message", ""))
    return ""


def is_no_rehearsal(error: KubeError) -> bool:
    """Whether a dry run was refused because it was one."""
    return isinstance(error, Rejected) and _CANNOT_REHEARSE in str(error)
