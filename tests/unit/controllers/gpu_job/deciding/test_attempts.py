"""The instance that an attempt rents."""

from __future__ import annotations

from typing import Any

from tests.unit.controllers.gpu_job import jobs as a

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_job.deciding import attempts


def body(*, over_ssh: bool = False, **template: Any) -> dict[str, Any]:
    resource = a.a_job(template={"command": "python train.py", **template})
    assert resource.spec is not None
    return attempts.body(resource.meta, resource.spec.template, 2, over_ssh=over_ssh)


def test_its_name_and_labels_say_which_attempt_of_which_job_it_is() -> None:
    metadata = body()["metadata"]

    assert metadata["name"] == "train-2"
    assert metadata["labels"] == {"gpu.novita.ai/job": "train", "gpu.novita.ai/job-attempt": "2"}
    (owner,) = metadata["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["controller"]) == ("GPUJob", a.UID, True)


def test_it_is_always_deleted_at_novita_and_never_begins_again_by_itself() -> None:
    spec = body(deletionPolicy="Retain", restartPolicy={"maxAttempts": 9}, image="trainer:1")["spec"]

    assert spec["deletionPolicy"] == "Delete"
    assert spec["restartPolicy"] == {"maxAttempts": 0}
    assert (spec["image"], spec["command"]) == ("trainer:1", "python train.py")


def test_null_stays_null_where_absence_would_be_a_default() -> None:
    idle = {"afterSeconds": 600, "gpuUtilizationBelow": None}

    assert body(lifetime={"idle": idle})["spec"]["lifetime"]["idle"] == idle


def test_the_program_knows_whose_result_it_reports() -> None:
    assert body(env=[{"name": "LR", "value": "0.1"}])["spec"]["env"] == [
        {"name": "LR", "value": "0.1"},
        {"name": "GPU_JOB_NAME", "value": "train"},
        {"name": "GPU_JOB_NAMESPACE", "value": "team"},
        {"name": "GPU_JOB_ATTEMPT", "value": "2"},
        {"name": "GPU_JOB_ID", "value": f"{a.UID}-2"},
    ]


def test_a_variable_of_the_template_wins() -> None:
    env = body(env=[{"name": "GPU_JOB_NAME", "value": "mine"}])["spec"]["env"]

    assert [each["value"] for each in env if each["name"] == "GPU_JOB_NAME"] == ["mine"]


def test_the_variable_by_which_the_machine_knows_the_program_is_ours_alone() -> None:
    env = body(env=[{"name": "GPU_JOB_ID", "value": "mine"}])["spec"]["env"]

    assert [each["value"] for each in env if each["name"] == "GPU_JOB_ID"] == [f"{a.UID}-2"]


def test_a_container_whose_program_runs_over_ssh_only_waits() -> None:
    spec = body(over_ssh=True, entrypoint="python", image="trainer:1")["spec"]

    assert (spec["entrypoint"], spec["command"], spec["image"]) == ("tail", "-f /dev/null", "trainer:1")


def test_the_operator_can_read_what_it_makes() -> None:
    made = body()
    stored = made | {"metadata": made["metadata"] | {"uid": "u", "creationTimestamp": "2026-11-24T12:00:00Z"}}

    assert GPUInstance.parse(stored).unreadable is None
