"""What `helm test` says of an installation, case by case."""

from __future__ import annotations

from typing import Any

import pytest

from novita_operator.api import resources
from novita_operator.installation import judging

AT = "novita-system/novita-operator"
EVERY_KIND = [each.plural for each in resources.RESOURCES]
READY = {"observedGeneration": 2, "updatedReplicas": 1, "readyReplicas": 1}
UNAVAILABLE = {"type": "Available", "status": "False", "message": "Deployment does not have minimum availability."}


def _deployment(replicas: int = 1, **status: Any) -> dict[str, Any]:
    return {"metadata": {"generation": 2}, "spec": {"replicas": replicas}, "status": status}


OPERATORS: dict[str, tuple[dict[str, Any] | None, bool, str]] = {
    "none": (None, True, "there is no such Deployment"),
    "no pods wanted": (_deployment(0), True, "nothing is stopped or deleted"),
    "ready": (_deployment(**READY), False, "1 of 1 pods are ready"),
    "one of two ready": (_deployment(2, **READY), False, "1 of 2 pods are ready"),
    "not ready": (_deployment(conditions=[UNAVAILABLE]), True, "no pod is ready; Deployment does not have minimum"),
    "no status at all": ({**_deployment(), "status": None}, True, "no pod is ready"),
    "an old generation was ready": (_deployment(**READY | {"observedGeneration": 1}), True, "no pod is ready"),
    "only a pod of the old template is ready": (_deployment(**READY | {"updatedReplicas": 0}), True, "no pod is ready"),
}


@pytest.mark.parametrize(("deployment", "wrong", "text"), OPERATORS.values(), ids=OPERATORS)
def test_the_operator(deployment: dict[str, Any] | None, wrong: bool, text: str) -> None:
    verdict = judging.operator(deployment, AT)

    assert verdict.wrong is wrong
    assert text in verdict.text


@pytest.mark.parametrize("missing", EVERY_KIND)
def test_a_kind_that_is_not_served_is_named(missing: str) -> None:
    verdict = judging.kinds(each for each in EVERY_KIND if each != missing)

    assert verdict.wrong
    assert f"does not serve {missing}" in verdict.text


def test_all_kinds_and_their_subresources_are_fine() -> None:
    assert not judging.kinds([*EVERY_KIND, "gpuinstances/status"]).wrong


def _account(*conditions: dict[str, str]) -> dict[str, Any]:
    return {"metadata": {"name": "default"}, "status": {"conditions": list(conditions)} if conditions else {}}


MISSING = {"type": "Ready", "status": "False", "reason": "KeyMissing", "message": 'Secret "novita-api-key" is missing.'}
ACCOUNTS: dict[str, tuple[list[dict[str, Any]], bool, str]] = {
    "none": ([], True, "there is no NovitaAccount"),
    "nothing said yet": ([_account()], True, "said nothing about it yet"),
    "not Ready": ([_account(MISSING)], True, 'not Ready, KeyMissing: Secret "novita-api-key" is missing.'),
    "Ready": ([_account(MISSING | {"status": "True"})], False, "Ready"),
}


@pytest.mark.parametrize(("bodies", "wrong", "text"), ACCOUNTS.values(), ids=ACCOUNTS)
def test_accounts(bodies: list[dict[str, Any]], wrong: bool, text: str) -> None:
    (verdict,) = judging.accounts(bodies)

    assert verdict.wrong is wrong
    assert text in verdict.text


def test_what_is_wrong_is_marked_and_followed_by_a_way_out() -> None:
    said = str(judging.operator(None, AT))

    assert said.startswith(f"WRONG  operator {AT}: there is no such Deployment\n")
    assert "Install the chart" in said
