"""The operator is killed while a program is started, runs, and is judged: it starts once, and its exit code counts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.cluster import landlord
from tests.cluster.landlord import Jobs, Site
from tests.cluster.owners import JOBS, owners
from tests.cluster.test_sets_crash import crashed
from tests.conftest import StartOperator, short_name
from tests.support.plane import Plane
from tests.support.workspace import Workspace

_MOMENTS = (
    "program.before-start",
    "program.after-start",
    "output.before-write",
    "output.after-write",
    "child.before-delete",
)


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with landlord.site(tmp_path_factory.mktemp("landlord")) as made:
        yield made


@pytest.fixture
async def workspace(private_plane: Plane, site: Site, request: pytest.FixtureRequest) -> AsyncIterator[Workspace]:
    made = await Workspace.make(private_plane, site.simulator, short_name(request))
    yield made
    await made.close()


@pytest.mark.parametrize("moment", _MOMENTS)
async def test_a_kill_at_any_moment_starts_nothing_twice_and_loses_no_exit_code(
    workspace: Workspace, site: Site, start_operator: StartOperator, tmp_path: Path, moment: str
) -> None:
    mark, ran = tmp_path / "mark", site.marks / workspace.namespace
    first = await start_operator(workspace, NOVITA_CRASH_AT=f"{moment}:kill", NOVITA_CRASH_MARK=str(mark))
    async with owners(workspace, JOBS) as made:
        jobs = Jobs(made, site.machines)
        await jobs.make(f"echo started >> {ran}; echo out; exit 3")
        await crashed(first, mark)

        await start_operator(workspace)
        body = await jobs.ended("Failed")

        status = body["status"]
        assert ran.read_text() == "started\n"
        assert (status["exitCode"], status["attempts"], status["failed"]) == (3, 1, 1)
        assert await jobs.output(body) == b"out\n"
        ledger = await workspace.novita.ledger()
        assert (ledger.created, len(ledger.live)) == (1, 0)


async def test_a_program_that_ends_while_no_operator_runs_has_its_exit_code(
    workspace: Workspace, site: Site, start_operator: StartOperator
) -> None:
    ran, go = site.marks / workspace.namespace, site.marks / f"{workspace.namespace}-go"
    first = await start_operator(workspace)
    async with owners(workspace, JOBS) as made:
        jobs = Jobs(made, site.machines)
        await jobs.make(f"echo started >> {ran}; while ! [ -e {go} ]; do sleep 0.1; done; exit 5")
        await jobs.runs()
        await first.kill()
        go.touch()

        await start_operator(workspace)
        body = await jobs.ended("Failed")

        assert body["status"]["exitCode"] == 5
        assert ran.read_text() == "started\n"
