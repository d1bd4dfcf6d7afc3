"""A job as its user sees it: it runs, it ends one way or the other, and its instance is always released."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.cluster.owners import JOBS, Owners, owners
from tests.support import waiting
from tests.support.history import condition, conditions
from tests.support.kube import Body
from tests.support.workspace import Workspace

_RESULT = "gpu.novita.ai/job-result"
_NODE_BROKE = {"state": "NODE_STATUS", "message": "the node is broken"}


@pytest.fixture
async def jobs(workspace: Workspace) -> AsyncIterator[Owners]:
    async with owners(workspace, JOBS) as made:
        yield made


async def make(jobs: Owners, name: str = "train", *, instance: dict[str, Any] | None = None, **spec: Any) -> None:
    """A job; `instance` are further fields of the template."""
    template = {
        "accountRef": {"name": jobs.workspace.account_name},
        "command": "python train.py",
        **(instance or {}),
    }
    await jobs.create(name, template=template, **spec)


async def running(jobs: Owners, attempt: int = 1, name: str = "train") -> str:
    """Until this attempt runs; the id of its instance at Novita."""
    await jobs.until(
        name,
        lambda body: (body.get("status") or {}).get("phase") == "Running" and body["status"]["attempts"] == attempt,
        f"attempt {attempt} runs",
    )
    return str((await jobs.workspace.get(f"{name}-{attempt}"))["status"]["instanceId"])


async def ends(jobs: Owners, instance_id: str, **error: Any) -> None:
    """The container ends, as Novita shows it."""
    await jobs.workspace.novita.force(instance_id, status="exited", **error)


def types(body: Body) -> set[str]:
    return set(conditions(body))


async def test_kubectl_waits_for_a_job_and_nothing_is_billed_when_it_returns(jobs: Owners) -> None:
    await make(jobs)
    await ends(jobs, await running(jobs))

    waited = await jobs.workspace.kubectl("wait", "--for=condition=Complete", "gpujob/train", "--timeout=60s")

    assert waited.code == 0, waited.err
    ledger = await jobs.workspace.novita.ledger()
    status = (await jobs.get("train"))["status"]
    assert (ledger.created, len(ledger.live), len(ledger.billing)) == (1, 0, 0)
    assert (status["succeeded"], status["failed"], status["attempts"], status["active"]) == (1, 0, 1, 0)
    assert status["startTime"] <= status["completionTime"]


async def test_a_complete_job_is_ready_and_never_begins_again(jobs: Owners) -> None:
    await make(jobs)
    await ends(jobs, await running(jobs))
    await jobs.until_condition("train", "Complete")

    await jobs.edit("train", activeDeadlineSeconds=1, backoffLimit=0)
    body = await jobs.until_condition("train", "Complete")

    body = await jobs.until(
        "train", lambda body: body["status"]["observedGeneration"] == body["metadata"]["generation"], "it was looked at"
    )
    assert types(body) == {"Ready", "Complete", "SuccessCriteriaMet"}
    assert conditions(body)["Ready"] == ("True", "Completed")
    assert (await jobs.workspace.novita.ledger()).created == 1


async def test_the_instance_runs_the_command_and_knows_its_job(jobs: Owners) -> None:
    await make(jobs, instance={"deletionPolicy": "Delete", "gpuCount": 2})
    await running(jobs)

    (instance,) = await jobs.workspace.novita.instances()
    (child,) = await jobs.instances()
    assert instance["command"] == "python train.py"
    assert {"key": "GPU_JOB_ATTEMPT", "value": "1"} in instance["envs"]
    assert {"key": "GPU_JOB_NAME", "value": "train"} in instance["envs"]
    assert child["metadata"]["labels"]["gpu.novita.ai/job"] == "train"
    assert child["spec"]["gpuCount"] == 2


async def test_deleting_a_job_while_it_runs_ends_the_billing(jobs: Owners) -> None:
    await make(jobs)
    await running(jobs)

    printed = await jobs.workspace.kubectl("delete", "gpujob/train")

    assert printed.code == 0, printed.err
    await jobs.until_released()
    assert (await jobs.workspace.novita.ledger()).created == 1


async def test_a_job_that_was_replaced_by_force_waits_for_the_old_instance_and_is_not_stalled(jobs: Owners) -> None:
    """`kubectl replace --force` deletes the job and makes another of its name, whose instance has the same name."""
    await make(jobs)
    await running(jobs)
    old = await jobs.get("train")
    manifest = {key: old[key] for key in ("apiVersion", "kind", "spec")} | {"metadata": {"name": "train"}}
    await jobs.workspace.novita.fault("down", route="delete")

    printed = await jobs.workspace.kubectl("replace", "--force", "-f", "-", stdin=json.dumps(manifest))
    assert printed.code == 0, printed.err
    body = await jobs.until("train", lambda body: "attempts" in (body.get("status") or {}), "the new one has begun")
    for seconds in (9000, 8000):  # two passes while the old instance is still there
        await jobs.edit("train", activeDeadlineSeconds=seconds)
        body = await jobs.until(
            "train",
            lambda body: body["status"].get("observedGeneration") == body["metadata"]["generation"],
            "it was looked at",
        )

    assert body["metadata"]["uid"] != old["metadata"]["uid"]
    assert "Stalled" not in types(body)
    assert "CreateRefused" not in str(body["status"]["conditions"])
    await jobs.workspace.novita.end_faults()
    await running(jobs)
    ledger = await jobs.workspace.novita.ledger()
    assert (ledger.created, len(ledger.live)) == (2, 1)


async def test_deleting_a_job_while_it_is_being_rented_leaves_nothing_behind(jobs: Owners) -> None:
    await jobs.workspace.novita.fault("delay", route="create", seconds=1.0, after=True)
    await make(jobs)

    async def asked() -> bool:
        return (await jobs.workspace.novita.calls()).of("create") == 1

    await jobs.workspace.until_novita(asked, "the create call is under way")
    await jobs.delete("train")

    await jobs.until_gone("train")
    await jobs.until_released()


async def test_failed_attempts_are_repeated_up_to_the_backoff_limit(jobs: Owners) -> None:
    await make(jobs, backoffLimit=1)
    await ends(jobs, await running(jobs, 1), statusError=_NODE_BROKE)
    await ends(jobs, await running(jobs, 2), statusError=_NODE_BROKE)

    waited = await jobs.workspace.kubectl("wait", "--for=condition=Failed", "gpujob/train", "--timeout=60s")

    assert waited.code == 0, waited.err
    body = await jobs.until_condition("train", "Failed", reason="BackoffLimitExceeded")
    ledger = await jobs.workspace.novita.ledger()
    assert (ledger.created, len(ledger.live)) == (2, 0)
    assert (body["status"]["failed"], body["status"]["attempts"]) == (2, 2)
    assert [failure["attempt"] for failure in body["status"]["failures"]] == [1, 2]
    assert "the node is broken" in body["status"]["failures"][0]["message"]
    assert conditions(body)["Stalled"] == ("True", "BackoffLimitExceeded")


async def test_an_attempt_that_succeeds_after_one_that_failed_completes_the_job(jobs: Owners) -> None:
    await make(jobs)
    await ends(jobs, await running(jobs, 1), statusError=_NODE_BROKE)
    await ends(jobs, await running(jobs, 2))

    body = await jobs.until_condition("train", "Complete")

    assert (body["status"]["failed"], body["status"]["succeeded"]) == (1, 1)
    await jobs.until_released()


async def test_an_image_that_does_not_exist_fails_the_attempt_with_novitas_words(jobs: Owners) -> None:
    await make(jobs, backoffLimit=0, instance={"image": "docker.io/me/does-not-exist:1"})

    body = await jobs.until_condition("train", "Failed", reason="BackoffLimitExceeded")

    assert "failed to pull the image" in condition(body, "Failed")["message"]
    await jobs.until_released()


async def test_the_deadline_ends_a_job_that_runs(jobs: Owners) -> None:
    await make(jobs)
    await running(jobs)

    await jobs.edit("train", activeDeadlineSeconds=1)

    body = await jobs.until_condition("train", "Failed", reason="DeadlineExceeded")
    assert (body["status"]["failed"], body["status"]["attempts"]) == (1, 1)
    assert (await jobs.workspace.novita.ledger()).live == ()


async def test_the_deadline_ends_a_job_that_cannot_be_rented(jobs: Owners) -> None:
    await jobs.workspace.novita.sold_out()

    await make(jobs, activeDeadlineSeconds=2)

    await jobs.until_condition("train", "Failed", reason="DeadlineExceeded")
    assert (await jobs.workspace.novita.ledger()).created == 0
    assert await jobs.names() == []


async def test_suspending_releases_the_instance_and_resuming_begins_another_attempt(jobs: Owners) -> None:
    await make(jobs)
    await running(jobs, 1)

    await jobs.edit("train", suspend=True)
    held = await jobs.until_condition("train", "Ready", reason="Suspended")
    after = await jobs.workspace.novita.ledger()
    await jobs.edit("train", suspend=False)
    await ends(jobs, await running(jobs, 2))
    body = await jobs.until_condition("train", "Complete")

    assert (len(after.live), len(after.billing)) == (0, 0)
    assert conditions(held)["Suspended"] == ("True", "Suspended")
    assert "startTime" not in held["status"]
    assert "Suspended" not in conditions(body)
    assert (body["status"]["failed"], body["status"]["attempts"]) == (0, 2)
    await jobs.workspace.until_event("Resumed", "train")


async def test_a_job_that_is_suspended_from_the_start_rents_nothing(jobs: Owners) -> None:
    await make(jobs, suspend=True)

    await jobs.until_condition("train", "Ready", reason="Suspended")

    assert (await jobs.workspace.novita.ledger()).created == 0
    assert await jobs.names() == []


async def test_a_finished_job_goes_by_itself_when_its_time_has_come(jobs: Owners) -> None:
    await make(jobs, ttlSecondsAfterFinished=1)
    await ends(jobs, await running(jobs))

    await jobs.until_gone("train")

    event = await jobs.workspace.until_event("Expired", "train")
    assert "ttlSecondsAfterFinished" in event["message"]
    assert (await jobs.workspace.novita.ledger()).live == ()


async def test_a_reported_success_completes_the_job_though_its_container_goes_on(jobs: Owners) -> None:
    await make(jobs, completion={"signal": "Annotation"})
    await running(jobs)

    annotated = await jobs.workspace.kubectl("annotate", "gpujob/train", f"{_RESULT}=succeeded")

    assert annotated.code == 0, annotated.err
    body = await jobs.until_condition("train", "Complete", reason="Reported")
    assert body["status"]["succeeded"] == 1
    assert (await jobs.workspace.novita.ledger()).live == ()


async def test_a_reported_failure_is_one_attempt_and_does_not_count_for_the_next(jobs: Owners) -> None:
    await make(jobs, completion={"signal": "Annotation"})
    await running(jobs, 1)

    await jobs.annotate("train", _RESULT, "failed: out of memory")
    await running(jobs, 2)

    body = await jobs.get("train")
    assert _RESULT not in (body["metadata"].get("annotations") or {})
    assert body["status"]["failed"] == 1
    assert "out of memory" in body["status"]["failures"][0]["message"]


async def test_with_the_signal_annotation_an_end_without_a_report_fails_the_attempt(jobs: Owners) -> None:
    await make(jobs, completion={"signal": "Annotation"}, backoffLimit=0)
    await ends(jobs, await running(jobs))

    body = await jobs.until_condition("train", "Failed", reason="BackoffLimitExceeded")

    assert "no result was reported" in condition(body, "Failed")["message"]


async def test_an_instance_that_somebody_deletes_fails_the_attempt(jobs: Owners) -> None:
    await make(jobs)
    await running(jobs, 1)

    await jobs.workspace.delete("train-1")
    await running(jobs, 2)

    status = (await jobs.get("train"))["status"]
    assert status["failures"][0]["reason"] == "InstanceDeleted"


async def test_an_instance_that_needs_a_person_stalls_the_job_without_failing_it(jobs: Owners) -> None:
    await make(jobs, instance={"productName": "No Such GPU"})

    body = await jobs.until_condition("train", "Stalled", reason="InstanceStalled")

    assert "No Such GPU" in condition(body, "Ready")["message"]
    assert (body["status"]["failed"], body["status"]["attempts"]) == (0, 1)


async def test_a_name_that_is_taken_is_told_and_the_job_goes_on_once_it_is_free(jobs: Owners) -> None:
    await jobs.workspace.create("train-1", powerState="Stopped")
    await make(jobs)

    body = await jobs.until_condition("train", "Stalled", reason="CreateRefused")
    await jobs.workspace.delete("train-1")
    await running(jobs, 1)

    assert "train-1" in condition(body, "Ready")["message"]


async def test_the_template_of_a_job_cannot_be_changed(jobs: Owners) -> None:
    await make(jobs, suspend=True)

    printed = await jobs.workspace.kubectl(
        "patch", "gpujob/train", "--type=merge", "-p", '{"spec":{"template":{"command":"python other.py"}}}'
    )

    assert printed.code != 0
    assert "template cannot be changed: create a new GPUJob instead" in printed.err


async def test_kubectl_shows_a_job_in_one_line(jobs: Owners) -> None:
    await make(jobs)
    await running(jobs)

    printed = await jobs.workspace.kubectl("get", "gpujob")

    titles, line = (each.split() for each in printed.out.strip().splitlines())
    assert titles == ["NAME", "STATUS", "ATTEMPTS", "FAILED", "INSTANCE", "STARTED", "COMPLETED", "AGE"]
    assert line[:5] == ["train", "Running", "1", "0", "train-1"]


async def test_events_tell_the_story_of_a_job(jobs: Owners) -> None:
    await make(jobs)
    await ends(jobs, await running(jobs, 1), statusError=_NODE_BROKE)
    await ends(jobs, await running(jobs, 2))
    await jobs.workspace.until_event("Completed", "train")

    async def told() -> list[str]:
        return [event["reason"] for event in await jobs.workspace.events("train")]

    story = ["SuccessfulCreate", "AttemptFailed", "SuccessfulDelete", "SuccessfulCreate", "SuccessfulDelete"]
    await waiting.until(lambda: _is(told, [*story, "Completed"]), "the whole story", explain=jobs.workspace.explain)


async def _is(told: Any, wanted: list[str]) -> bool:
    return bool(await told() == wanted)


async def test_a_job_whose_machine_has_no_ssh_says_at_once_until_when_it_is_waited_for(jobs: Owners) -> None:
    await make(jobs, completion={})

    body = await jobs.until(
        "train", lambda body: "no ssh server" in condition(body, "Ready").get("message", ""), "the wait is told"
    )

    message = condition(body, "Ready")["message"]
    assert "train-1 has not shown an ssh host key yet, since " in message
    assert "Then the job fails, and the instance is released." in message
    assert "spec.completion.signal Exited" in message
    assert (body["status"]["completionSignal"], body["status"]["phase"]) == ("ExitCode", "Starting")
