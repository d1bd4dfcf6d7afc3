"""The exit code of whoever waits for a job."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON

from novita_operator.api.gpu_job.resource import GPUJob
from novita_operator.plugin.run import outcome
from novita_operator.plugin.run.outcome import Outcome


def _job(kind: str | None, **status: Any) -> GPUJob:
    condition = {"status": "True", "reason": "Any", "message": "so it is", "lastTransitionTime": a.wire(NOON)}
    told = {} if kind is None else {"conditions": [{"type": kind, **condition}]}
    metadata = {"name": "train", "namespace": "default", "uid": a.UID, "creationTimestamp": a.wire(NOON)}
    return GPUJob.parse({"metadata": metadata, "spec": {"template": {"command": "x"}}, "status": told | status})


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("Complete", {"exitCode": 0}, 0),
        ("SuccessCriteriaMet", {"exitCode": 0}, 0),
        ("Failed", {"exitCode": 3}, 3),
        ("FailureTarget", {"exitCode": 137}, 137),
        ("Failed", {}, 1),
        ("Failed", {"exitCode": 0}, 1),
    ],
)
def test_it_is_the_programs_where_that_is_known(kind: str, status: dict[str, Any], code: int) -> None:
    assert outcome.of(_job(kind, **status)) == Outcome(code, "so it is")


def test_while_it_goes_on_there_is_none() -> None:
    assert outcome.of(_job("Ready")) is None
    assert outcome.of(_job(None)) is None
