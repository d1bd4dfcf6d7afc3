"""What the cluster refuses of that which is made for an object, as the object tells it. Pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.result import Problem
from novita_operator.kube import errors

Body = Mapping[str, Any]

_LEFTOVER_SECONDS = 2.0  # the garbage collector needs about a second
_SHORTEST_VALUE = 4  # a shorter one is no password, and would be found in words


def before_renting(error: errors.KubeError, body: Body) -> Problem:
    """Found out by a rehearsal: nothing is rented that nobody could be told of."""
    then = "Nothing is rented before the cluster takes it; it is tried again by itself."
    return _problem(error, body, ConditionType.SCHEDULED, then)


def of_running(error: errors.KubeError, secret: Body, seen: Observation) -> Problem:
    """The instance is there, and the Secret that says how to reach it is not: no fault of the instance."""
    price, number = seen.resource.status.price_per_hour, seen.instance_id
    bill = f"Instance {number} runs and costs {price} USD/h meanwhile" if price else f"Instance {number} runs meanwhile"
    then = f"{bill}; it is not ended for that. The Secret is tried again by itself."
    return _problem(error, secret, ConditionType.READY, then)


def _problem(error: errors.KubeError, body: Body, about: ConditionType, then: str) -> Problem:
    kind, field = body["kind"], _FIELDS[body["kind"]]
    said = _without_values(str(error), body).rstrip(".")
    if isinstance(error, errors.Leftover):
        text = f"{field}: {said}. {then}"
        return Problem(about, _CONFLICTS[kind], text, retry_after=_LEFTOVER_SECONDS, back_off=False)
    if isinstance(error, errors.Taken):
        text = f"{field}: {said}. {_WAYS_OUT[kind]} {then}"
        return Problem(about, _CONFLICTS[kind], text, stalled=True)
    text = (
        f"{field}: the cluster does not take {kind} {body['metadata']['name']}: {said}.{_way_out(error, kind)} {then}"
    )
    stalled = not isinstance(error, errors.Unreachable)
    return Problem(about, _REFUSALS[kind], text, stalled=stalled, retry_after=error.retry_after)


def _way_out(error: errors.KubeError, kind: str) -> str:
    """What a person can do about a refusal, where that is known."""
    match error:
        case errors.Immutable():
            return f" Delete it, and it is made anew: the operator has no right to delete any {kind}."
        case errors.Forbidden() if kind in _RIGHTS:
            return f" {_RIGHTS[kind]}"
        case _:
            return ""


def _without_values(text: str, body: Body) -> str:
    """A policy may print what it refuses, and people who may not read the Secret read conditions."""
    for value in (body.get("data") or {}).values():
        for form in (value, base64.b64decode(value).decode()):
            if len(form) >= _SHORTEST_VALUE:
                text = text.replace(form, "[redacted]")
    return text


SERVICES_RIGHT = "If the right is missing, an administrator gives it with rbac.services=true of the chart."
_RIGHTS = {"Service": SERVICES_RIGHT, "EndpointSlice": SERVICES_RIGHT}
_FIELDS = {"Secret": "spec.connectionSecretName", "Service": "spec.service", "EndpointSlice": "spec.service"}
_WAYS_OUT = {
    "Secret": "Delete that Secret, or create a GPUInstance with another name.",
    "Service": "Delete it, or set spec.service.name to another name; nothing was changed.",
    "EndpointSlice": "Delete it, or set spec.service.name to another name; nothing was changed.",
}
_CONFLICTS = {
    "Secret": Reason.SECRET_CONFLICT,
    "Service": Reason.SERVICE_CONFLICT,
    "EndpointSlice": Reason.SERVICE_CONFLICT,
}
_REFUSALS = {
    "Secret": Reason.SECRET_REFUSED,
    "Service": Reason.SERVICE_REFUSED,
    "EndpointSlice": Reason.SERVICE_REFUSED,
}
