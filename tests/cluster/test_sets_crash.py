"""The operator is killed while a set grows or shrinks: no instance too many, none forgotten."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.cluster.owners import SETS, Owners, owners
from tests.conftest import MakeWorkspace, StartOperator
from tests.support import waiting
from tests.support.operator_process import OperatorProcess
from tests.support.workspace import Workspace


async def crashed(operator: OperatorProcess, mark: Path) -> None:
    """Until the process has ended itself where it was told to."""

    async def over() -> bool:
        return not operator.child.running

    await waiting.until(over, "the operator has crashed", explain=operator.child.tail)
    assert await asyncio.to_thread(mark.exists), "it ended without having reached the moment"


async def grown(sets: Owners, workspace: Workspace, replicas: int) -> None:
    template = {"spec": {"accountRef": {"name": workspace.account_name}}}
    await sets.create("web", replicas=replicas, createIntervalSeconds=0, template=template)


@pytest.mark.parametrize("moment", ["child.before-create#2", "child.after-create#1", "child.after-create#3"])
async def test_a_kill_around_a_create_makes_no_instance_too_many(
    make_workspace: MakeWorkspace, start_operator: StartOperator, tmp_path: Path, moment: str
) -> None:
    workspace, mark = await make_workspace(), tmp_path / "mark"
    first = await start_operator(workspace, NOVITA_CRASH_AT=f"{moment}:kill", NOVITA_CRASH_MARK=str(mark))
    async with owners(workspace, SETS) as sets:
        await grown(sets, workspace, 3)
        await crashed(first, mark)

        await start_operator(workspace)

        await sets.until_condition("web", "Ready", reason="Ready")
        ledger = await workspace.novita.ledger()
        assert (ledger.created, len(ledger.live), ledger.duplicated) == (3, 3, 0)
        await sets.delete("web")
        await sets.until_released()


@pytest.mark.parametrize("moment", ["child.before-delete#1", "child.after-delete#1", "child.after-delete#2"])
async def test_a_kill_around_a_delete_deletes_no_instance_too_many(
    make_workspace: MakeWorkspace, start_operator: StartOperator, tmp_path: Path, moment: str
) -> None:
    workspace, mark = await make_workspace(), tmp_path / "mark"
    first = await start_operator(workspace, NOVITA_CRASH_AT=f"{moment}:kill", NOVITA_CRASH_MARK=str(mark))
    async with owners(workspace, SETS) as sets:
        await grown(sets, workspace, 3)
        await sets.until_condition("web", "Ready", reason="Ready")
        await sets.edit("web", replicas=1)
        await crashed(first, mark)

        await start_operator(workspace)

        await sets.until_condition("web", "Ready", reason="Ready")
        ledger = await workspace.novita.ledger()
        assert (ledger.created, len(ledger.live)) == (3, 1)


async def test_two_operators_at_work_make_no_instance_too_many(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace()
    await start_operator(workspace, LEADER_ELECTION="false")
    await start_operator(workspace, LEADER_ELECTION="false")
    async with owners(workspace, SETS) as sets:
        await grown(sets, workspace, 5)

        await sets.until_condition("web", "Ready", reason="Ready")

        ledger = await workspace.novita.ledger()
        assert (len(await sets.names()), len(ledger.live)) == (5, 5)
