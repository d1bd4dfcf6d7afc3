"""CRDs that go, return or come late: their kind is paused, the others go on, and nobody restarts anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cluster.kinds.crds import (
    ACCOUNT_CRD,
    INSTANCE_CRD,
    JOB_CRD,
    Start,
    apply_crds,
    delete_crd,
    make_account_again,
    polled,
    restarted_without_instances,
    serve,
    until_event,
    until_page,
)
from tests.cluster.owners import JOBS, Owners
from tests.support.operator_process import OperatorProcess
from tests.support.plane import CRDS, Plane
from tests.support.workspace import Workspace


async def until_a_job_is_worked_on(workspace: Workspace) -> None:
    jobs = Owners(workspace, JOBS)
    await jobs.create("job", template={"accountRef": {"name": workspace.account_name}, "command": "true"})
    await jobs.until("job", lambda body: bool(body.get("status", {}).get("conditions")), "the job is worked on")
    await jobs.delete("job")
    await jobs.until_gone("job")


async def test_a_deleted_crd_pauses_its_kind_the_others_go_on_and_its_return_is_taken_up(
    workspace: Workspace, start: Start
) -> None:
    operator = await start()
    await until_page(operator, 200)
    await workspace.create("before")
    await workspace.until_ready("before")

    await delete_crd(workspace.plane, JOB_CRD)

    await until_page(operator, 503, JOB_CRD, "paused")
    await until_event(workspace, "KindNotServed", JOB_CRD)
    assert 'novita_kind_served{kind="gpujobs"} 0.0' in await operator.metrics()
    assert 'novita_kind_served{kind="gpuinstances"} 1.0' in await operator.metrics()
    assert (await operator.page("livez")).is_success
    await workspace.create("meanwhile")
    await workspace.until_ready("meanwhile")
    await apply_crds(workspace.plane)
    await until_page(operator, 200)
    await until_event(workspace, "KindServed", JOB_CRD)
    await until_a_job_is_worked_on(workspace)
    assert operator.child.running


async def test_machines_of_a_kind_that_is_not_served_are_neither_ended_nor_rented_again(
    workspace: Workspace, start: Start
) -> None:
    operator = await start()
    await until_page(operator, 200)
    await workspace.create()
    before = await workspace.until_ready()

    await serve(workspace.plane, INSTANCE_CRD, served=False)

    await until_page(operator, 503, INSTANCE_CRD)
    await polled(workspace, operator)
    ledger = await workspace.novita.ledger()
    assert ledger.created == 1
    assert [record.id for record in ledger.live] == [before["status"]["instanceId"]]
    await serve(workspace.plane, INSTANCE_CRD, served=True)
    await until_page(operator, 200)
    await workspace.edit(powerState="Stopped")
    after = await workspace.until(lambda body: body["status"].get("phase") == "Stopped", "it is stopped")
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["status"]["instanceId"] == before["status"]["instanceId"]
    assert (await workspace.novita.ledger()).created == 1


async def test_an_operator_that_is_restarted_while_a_kind_is_not_served_ends_nothing_of_it(
    workspace: Workspace, start: Start
) -> None:
    second, before = await restarted_without_instances(workspace, start)

    await polled(workspace, second)
    assert [record.id for record in (await workspace.novita.ledger()).live] == [before["status"]["instanceId"]]
    await serve(workspace.plane, INSTANCE_CRD, served=True)
    await until_page(second, 200)
    await workspace.edit(powerState="Stopped")
    after = await workspace.until(lambda body: body["status"].get("phase") == "Stopped", "it is stopped")
    assert after["status"]["instanceId"] == before["status"]["instanceId"]
    assert (await workspace.novita.ledger()).created == 1


@pytest.mark.parametrize("watched", ["all", "one"])
async def test_an_operator_that_comes_before_a_crd_works_on_the_other_kinds_and_takes_it_up(
    workspace: Workspace, start: Start, watched: str
) -> None:
    await delete_crd(workspace.plane, JOB_CRD)

    operator = await start(**({"WATCH_NAMESPACES": workspace.namespace} if watched == "one" else {}))

    await workspace.create()
    await workspace.until_ready()
    await until_page(operator, 503, JOB_CRD)
    await until_event(workspace, "KindNotServed", JOB_CRD)
    await apply_crds(workspace.plane)
    await until_page(operator, 200)
    await until_event(workspace, "KindServed", JOB_CRD)
    await until_a_job_is_worked_on(workspace)


async def test_an_operator_that_comes_before_all_crds_waits_and_says_for_what(whole: Plane, tmp_path: Path) -> None:
    deleted = await whole.kubectl("delete", "-k", str(CRDS), "--timeout=60s")
    assert deleted.code == 0, deleted.err
    operator = OperatorProcess.launch(tmp_path, whole.operator_kubeconfig)
    try:
        await until_page(operator, 503, JOB_CRD, INSTANCE_CRD, ACCOUNT_CRD)
        assert (await operator.page("livez")).is_success

        await apply_crds(whole)

        await until_page(operator, 200)
    finally:
        await operator.close()


async def test_all_crds_can_be_deleted_at_once_and_come_back(workspace: Workspace, start: Start) -> None:
    operator = await start()
    await until_page(operator, 200)
    account = await workspace.until_account("Ready", "True")

    deleted = await workspace.plane.kubectl("delete", "-k", str(CRDS), "--timeout=120s")

    assert deleted.code == 0, deleted.err
    await until_page(operator, 503, JOB_CRD, INSTANCE_CRD, ACCOUNT_CRD)
    await apply_crds(workspace.plane)
    await until_page(operator, 200)
    await make_account_again(workspace, account["spec"])
    await workspace.create()
    await workspace.until_ready()
