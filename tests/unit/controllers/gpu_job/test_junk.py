"""No junk in annotations, spec and status makes a pass over a job raise, and nothing begins again because of it."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.controllers.gpu_job import jobs as a
from tests.unit.support import junk, parts
from tests.unit.support.builders import ago, wire
from tests.unit.support.cluster import ApiServer

from novita_operator.api import meta
from novita_operator.api.gpu_job.status import GPUJobStatus
from novita_operator.kube import errors
from novita_operator.kube.cache import Key

KEY = Key("gpujobs", "team", "train")
PASSES = 4
INSTANCE = {"metadata": {"name": "train-1", "namespace": "team", "uid": "uid-1", "creationTimestamp": wire(ago(60))}}
SPEC = {
    "template": {"image": "ubuntu", "command": "run"},
    "suspend": False,
    "backoffLimit": 2,
    "activeDeadlineSeconds": 6000,
    "ttlSecondsAfterFinished": 60_000,
    "completion": {"signal": "Annotation"},
}
STATUS = a.MADE | {
    "observedGeneration": 1,
    "conditions": [a.a_condition("Ready", "Running")],
    "phase": "Running",
    "completionTime": wire(ago(10)),
    "succeeded": 0,
    "failed": 1,
    "failures": [a.a_failure(1)],
}
COUNTED = ("conditions", "attempts", "succeeded", "failed", "instanceName", "instanceUid")
ODD_TIMES = ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59", "2026-11-24T12:00:00", "yesterday", "", 7, None)


@dataclass
class Instances:
    """The job's instances: one that runs, and what a pass makes and lets go."""

    made: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)

    async def of(self, _: meta.Meta) -> tuple[dict[str, Any], ...]:
        return () if self.deleted else (INSTANCE,)

    async def find(self, _: meta.Meta, _name: str) -> dict[str, Any] | None:
        return None

    async def look(self, _: meta.Meta) -> None:
        pass

    async def make(self, body: dict[str, Any], _: meta.Meta) -> None:
        self.made.append(body["metadata"]["name"])

    async def delete(self, name: str, _uid: str, _: meta.Meta) -> None:
        self.deleted.append(name)


async def _live(body: dict[str, Any]) -> tuple[Instances, dict[str, Any]]:
    server, instances = ApiServer(copy.deepcopy(body)), Instances()
    clock = parts.HandClock()
    reconciler = a.a_reconciler(server, instances, clock)
    for _ in range(PASSES):
        reconciler.cache.put(KEY, copy.deepcopy(server.objects["team/train"]))
        with contextlib.suppress(errors.KubeError):  # what the played API server refuses
            await reconciler.reconcile(KEY)
        clock.turned += 120
    await reconciler.crashed(KEY, ValueError("any"), 10)
    return instances, server.objects["team/train"]


def live(**parts_of_it: Any) -> tuple[Instances, dict[str, Any]]:
    """Some passes over a job that looks like this."""
    spec, status = parts_of_it.pop("spec", SPEC), parts_of_it.pop("status", STATUS)
    body = a.a_body(**parts_of_it)
    return asyncio.run(_live(body | {"spec": spec, "status": status}))


deleting = st.booleans()


@given(junk.spoiled(STATUS), deleting)
@example(STATUS | {"startTime": ODD_TIMES[0]}, False)
def test_junk_in_the_status(status: Any, deleting: bool) -> None:
    _, left = live(status=status, deleting=deleting)

    json.dumps(left["status"])


@given(junk.spoiled(SPEC), deleting)
def test_junk_in_the_spec(spec: Any, deleting: bool) -> None:
    live(spec=spec, deleting=deleting)


@given(
    st.sampled_from((meta.JOB_RESULT, meta.PAUSED, meta.RECONCILE_REQUESTED_AT)),
    st.sampled_from(junk.HURTFUL) | st.text(max_size=60),
    deleting,
)
def test_junk_in_an_annotation(note: str, text: str, deleting: bool) -> None:
    live(annotations={note: text}, deleting=deleting)


@pytest.mark.parametrize("time", ODD_TIMES)
@pytest.mark.parametrize("name", ["startTime", "completionTime"])
def test_a_time_that_cannot_be_read_is_written_again(name: str, time: Any) -> None:
    instances, left = live(status=STATUS | {name: time})

    GPUJobStatus.model_validate(left["status"])
    assert left["status"]["attempts"] == 1
    assert instances == Instances()


@pytest.mark.parametrize("time", ODD_TIMES)
def test_a_failure_whose_time_cannot_be_read_is_counted_on(time: Any) -> None:
    _, left = live(status=STATUS | {"failures": [a.a_failure(1) | {"at": time}]})

    assert (left["status"]["failed"], left["status"]["attempts"]) == (1, 1)


@pytest.mark.parametrize("time", ODD_TIMES)
def test_a_job_that_has_ended_does_not_begin_again_because_of_an_odd_time(time: Any) -> None:
    ended = [a.a_condition(kind) | {"lastTransitionTime": time} for kind in ("SuccessCriteriaMet", "Complete")]

    instances, left = live(status={"conditions": ended, "attempts": 1, "succeeded": 1})

    assert instances == Instances(deleted=["train-1"])  # what it left behind
    assert {"Complete", "SuccessCriteriaMet"} <= {each["type"] for each in left["status"]["conditions"]}
    assert left["status"]["attempts"] == 1


@pytest.mark.parametrize("name", COUNTED)
def test_what_is_counted_and_cannot_be_read_stays_as_it_is_and_nothing_begins(name: str) -> None:
    status = STATUS | {name: {"by": "hand"}}

    instances, left = live(status=status)

    assert left["status"][name] == {"by": "hand"}
    assert (instances.made, instances.deleted) == ([], [])


@pytest.mark.parametrize("parts_of_it", [{"spec": SPEC | {"backoffLimit": "many"}}, {"status": {"attempts": []}}])
def test_a_job_that_is_deleted_lets_go_though_it_cannot_be_read(parts_of_it: Any) -> None:
    assert live(deleting=True, **parts_of_it)[0].deleted == ["train-1"]
