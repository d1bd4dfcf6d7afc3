"""How the API says no."""

from __future__ import annotations

from http import HTTPStatus

from novita_operator.novita import errors
from novita_operator.verification import shapes
from novita_operator.verification.assumption import Assumption, Finding, judged
from novita_operator.verification.evidence import Ask, Evidence, Reply

# The routes that the operator reads. The others are asked only where an instance or a template is known.
_READ = (
    *(Ask.INSTANCES, Ask.PRODUCTS, Ask.CLUSTERS, Ask.TEMPLATES, Ask.VOLUMES, Ask.REGISTRIES, Ask.JOBS),
    Ask.BALANCE,
)


def _routes(evidence: Evidence) -> Finding:
    replies = {ask: evidence.reply(ask) for ask in _READ}
    refused = [f"{ask}: {reply.word}" for ask, reply in replies.items() if not _is_object(reply)]
    return judged(not refused, shapes.joined(refused) or f"all {len(replies)} routes answered with a JSON object")


def _is_object(reply: Reply) -> bool:
    return reply.is_success and isinstance(reply.body, dict)


def _rate(evidence: Evidence) -> Finding:
    limited = sum(reply.status == HTTPStatus.TOO_MANY_REQUESTS for reply in evidence.replies.values())
    return judged(limited == 0, f"{limited} of {len(evidence.replies)} calls were answered with 429")


def _wrong_key(evidence: Evidence) -> Finding:
    reply = evidence.reply(Ask.WRONG_KEY)
    return judged(reply.status == HTTPStatus.UNAUTHORIZED, f"answered with {reply.word}")


def _body(evidence: Evidence) -> Finding:
    body = evidence.reply(Ask.NO_INSTANCE).body
    if not isinstance(body, dict):
        return judged(False, f"the body was {shapes.of(body)}")
    whole = isinstance(body.get("reason"), str) and isinstance(body.get("message"), str)
    return judged(whole and isinstance(body.get("code"), int), f"the body has {shapes.keys(body)}")


def _not_found(evidence: Evidence) -> Finding:
    reply = evidence.reply(Ask.NO_INSTANCE)
    return judged(reply.status == HTTPStatus.NOT_FOUND, f"answered with {reply.word}")


def _understood(evidence: Evidence) -> Finding:
    error = _error(evidence.reply(Ask.NO_INSTANCE))
    return judged(isinstance(error, errors.NotFound), f"understood as {type(error).__name__}")


def _template(evidence: Evidence) -> Finding:
    reply = evidence.reply(Ask.NO_TEMPLATE)
    error = _error(reply)
    known = isinstance(error, errors.NotFound) or error.reason == "TEMPLATE_NOT_FOUND"
    return judged(known and not reply.is_success, f"answered with {reply.word} {shapes.words([error.reason])}")


def _unknown_route(evidence: Evidence) -> Finding:
    reply = evidence.reply(Ask.UNKNOWN_ROUTE)
    said = "JSON" if reply.is_json else "text"
    return judged(reply.status == HTTPStatus.NOT_FOUND, f"answered with {reply.word} and {said}")


def _error(reply: Reply) -> errors.NovitaError:
    """What the operator's client makes of it."""
    return errors.from_response(reply.status or 0, reply.text)


ALL = (
    Assumption(
        "routes",
        "2A",
        "Every route that the operator reads answers with a JSON object.",
        "What is read there does not work with this account.",
        _routes,
    ),
    Assumption(
        "rate",
        "1.6",
        "A few dozen calls in half a minute are not limited.",
        "Lower `spec.requestsPerMinute` of the account, or the operator waits for Novita more often than it acts.",
        _rate,
    ),
    Assumption(
        "wrong-key",
        "1.5",
        "A key that does not exist is refused with 401.",
        "A wrong key is not told as one.",
        _wrong_key,
    ),
    Assumption(
        "error-body",
        "1.4",
        "A refusal has `code`, `reason` and `message`.",
        "Refusals are judged by their words, which change more easily than reasons.",
        _body,
    ),
    Assumption(
        "not-found-status",
        "1.5",
        "An instance that does not exist is answered with 404.",
        "The client takes 400 with a reason as well; other answers would keep objects of gone instances waiting.",
        _not_found,
    ),
    Assumption(
        "not-found-understood",
        "1.5",
        "The client understands that an instance does not exist, in whatever form it is said.",
        "Deletions never end, since nothing proves that the instance is gone.",
        _understood,
    ),
    Assumption(
        "template-not-found",
        "1.5",
        "A template that does not exist is refused as not found.",
        "A misspelt template is told as another error.",
        _template,
    ),
    Assumption(
        "unknown-route",
        "10",
        "A route that does not exist is answered with 404.",
        "A route that Novita takes away one day is not noticed as such.",
        _unknown_route,
    ),
)
