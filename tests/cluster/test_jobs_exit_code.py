"""A job whose program runs over ssh, on machines that are real: its exit code decides, and it starts once."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.cluster import landlord
from tests.cluster.landlord import Jobs, Site
from tests.cluster.owners import JOBS, owners
from tests.conftest import short_name
from tests.support import builders, kube
from tests.support.history import condition, conditions
from tests.support.operator_process import OperatorProcess
from tests.support.plane import Plane
from tests.support.waiting import DEADLINE_SECONDS
from tests.support.workspace import Workspace

_MANY = 8  # each is an ssh server and processes of its own on this computer


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with landlord.site(tmp_path_factory.mktemp("landlord")) as made:
        yield made


@pytest.fixture
async def jobs(
    plane: Plane, site: Site, operator: OperatorProcess, request: pytest.FixtureRequest
) -> AsyncIterator[Jobs]:
    workspace = await Workspace.make(plane, site.simulator, short_name(request))
    workspace.operator = operator
    async with owners(workspace, JOBS) as made:
        yield Jobs(made, site.machines)
    await workspace.close()


async def _nothing_is_billed(jobs: Jobs, rented: int = 1) -> None:
    ledger = await jobs.owners.workspace.novita.ledger()
    assert (ledger.created, len(ledger.live)) == (rented, 0)


async def test_exit_code_0_is_success_and_the_output_is_kept(jobs: Jobs) -> None:
    await jobs.make('echo "it\'s $GPU_JOB_NAME"; echo \'größe "7"\' >&2')

    body = await jobs.ended("Complete")

    status = body["status"]
    assert conditions(body)["Complete"] == ("True", "Completed")
    assert (status["exitCode"], "signal" in status) == (0, False)
    assert status["message"] == 'it\'s train\ngröße "7"'
    assert status["startedAt"] <= status["finishedAt"]
    assert await jobs.output(body) == 'it\'s train\ngröße "7"\n'.encode()
    await _nothing_is_billed(jobs)


async def test_a_job_without_a_signal_ends_with_the_exit_code_of_its_program(jobs: Jobs) -> None:
    await jobs.make("echo trained", completion={})

    status = (await jobs.ended("Complete"))["status"]

    assert (status["completionSignal"], status["exitCode"], status["message"]) == ("ExitCode", 0, "trained")
    await _nothing_is_billed(jobs)


async def test_a_change_of_the_signal_leaves_the_attempt_under_way_as_it_is(jobs: Jobs) -> None:
    await jobs.make("echo started; sleep 2; exit 4")
    await jobs.runs()

    await jobs.owners.edit("train", completion={"signal": "Exited"})
    status = (await jobs.ended("Failed"))["status"]

    assert (status["exitCode"], status["message"]) == (4, "started")
    await _nothing_is_billed(jobs)


async def test_another_exit_code_fails_the_attempt_and_is_told(jobs: Jobs) -> None:
    await jobs.make("printf 'no newline'; exit 3")

    body = await jobs.ended("Failed")

    status = body["status"]
    assert (status["exitCode"], status["failed"], status["message"]) == (3, 1, "no newline")
    assert (status["failures"][0]["reason"], "exit code 3" in status["failures"][0]["message"]) == ("ExitCode", True)
    await _nothing_is_billed(jobs)


async def test_a_signal_is_told_by_its_name(jobs: Jobs) -> None:
    await jobs.make("kill -9 $$")

    status = (await jobs.ended("Failed"))["status"]

    assert (status["exitCode"], status["signal"]) == (137, "KILL")


async def test_rules_say_what_exit_codes_mean(jobs: Jobs) -> None:
    rules = [
        {"action": "Ignore", "onExitCodes": {"values": [7]}},
        {"action": "Fail", "onExitCodes": {"values": [42]}},
    ]
    await jobs.make('test "$GPU_JOB_ATTEMPT" = 1 && exit 7; exit 42', backoffLimit=5, failurePolicy={"rules": rules})

    body = await jobs.ended("Failed")

    status = body["status"]
    assert conditions(body)["Failed"] == ("True", "FailurePolicy")
    assert "rules[1] says Fail" in condition(body, "Failed")["message"]
    assert (status["attempts"], status["failed"], status["exitCode"]) == (2, 1, 42)
    await _nothing_is_billed(jobs, rented=2)


async def test_secrets_of_the_spec_are_not_in_what_is_kept(jobs: Jobs) -> None:
    secret = builders.secret("keys", jobs.owners.workspace.namespace, token="canary-token-of-the-user")
    await jobs.owners.workspace.apply(kube.SECRETS, secret)
    env = [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}}]
    env.append({"name": "PLAIN", "value": "a-password-as-it-is"})
    await jobs.make("echo got $TOKEN $PLAIN; test ${#TOKEN} = 24", template={"env": env})

    body = await jobs.ended("Complete")

    assert await jobs.output(body) == b"got [redacted] [redacted]\n"
    assert "canary-token" not in str(body)
    assert "a-password" not in str(body["status"])


async def test_a_deadline_ends_the_program_before_the_machine_goes(jobs: Jobs) -> None:
    await jobs.make("trap 'echo bye; exit 9' TERM; while true; do sleep 0.1; done")
    await jobs.runs()

    await jobs.owners.edit("train", activeDeadlineSeconds=1)
    body = await jobs.ended("Failed")

    assert conditions(body)["Failed"] == ("True", "DeadlineExceeded")
    assert (body["status"]["exitCode"], body["status"]["message"].splitlines()[-1]) == (9, "bye")
    await _nothing_is_billed(jobs)


async def test_ssh_that_is_away_for_a_while_changes_nothing(jobs: Jobs) -> None:
    await jobs.make("echo started >> ran; while ! [ -e go ]; do sleep 0.1; done; exit 5")
    await jobs.runs()
    home = jobs.home(await jobs.instance_id())
    novita = jobs.owners.workspace.novita
    await novita.fault("ssh-refused")
    await jobs.owners.until(
        "train",
        lambda body: "since" in (told := condition(body, "Ready").get("message", "")) and "tried until" in told,
        "it is told that the machine is away",
    )
    (home / "go").touch()
    await novita.end_faults()

    body = await jobs.ended("Failed")

    assert body["status"]["exitCode"] == 5
    assert body["status"]["attempts"] == 1
    await _nothing_is_billed(jobs)


async def test_an_instance_that_is_restarted_fails_the_attempt_as_disrupted(jobs: Jobs) -> None:
    await jobs.make("test $GPU_JOB_ATTEMPT = 2 && exit 0; sleep 300", backoffLimit=1)
    await jobs.runs()

    novita = jobs.owners.workspace.novita
    await novita.force(await jobs.instance_id(), status="exited")
    body = await jobs.ended("Complete")

    assert (body["status"]["attempts"], body["status"]["failed"], body["status"]["exitCode"]) == (2, 1, 0)
    assert "exit code is not known" in body["status"]["failures"][0]["message"]


async def test_words_that_nobody_could_run_rent_nothing(jobs: Jobs) -> None:
    await jobs.make("true", template={"entrypoint": "sh", "command": "-c 'unclosed"})

    body = await jobs.ended("Failed")

    assert conditions(body)["Failed"] == ("True", "Unusable")
    assert (await jobs.owners.workspace.novita.ledger()).created == 0


async def test_a_job_that_is_deleted_or_held_back_lets_its_program_go(jobs: Jobs) -> None:
    await jobs.make("exec sleep 300", name="deleted")
    await jobs.make("exec sleep 300", name="held")
    for name in ("deleted", "held"):
        await jobs.runs(name)

    await jobs.owners.delete("deleted")
    await jobs.owners.edit("held", suspend=True)

    await jobs.owners.until_gone("deleted")
    body = await jobs.owners.until_condition("held", "Suspended")
    await jobs.owners.until_released()
    assert body["status"]["failed"] == 0
    await _nothing_is_billed(jobs, rented=2)


async def test_an_instance_that_is_stopped_by_somebody_else_fails_the_attempt(jobs: Jobs) -> None:
    await jobs.make("exec sleep 300")
    await jobs.runs()

    await jobs.owners.workspace.novita.force(await jobs.instance_id(), status="exited")
    body = await jobs.ended("Failed")

    assert (body["status"]["failed"], "exitCode" in body["status"]) == (1, False)
    await _nothing_is_billed(jobs)


async def test_many_jobs_at_once_have_each_its_own_exit_code(jobs: Jobs) -> None:
    for code in range(_MANY):
        await jobs.make(f"echo job {code}; exit {code}", name=f"job-{code}")

    bodies = [
        await jobs.ended("Failed" if code else "Complete", f"job-{code}", seconds=_MANY * DEADLINE_SECONDS)
        for code in range(_MANY)
    ]

    assert [body["status"]["exitCode"] for body in bodies] == list(range(_MANY))
    assert [body["status"]["message"] for body in bodies] == [f"job {code}" for code in range(_MANY)]
    await _nothing_is_billed(jobs, rented=_MANY)
