"""The operator is killed at every phase of a job: one instance per attempt, one outcome, nothing left at the end."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cluster.owners import JOBS, Owners, owners
from tests.cluster.test_jobs import ends, make, running
from tests.cluster.test_sets_crash import crashed
from tests.conftest import MakeWorkspace, StartOperator

# Before and after the create, and around the release after the end: each is a write that a crash can cut off.
_MOMENTS = ("child.before-create", "child.after-create", "child.before-delete", "child.after-delete")


async def complete(jobs: Owners, *, created: int) -> None:
    """It has succeeded, with so many instances ever rented, and none is left."""
    body = await jobs.until_condition("train", "Complete")
    await jobs.until_released()
    ledger = await jobs.workspace.novita.ledger()
    assert (ledger.created, ledger.duplicated) == (created, 0)
    assert body["status"]["attempts"] == created


@pytest.mark.parametrize("moment", _MOMENTS)
async def test_a_kill_at_a_write_repeats_nothing_and_forgets_nothing(
    make_workspace: MakeWorkspace, start_operator: StartOperator, tmp_path: Path, moment: str
) -> None:
    workspace, mark = await make_workspace(), tmp_path / "mark"
    first = await start_operator(workspace, NOVITA_CRASH_AT=f"{moment}:kill", NOVITA_CRASH_MARK=str(mark))
    async with owners(workspace, JOBS) as jobs:
        await make(jobs)
        if moment in ("child.before-delete", "child.after-delete"):
            await ends(jobs, await running(jobs))
            await crashed(first, mark)
            await start_operator(workspace)
        else:
            await crashed(first, mark)
            await start_operator(workspace)
            await ends(jobs, await running(jobs))

        await complete(jobs, created=1)


@pytest.mark.parametrize("nth", range(1, 9))
async def test_a_kill_after_any_of_the_first_status_writes_repeats_nothing_and_forgets_nothing(
    make_workspace: MakeWorkspace, start_operator: StartOperator, tmp_path: Path, nth: int
) -> None:
    workspace, mark = await make_workspace(), tmp_path / "mark"
    first = await start_operator(
        workspace, NOVITA_CRASH_AT=f"status.after-write#{nth}:kill", NOVITA_CRASH_MARK=str(mark)
    )
    async with owners(workspace, JOBS) as jobs:
        await make(jobs)
        await crashed(first, mark)

        await start_operator(workspace)
        await ends(jobs, await running(jobs))

        await complete(jobs, created=1)


async def test_an_end_that_nobody_saw_counts_when_the_operator_is_back(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace()
    first = await start_operator(workspace)
    async with owners(workspace, JOBS) as jobs:
        await make(jobs)
        instance_id = await running(jobs)
        await first.kill()
        await ends(jobs, instance_id)

        await start_operator(workspace)

        await complete(jobs, created=1)


async def test_a_job_that_is_deleted_while_no_operator_runs_is_released_when_one_is_back(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace()
    first = await start_operator(workspace)
    async with owners(workspace, JOBS) as jobs:
        await make(jobs)
        await running(jobs)
        await first.kill()
        await jobs.delete("train")
        await jobs.until_gone("train")

        await start_operator(workspace)

        await jobs.until_released()


async def test_a_failed_attempt_is_counted_once_though_the_operator_is_killed(
    make_workspace: MakeWorkspace, start_operator: StartOperator, tmp_path: Path
) -> None:
    workspace, mark = await make_workspace(), tmp_path / "mark"
    first = await start_operator(workspace, NOVITA_CRASH_AT="child.before-delete:kill", NOVITA_CRASH_MARK=str(mark))
    async with owners(workspace, JOBS) as jobs:
        await make(jobs)
        broken = {"state": "NODE_STATUS", "message": "the node is broken"}
        await ends(jobs, await running(jobs, 1), statusError=broken)
        await crashed(first, mark)

        await start_operator(workspace)
        await ends(jobs, await running(jobs, 2))

        await complete(jobs, created=2)
        assert (await jobs.get("train"))["status"]["failed"] == 1


async def test_two_operators_at_work_run_one_attempt_at_a_time(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace()
    await start_operator(workspace, LEADER_ELECTION="false")
    await start_operator(workspace, LEADER_ELECTION="false")
    async with owners(workspace, JOBS) as jobs:
        await make(jobs)
        broken = {"state": "NODE_STATUS", "message": "the node is broken"}
        await ends(jobs, await running(jobs, 1), statusError=broken)
        await ends(jobs, await running(jobs, 2))

        await complete(jobs, created=2)
