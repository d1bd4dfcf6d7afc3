"""From an answer to what the caller does: every body form of novita-api 1.4, every reason of 1.5."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_operator.novita import error_body, errors

GONE = errors.NotFound
MONEY = errors.InsufficientBalance
KEY = errors.CredentialsRejected
QUOTA = errors.QuotaExceeded
STOCK = errors.OutOfCapacity

REASONS: dict[str, type[errors.NovitaError]] = {
    "REQUEST": errors.Invalid,
    "VALIDATOR_PARAM": errors.Invalid,
    "CONFLICT": errors.InvalidState,
    "OPERATION_LIMIT": QUOTA,
    "RESOURCE_NOT_FOUND": GONE,
    "INSTANCE_NOT_FOUND": GONE,
    "GPU_INSTANCE_NOT_FOUND": GONE,
    "NOT_FOUNT": GONE,
    "GET_TOKEN_FAILED": KEY,
    "INVALID_USER_TOKEN": KEY,
    "INVALID_API_KEY": KEY,
    "USER_NOT_FOUND": KEY,
    "USER_NOT_ACTIVATED": KEY,
    "BANNED_USER": KEY,
    "PERMISSION_DENIED": KEY,
    "INVALID_USER_OR_PASSWORD": KEY,
    "INSUFFICIENT_RESOURCE": STOCK,
    "MIGRATE_INSUFFICIENT_RESOURCE": STOCK,
    "GPU_SPEC_USED": STOCK,
    "CLUSTER_STATUS": STOCK,
    "NODE_STATUS": STOCK,
    "DEPENDENT_RESOURCE_STATE": errors.InvalidState,
    "CREATE_INSTANCE_LIMIT": QUOTA,
    "CREATE_GPU_NUM_LIMIT": QUOTA,
    "NETWORK_MAX_LIMIT": QUOTA,
    "PREPAID_INSTANCE_NOT_SUPPORT_RELEASE": errors.Refused,
    "CREATING_INSTANCE_NOT_SUPPORT_RENEWAL": errors.InvalidState,
    "INVALID_COMMAND_PARAM": errors.Invalid,
    "CUDA_VERSION_INCOMPATIBLE": errors.Invalid,
    "UNSUPPORTED_BILLING_MODE": errors.Invalid,
    "BALANCE_NOT_ENOUGH": MONEY,
    "EXPIRED_OR_BALANCE_NOT_ENOUGH": MONEY,
    "DE_BALANCE_NOT_ENOUGH": MONEY,
    "NOT_ENOUGH_BALANCE": MONEY,
    "BUDGET_NOT_ENOUGH": MONEY,
    "NOT_ENOUGH_BUDGET": MONEY,
    "MEMBER_BUDGET_NOT_ENOUGH": MONEY,
    "IMAGE_NOT_FOUND": errors.Invalid,
    "IMAGE_URL_OR_AUTH_ERROR": errors.Invalid,
    "IMAGE_TOO_LARGE": errors.Invalid,
    "TEMPLATE_NOT_FOUND": errors.Invalid,
    "TEMPLATE_IS_PRIVATE": errors.Invalid,
    "NETWORK_STORAGE_NOT_FOUND": errors.Invalid,
    "INSTANCE_LOCAL_STORAGE_NOT_FOUND": errors.Invalid,
    "NETWORK_NOT_FOUND": errors.Invalid,
    "JOB_NOT_FOUND": errors.Invalid,
    "ORDER_NOT_FOUND": errors.Invalid,
    "SOMETHING_NEW": errors.Invalid,
}


def from_json(status: int, body: Any, **headers: str) -> errors.NovitaError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return errors.from_response(status, json.dumps(body).encode(), named)


@pytest.mark.parametrize(("reason", "kind"), REASONS.items(), ids=REASONS)
def test_a_documented_reason_decides_what_the_caller_does(reason: str, kind: type[errors.NovitaError]) -> None:
    error = from_json(400, {"code": 400, "reason": reason, "message": "text for humans", "metadata": {}})

    assert (type(error), error.reason, error.message, error.status) == (kind, reason, "text for humans", 400)


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (401, "UNAUTHORIZED", KEY),
        (403, "FORBIDDEN", KEY),
        (403, "NOT_ENOUGH_BALANCE", MONEY),
        (401, "SOMETHING_NEW", KEY),
        (404, "SOMETHING_NEW", GONE),
        (409, "SOMETHING_NEW", errors.InvalidState),
        (422, "SOMETHING_NEW", errors.Invalid),
        (429, "RATE_LIMIT_EXCEEDED", errors.RateLimited),
        (429, "LIST_BILL_TOO_FAST", errors.RateLimited),
        (429, "SOMETHING_NEW", errors.RateLimited),
        (429, "CREATE_GPU_NUM_LIMIT", QUOTA),
        (400, "RATE_LIMIT_EXCEEDED", errors.RateLimited),
        (500, "UNKNOWN", errors.Unavailable),
        (500, "WALLET_NOT_FOUND", errors.Unavailable),
        (500, "RESOURCE_NOT_FOUND", errors.Unavailable),
        (503, "INSUFFICIENT_RESOURCE", errors.Unavailable),
        (400, "UNKNOWN", errors.Unavailable),
        (408, "", errors.Unavailable),
    ],
)
def test_status_and_reason_together(status: int, reason: str, kind: type[errors.NovitaError]) -> None:
    assert type(from_json(status, {"code": status, "reason": reason, "message": "text"})) is kind


@pytest.mark.parametrize(
    "body",
    [
        {"code": 400, "reason": "INSUFFICIENT_RESOURCE", "message": "no gpu", "metadata": {}},
        {"code": "INSUFFICIENT_RESOURCE", "message": "no gpu"},
        {"code": "400", "reason": "insufficient_resource", "message": "no gpu"},
        {"code": "InsufficientResource", "message": "no gpu"},
        {"error": {"code": "insufficient-resource", "message": "no gpu"}},
        {"message": "no gpu (INSUFFICIENT_RESOURCE)"},
        {"error": "INSUFFICIENT_RESOURCE: no gpu"},
        {"error": {"message": "no gpu", "code": "INSUFFICIENT_RESOURCE"}},
        {"error": {"message": "no gpu", "reason": "INSUFFICIENT_RESOURCE", "code": 400}},
        {"title": "INSUFFICIENT_RESOURCE, no gpu"},
        "INSUFFICIENT_RESOURCE no gpu",
    ],
    ids=lambda body: json.dumps(body)[:40],
)
def test_the_reason_is_found_in_every_form_of_body(body: object) -> None:
    error = from_json(400, body)

    assert type(error) is STOCK
    assert error.reason == "INSUFFICIENT_RESOURCE"
    assert "no gpu" in error.message


@pytest.mark.parametrize("text", ["instance not found", "instance not fount", "Not Found"])
@pytest.mark.parametrize("reason", ["", "REQUEST"])
def test_a_text_says_not_found_where_the_reason_says_nothing(text: str, reason: str) -> None:
    assert type(from_json(400, {"reason": reason, "message": text})) is GONE


def test_a_text_does_not_outvote_a_reason() -> None:
    assert type(from_json(400, {"reason": "VALIDATOR_PARAM", "message": "image not found"})) is errors.Invalid


@pytest.mark.parametrize("reason", ["", "REQUEST", "VALIDATOR_PARAM"])
def test_an_invalid_state_is_known_by_its_text(reason: str) -> None:
    assert type(from_json(400, {"reason": reason, "message": "Invalid state change"})) is errors.InvalidState


# What Novita and its clients write where there is no reason (novita-api 1.4, 1.5, 10), and others that mean the same.
WORDS: dict[str, type[errors.NovitaError]] = {
    "insufficient resource, please try another product or cluster": STOCK,
    "Insufficient Resources": STOCK,
    "INSUFFICIENT RESOURCE": STOCK,
    "not enough GPU resource": STOCK,
    "There are not enough gpus available": STOCK,
    "no free GPU in the cluster": STOCK,
    "No GPUs are available right now": STOCK,
    "GPU is sold out": STOCK,
    "product out of stock": STOCK,
    "Insufficient GPU capacity in cluster us-ca-6": STOCK,
    "the inventory is insufficient": STOCK,
    "no stock": STOCK,
    "The requested GPU is currently unavailable": STOCK,
    "insufficient resource, check your balance": STOCK,
    "库存不足": STOCK,
    "insufficient_resource": STOCK,
    "InsufficientResource": STOCK,
    "no spot capacity": STOCK,
    "0 GPUs available": STOCK,
    "All GPUs are busy": STOCK,
    "cannot find available node": STOCK,
    "gpu spec used": STOCK,
    "balance not enough": MONEY,
    "Insufficient balance": MONEY,
    "your account balance is not enough, please top up": MONEY,
    "Not enough credits": MONEY,
    "insufficient funds": MONEY,
    "member budget exceeded": MONEY,
    "the account is in arrears": MONEY,
    "余额不足": MONEY,
    "not-enough-balance": MONEY,
    "account overdue, please pay": MONEY,
    "balance must be greater than 0": MONEY,
    "the balance is below the price of an hour": MONEY,
    "Please add funds": MONEY,
    "quota exceeded": QUOTA,
    "GPU quota exceeded": QUOTA,
    "instance limit reached": QUOTA,
    "You have reached the maximum number of instances": QUOTA,
    "number of gpus exceeds the limit of your account": QUOTA,
    "too many instances": QUOTA,
    "create_instance_limit": QUOTA,
    "create instance limit": QUOTA,
    "GPU num limit": QUOTA,
    "You can only create 5 instances": QUOTA,
    "cannot create more than 8 instances": QUOTA,
    "rate limit exceeded": errors.RateLimited,
    "Too Many Requests": errors.RateLimited,
    "API quota exceeded": errors.RateLimited,
    "request was throttled": errors.RateLimited,
    "invalid api key": KEY,
    "Incorrect API key provided": KEY,
    "the API key has been revoked": KEY,
}


@pytest.mark.parametrize(("text", "kind"), WORDS.items(), ids=WORDS)
@pytest.mark.parametrize("form", ["message", "error", "title", "msg", "detail", "nested", "text"])
def test_words_decide_where_there_is_no_reason_in_every_form_of_body(
    text: str, kind: type[errors.NovitaError], form: str
) -> None:
    body = {"nested": {"error": {"message": text}}, "text": text}.get(form, {form: text})

    assert type(from_json(400, body)) is kind


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
@pytest.mark.parametrize("reason", ["", "REQUEST", "FORBIDDEN", "UNKNOWN"])
@pytest.mark.parametrize(
    ("text", "kind"), [("insufficient resource", STOCK), ("balance not enough", MONEY), ("GPU quota exceeded", QUOTA)]
)
def test_words_count_under_every_status_and_every_reason_that_says_nothing(
    status: int, reason: str, text: str, kind: type[errors.NovitaError]
) -> None:
    assert type(from_json(status, {"reason": reason, "message": text})) is kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [("quota exceeded", errors.RateLimited), ("GPU quota exceeded", QUOTA), ("insufficient resource", STOCK)],
)
def test_a_429_means_too_many_calls_unless_it_speaks_of_what_an_account_holds(
    text: str, kind: type[errors.NovitaError]
) -> None:
    assert type(from_json(429, {"message": text})) is kind


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("OUT_OF_STOCK", STOCK),
        ("INSUFFICIENT_CAPACITY", STOCK),
        ("INSUFFICIENT_BALANCE", MONEY),
        ("GPU_QUOTA_EXCEEDED", QUOTA),
        ("INSTANCE_LIMIT_EXCEEDED", QUOTA),
    ],
)
def test_the_words_of_a_reason_that_nobody_documents_count_too(reason: str, kind: type[errors.NovitaError]) -> None:
    assert type(from_json(400, {"reason": reason, "message": "text for humans"})) is kind


@pytest.mark.parametrize(
    "text",
    [
        "invalid gpuNum: exceeds the limit of 8 gpus",
        "gpuNum must be at most the maximum of 8",
        "ports and tools together may be at most 15",
        "there is no such product",
        "the product is not offered as spot",
        "a prepaid instance cannot be released",
        "insufficient permissions",
        "the image is larger than the root disk",
    ],
)
def test_a_request_that_is_wrong_stays_one_whatever_words_it_has(text: str) -> None:
    assert type(from_json(400, {"message": text})) is errors.Invalid


@pytest.mark.parametrize("text", ["insufficient resource", "Service Unavailable"])
def test_a_5xx_says_only_not_now(text: str) -> None:
    assert type(from_json(503, {"message": text})) is errors.Unavailable


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (502, b"<html><title>502 Bad Gateway</title></html>", errors.Unavailable),
        (400, b"<html>Bad Request</html>", errors.Unavailable),
        (413, b"", errors.Unavailable),
        (404, b"<html>Not Found</html>", GONE),
        (404, b"404 page not found", GONE),
        (403, b"<html>blocked</html>", KEY),
        (402, b"", MONEY),
        (500, b"upstream connect error", errors.Unavailable),
        (504, b"\xff\xfe\x00", errors.Unavailable),
        (302, b"", errors.InvalidResponse),
    ],
)
def test_bodies_that_are_no_json(status: int, body: bytes, kind: type[errors.NovitaError]) -> None:
    error = errors.from_response(status, body)

    assert type(error) is kind
    assert "<" not in error.message
    assert error.message


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": "INSUFFICIENT_RESOURCE"}, STOCK),
        ({"error": {"message": "instance not found"}}, GONE),
        ({"code": 401, "message": "who are you"}, KEY),
        ({"code": 500, "message": "oops"}, errors.Unavailable),
        ({"reason": "INSUFFICIENT_RESOURCE"}, STOCK),
        ({"code": "BALANCE_NOT_ENOUGH", "message": "no money"}, MONEY),
        ({"error": "something went wrong"}, errors.Unavailable),
        ({"message": "insufficient resource"}, STOCK),
        ({"code": 0, "message": "balance not enough"}, MONEY),
    ],
)
def test_a_200_that_carries_an_error_and_no_result_is_one(body: dict[str, Any], kind: type[errors.NovitaError]) -> None:
    assert error_body.is_error(body)
    assert type(from_json(200, body)) is kind


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "an-id",
        None,
        {"id": "37d312386c80a3b9"},
        {"id": "37d312386c80a3b9", "error": "but the volume failed"},
        {"instanceId": "37d312386c80a3b9", "state": "toStop"},
        {"code": 0, "message": "success"},
        {"message": "migration started"},
        {"instanceId": "37d312386c80a3b9", "message": "no stock"},
        {"error": "", "reason": "", "code": 200},
        {"error": None, "code": "SUCCESS"},
        {"instances": [], "total": "0", "error": "ignored"},
    ],
    ids=json.dumps,
)
def test_a_200_with_a_result_or_without_words_is_a_success(body: object) -> None:
    assert not error_body.is_error(body)


def test_secrets_are_cut_out_before_the_message_is_shortened() -> None:
    key, password = "sk_very_secret", "pass\nword"
    text = "x" * 290 + f" {key} and pass word and {key.upper()}"

    error = errors.from_response(400, json.dumps({"message": text}), secrets=(key, password, "", "1"))

    assert len(error.message) == 300
    assert "sk_" not in error.message + error.reason
    assert "pass word" not in errors.from_response(400, "pass word", secrets=(password,)).message


def test_a_secret_that_looks_like_a_reason_is_not_repeated() -> None:
    error = errors.from_response(400, b'{"message": "bad value MY_SECRET_TOKEN_X"}', secrets=("MY_SECRET_TOKEN_X",))

    assert "MY_SECRET" not in f"{error.message} {error.reason} {error}"


def test_messages_are_one_printable_line() -> None:
    error = errors.from_response(400, json.dumps({"message": "a\nb\x1b[31m\ud800\u200b c"}))

    assert error.message == "a b [31m c"


def test_the_text_of_an_error_names_status_reason_and_request_id() -> None:
    error = from_json(400, {"reason": "INSUFFICIENT_RESOURCE", "message": "no gpu"}, X_Request_Id="r-1")

    assert str(error) == "no gpu (HTTP 400, INSUFFICIENT_RESOURCE, r-1)"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("100000", 120.0),
        ("1e999", 120.0),
        ("Mon, 01 Jun 2026 12:00:30 GMT", 30.0),
        ("Mon, 01 Jun 2026 11:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("Mon, 99 Jun 9999999 12:00:30 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_at_most_two_minutes(value: str, seconds: float | None) -> None:
    error = from_json(429, {}, Retry_After=value, Date="Mon, 01 Jun 2026 12:00:00 GMT")

    assert error.retry_after == seconds


def test_every_class_of_the_tree_is_drawn_in_the_docstring() -> None:
    classes = [name for name, found in inspect.getmembers(errors, inspect.isclass) if issubclass(found, Exception)]

    assert [name for name in classes if name not in (errors.__doc__ or "")] == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
WORDS = ("code", "reason", "message", "error", "title", "id", "metadata")
BODIES = JSON | st.dictionaries(st.sampled_from(WORDS), JSON)


@given(status=st.integers(100, 999), body=st.binary() | st.text() | BODIES.map(json.dumps), after=st.text())
def test_any_answer_becomes_an_error_of_the_tree(status: int, body: bytes | str, after: str) -> None:
    error = errors.from_response(status, body, {"Retry-After": after, "Date": after}, secrets=("sk_canary",))

    assert isinstance(error, errors.NovitaError)
    assert 0 < len(error.message) <= 300
    assert error.message.isprintable()
    assert error.retry_after is None or 0 <= error.retry_after <= 120


@given(body=BODIES)
def test_any_json_can_be_asked_whether_it_is_an_error(body: object) -> None:
    assert isinstance(error_body.is_error(body), bool)
