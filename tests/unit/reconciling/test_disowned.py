"""When operators of other classes say that nobody works on an account or an object, and when they keep silent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from novita_operator.api import crd, kinds
from novita_operator.api.operator_class import Foreign
from novita_operator.reconciling import disowned
from novita_operator.reconciling.disowned import REASON, Said, Silent

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
FOREIGN = Foreign("default", "absent")
USERS = (kinds.GPU_INSTANCE, kinds.GPU_INSTANCE_SET, kinds.GPU_JOB)
ACCOUNT = kinds.NOVITA_ACCOUNT.plural


def _condition(kind: str, status: str, reason: str, age: float = 3600) -> dict[str, Any]:
    return {
        "type": kind, "status": status, "reason": reason, "message": "",
        "lastTransitionTime": _time(age),
    }  # fmt: skip


def _time(age: float) -> str:
    return f"{NOW - timedelta(seconds=age):%Y-%m-%dT%H:%M:%SZ}"


def _body(age: float = 3600, **status: Any) -> dict[str, Any]:
    metadata = {"name": "a", "uid": "u", "resourceVersion": "1", "generation": 2, "creationTimestamp": _time(age)}
    return {"metadata": metadata, "spec": {}, **({"status": status} if status else {})}


def _ready(reason: str = "Ready", age: float = 3600, status: str = "True") -> list[dict[str, Any]]:
    return [_condition("Ready", status, reason, age)]


def _judge(plural: str, body: dict[str, Any], account: dict[str, Any], since: float = 60) -> Silent | Said:
    return disowned.judge(plural, body, account, FOREIGN, NOW - timedelta(seconds=since), NOW)


def _words(found: Silent | Said) -> dict[str, tuple[str, str]]:
    assert isinstance(found, Said)
    return {each["type"]: (each["status"], each["reason"]) for each in found.status["conditions"]}


@pytest.mark.parametrize("kind", USERS, ids=lambda kind: kind.plural)
def test_a_new_object_is_told_once_its_own_operator_had_time_to_speak(kind: kinds.Kind) -> None:
    assert _judge(kind.plural, _body(age=4), _body()) == Silent(6)
    assert _words(_judge(kind.plural, _body(age=11), _body()))["Ready"] == ("False", REASON)


@pytest.mark.parametrize("kind", USERS, ids=lambda kind: kind.plural)
def test_an_object_that_its_operator_wrote_about_is_left_alone_while_the_account_says_nothing(kind: kinds.Kind) -> None:
    body = _body(conditions=_ready(), observedGeneration=1)

    assert _judge(kind.plural, body, _body(conditions=_ready(), className="absent")) == Silent()


@pytest.mark.parametrize("class_name", ["absent", None], ids=["its own class", "a version before"])
def test_an_account_that_its_own_operator_wrote_about_is_left_alone_however_long_ago(class_name: str | None) -> None:
    said = {"className": class_name} if class_name is not None else {}

    assert _judge(ACCOUNT, _body(conditions=_ready(), lastPolledAt=_time(9999), **said), {}) == Silent()


def test_an_account_that_another_class_wrote_about_is_told_after_a_silence() -> None:
    body = _body(conditions=[*_ready(), _condition("CredentialsValid", "True", "Ready")], className="", instances={})

    assert _judge(ACCOUNT, body, {}, since=4) == Silent(6)
    assert _words(_judge(ACCOUNT, body, {}, since=10)) == {
        "Ready": ("Unknown", REASON), "Stalled": ("True", REASON), "CredentialsValid": ("True", "Ready"),
    }  # fmt: skip


@pytest.mark.parametrize("kind", USERS, ids=lambda kind: kind.plural)
def test_objects_are_told_when_nobody_has_answered_for_the_account(kind: kinds.Kind) -> None:
    body = _body(conditions=[*_ready(), _condition("Reconciling", "True", "Pulling")], phase="Running")

    assert _judge(kind.plural, body, _body(conditions=_ready(), className="")) == Silent(20)
    assert _judge(kind.plural, body, _body(conditions=_ready(REASON, 5, "Unknown"))) == Silent(15)
    told = _words(_judge(kind.plural, body, _body(conditions=_ready(REASON, 20, "Unknown"))))
    assert told["Ready"] == ("Unknown", REASON)
    assert told["Stalled"] == ("True", REASON)
    assert "Reconciling" not in told


@pytest.mark.parametrize("plural", [kind.plural for kind in kinds.ALL])
def test_what_is_told_is_told_by_all_in_the_same_words_and_once(plural: str) -> None:
    account = _body(conditions=_ready(REASON, 60, "Unknown"), className="")
    told = _judge(plural, _body(conditions=_ready(), className=""), account)
    assert isinstance(told, Said)

    again = disowned.judge(plural, _body(**told.status), account, FOREIGN, NOW, NOW + timedelta(hours=1))

    assert isinstance(again, Said) or plural == ACCOUNT
    assert not isinstance(again, Said) or again.status == told.status


@pytest.mark.parametrize("kind", USERS, ids=lambda kind: kind.plural)
def test_a_new_object_is_told_once_though_the_api_server_adds_zeros_to_its_status(kind: kinds.Kind) -> None:
    account = _body(conditions=_ready(REASON, 60, "False"))
    told = _judge(kind.plural, _body(age=11), account)
    assert isinstance(told, Said)
    stored = _body(age=11, **_defaults(kind), **told.status)

    again = disowned.judge(kind.plural, stored, account, FOREIGN, NOW, NOW + timedelta(hours=1))

    assert again == Said(stored["status"], told.text)


def _defaults(kind: kinds.Kind) -> dict[str, Any]:
    """What the API server adds to a status of this kind."""
    (found,) = (body for body in crd.manifests().values() if body["spec"]["names"]["plural"] == kind.plural)
    schema = found["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"]
    return {name: field["default"] for name, field in schema.items() if "default" in field}
