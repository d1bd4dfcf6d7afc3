"""The cluster's own sentence reaches people, and what is secret in it does not."""

from __future__ import annotations

import base64

import pytest
from tests.unit.support import builders as a

from novita_operator.controllers.gpu_instance.launching import refusals
from novita_operator.kube import errors

_PASSWORD = "canary-password"
_SECRET = {
    "kind": "Secret",
    "metadata": {"name": "demo-connection"},
    "data": {"password": base64.b64encode(_PASSWORD.encode()).decode(), "port": base64.b64encode(b"22").decode()},
}


def test_a_policy_that_prints_what_it_refuses_betrays_nothing() -> None:
    error = errors.Rejected(f"policy: {_PASSWORD} or {_SECRET['data']['password']} is no password, port 22")

    problem = refusals.of_running(error, _SECRET, a.an_observation(a.an_object(status={"instanceId": "i-1"})))

    assert "policy: [redacted] or [redacted] is no password, port 22." in problem.message
    assert "Instance i-1 runs" in problem.message


@pytest.mark.parametrize(
    ("error", "reason", "stalled"),
    [
        (errors.Forbidden("exceeded quota"), "SecretRefused", True),
        (errors.Rejected("denied by policy"), "SecretRefused", True),
        (errors.Broken("webhook does not answer"), "SecretRefused", False),
        (errors.Taken("it belongs to somebody else"), "SecretConflict", True),
        (errors.Leftover("it goes"), "SecretConflict", False),
    ],
)
def test_what_only_a_person_can_change_is_stalled(error: errors.KubeError, reason: str, stalled: bool) -> None:
    problem = refusals.before_renting(error, _SECRET)

    assert (problem.reason, problem.stalled) == (reason, stalled)
    assert "Nothing is rented" in problem.message


def test_a_secret_that_somebody_made_immutable_is_told_with_the_way_out() -> None:
    error = errors.Immutable("Secret demo-connection was made immutable, and its content is not right")

    problem = refusals.of_running(error, _SECRET, a.an_observation(a.an_object(status={"instanceId": "i-1"})))

    assert (problem.reason, problem.stalled) == ("SecretRefused", True)
    assert "its content is not right. Delete it, and it is made anew: the operator has no right" in problem.message
    assert "it is not ended for that" in problem.message
