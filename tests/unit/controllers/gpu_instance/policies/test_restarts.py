"""After a failure: when the next try is, and when there is none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON, ago, wire

from novita_operator.api import digest, meta
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import Restarts
from novita_operator.controllers.gpu_instance.action import Fail, FailureReason
from novita_operator.controllers.gpu_instance.policies import restarts


def _object(spec: dict[str, Any] | None = None, **status: Any) -> GPUInstance:
    return a.an_object(spec=spec or {}, status={"instanceId": "i-1", **status})


def _failed(reason: FailureReason, resource: GPUInstance) -> Any:
    return restarts.failure(Fail(reason, "It happened.", "Novita's words"), resource, "i-1", NOON)


def test_a_failure_remembers_what_happened_to_which_instance() -> None:
    failure = _failed("Failed", _object())

    assert (failure.reason, failure.instance_id, failure.message) == ("Failed", "i-1", "It happened.")
    assert failure.novita_error == "Novita's words"
    assert restarts.failure(Fail("Failed", "It ended."), _object(), "i-1", NOON).novita_error is None


def test_a_failure_remembers_when_a_person_last_asked() -> None:
    asked = a.an_object(annotations={meta.RECONCILE_REQUESTED_AT: "noon"})

    assert _failed("Failed", asked).reconcile_requested_at == "noon"


def test_a_failure_remembers_the_spec_that_failed() -> None:
    resource = _object({"gpuCount": 2})

    assert _failed("Failed", resource).spec_digest == digest.of(resource.spec)


@pytest.mark.parametrize("reason", ["Failed", "InstanceLost"])
@pytest.mark.parametrize(
    ("count", "pause"),
    [(0, 30), (1, 60), (2, 120)],
)
def test_the_pause_doubles_with_each_attempt(reason: FailureReason, count: int, pause: int) -> None:
    failure = _failed(reason, _object(restarts={"count": count}))

    # One second more, since Kubernetes writes whole seconds and the pause must not come out shorter.
    assert failure.retry_at == NOON + timedelta(seconds=pause + 1)


def test_the_pause_never_exceeds_an_hour() -> None:
    spec = {"restartPolicy": {"maxAttempts": 100, "backoffSeconds": 3600}}

    assert _failed("Failed", _object(spec, restarts={"count": 90})).retry_at == NOON + timedelta(seconds=3601)


def test_after_the_last_attempt_only_a_person_helps() -> None:
    assert _failed("Failed", _object(restarts={"count": 3})).retry_at is None


def test_ten_minutes_of_ready_begin_a_new_count() -> None:
    resource = _object(restarts={"count": 3}, readyAt=wire(ago(600)))

    failure = _failed("Failed", resource)

    assert failure.retry_at is not None
    assert restarts.counted(failure, resource) == Restarts(count=1, last_at=NOON)


def test_a_short_ready_does_not() -> None:
    assert _failed("Failed", _object(restarts={"count": 3}, readyAt=wire(ago(599)))).retry_at is None


def test_what_was_too_late_is_not_tried_again() -> None:
    assert _failed("StartupTimeout", _object()).retry_at is None


@pytest.mark.parametrize(("policy", "again"), [("Recreate", True), ("FallbackOnDemand", True), ("Stop", False)])
def test_a_reclaimed_instance_is_replaced_at_once_or_left(policy: str, again: bool) -> None:
    failure = _failed("SpotReclaimed", _object({"onSpotReclaim": policy}))

    assert (failure.retry_at == NOON) is again


@pytest.mark.parametrize("reason", ["NoCapacityAtStart", "PriceAboveLimit"])
def test_one_for_which_there_is_no_stock_or_that_is_too_dear_is_replaced_at_once(reason: FailureReason) -> None:
    assert _failed(reason, _object(restarts={"count": 3})).retry_at == NOON


@pytest.mark.parametrize("reason", ["SpotReclaimed", "NoCapacityAtStart", "PriceAboveLimit"])
def test_a_replacement_costs_no_attempt(reason: FailureReason) -> None:
    resource = _object()

    assert restarts.counted(_failed(reason, resource), resource) is None


@pytest.mark.parametrize(
    ("failure", "stands"),
    [
        pytest.param({}, True, id="without a time, until a person asks"),
        pytest.param({"retryAt": wire(NOON + timedelta(seconds=1))}, True, id="until its time"),
        pytest.param({"retryAt": wire(NOON)}, False, id="not after it"),
        pytest.param({"generation": 0}, False, id="not after an edit"),
        pytest.param({"reconcileRequestedAt": "earlier"}, False, id="not after the annotation changed"),
    ],
)
def test_a_failure_stands(failure: dict[str, Any], stands: bool) -> None:
    resource = _object(failure=a.a_failure("Failed") | failure)

    assert restarts.stands(resource, NOON) is stands


@pytest.mark.parametrize(("asked", "stands"), [("noon", True), ("later", False)])
def test_a_failure_after_which_a_person_has_asked_stands_until_the_next_request(asked: str, stands: bool) -> None:
    failure = a.a_failure("Failed", asked="noon")
    resource = a.an_object(status={"failure": failure}, annotations={meta.RECONCILE_REQUESTED_AT: asked})

    assert restarts.stands(resource, NOON) is stands
