"""Jobs and their instances, each with one sensible value for everything that a test does not speak of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from tests.unit.support.builders import ago, wire
from tests.unit.support.cluster import ApiServer
from tests.unit.support.parts import HandClock

from novita_operator.api import kinds
from novita_operator.api.gpu_job.resource import GPUJob
from novita_operator.controllers.gpu_job.observing.observation import Observation, Pauses
from novita_operator.controllers.gpu_job.observing.program import UNATTENDED, Attended
from novita_operator.controllers.gpu_job.reconciler import Reconciler
from novita_operator.kube.cache import Cache
from novita_operator.kube.recorder import Recorder
from novita_operator.reconciling.owned import Child, Ended, Trouble
from novita_operator.reconciling.publishing import Publisher

UID = "0b1e3b4c-0f6b-4f0e-9f0e-2f8a0a4d5c11"
NOBODY_ATTENDS: Any = SimpleNamespace(follow=lambda *_: UNATTENDED, forget=lambda _: None)
"""Stands for an attendant who has no machine to go to."""
PAUSES = Pauses(first=10, longest=360)
JUST_ENDED = Ended("Failed", "Instance i-1 ended by itself. Novita gives no reason.", None)
BROKE = Ended("Failed", "Instance i-1 ended by itself. Novita says: NODE_STATUS.", "NODE_STATUS")
TOO_SLOW = Ended("StartupTimeout", "Instance i-1 was not Ready 600 s after its start.", None)
NO_BALANCE = Trouble("InsufficientBalance", "Top up the account.", lasting=True)
UNDER_WAY = {"attempts": 1, "active": 1, "instanceName": "train-1", "startTime": wire(ago(300))}
"""The status of a job whose first attempt was counted; whether its instance was made is not known."""
MADE = UNDER_WAY | {"instanceUid": "uid-1"}
"""The same, with its instance."""


def a_failure(attempt: int, *, age: float = 600) -> dict[str, Any]:
    return {"attempt": attempt, "reason": "Failed", "message": f"Attempt {attempt} broke.", "at": wire(ago(age))}


def a_condition(kind: str, reason: str = "Completed", *, age: float = 60) -> dict[str, Any]:
    return {
        "type": kind,
        "status": "True",
        "reason": reason,
        "message": "It ended.",
        "lastTransitionTime": wire(ago(age)),
        "observedGeneration": 1,
    }


def a_body(
    *,
    status: Mapping[str, Any] | None = None,
    annotations: Mapping[str, str] | None = None,
    result: str | None = None,
    deleting: bool = False,
    **spec: Any,
) -> dict[str, Any]:
    """A GPUJob as the API server sends it; keywords are the spec's fields in camelCase."""
    notes = dict(annotations or {}) | ({} if result is None else {"gpu.novita.ai/job-result": result})
    metadata: dict[str, Any] = {
        "name": "train",
        "namespace": "team",
        "uid": UID,
        "resourceVersion": "7",
        "generation": 1,
        "creationTimestamp": wire(ago(3600)),
        "annotations": notes,
    }
    if deleting:
        metadata["deletionTimestamp"] = wire(ago(30))
    whole = {"template": {"command": "python train.py"}, "completion": {"signal": "Exited"}, **spec}
    told = dict(status or {})
    if told.get("attempts") and "signal" in whole["completion"]:
        told = {"completionSignal": whole["completion"]["signal"]} | told
    return {"metadata": metadata, "spec": whole, "status": told}


def a_job(**parts: Any) -> GPUJob:
    return GPUJob.parse(a_body(**parts))


def an_instance(attempt: int = 1, **changes: Any) -> Child:
    """One that runs, unless `changes` say otherwise."""
    child = Child(
        name=f"train-{attempt}",
        uid=f"uid-{attempt}",
        created_at=ago(600),
        ready=True,
        was_ready=True,
        reason="Ready",
        message="It runs.",
    )
    return replace(child, **changes)


def ended(how: Ended = JUST_ENDED, **changes: Any) -> Child:
    return an_instance(**{"ready": False, "ended": how, "reason": how.reason, **changes})


def starting(**changes: Any) -> Child:
    return an_instance(**{"ready": False, "was_ready": False, "reason": "Pulling", "message": "It pulls.", **changes})


def going(attempt: int = 1) -> Child:
    return an_instance(attempt, deleting=True, ready=False, reason="Deleting", message="It goes.")


def seen(resource: GPUJob, *children: Child, program: Attended = UNATTENDED) -> Observation:
    return Observation(resource, children, PAUSES, program)


def a_reconciler(server: ApiServer, children: Any, clock: HandClock) -> Reconciler:
    """The reconciler of jobs at a played API server, where nobody attends to programs."""
    recorder, cache = Recorder(server.client, "operator-0"), Cache()
    publisher = Publisher(kinds.GPU_JOB, server.client, cache, recorder, clock)
    return Reconciler(
        server.client,
        cache,
        children,
        publisher,
        recorder,
        clock,
        pauses=PAUSES,
        resync_seconds=300,
        attendant=NOBODY_ATTENDS,
    )
