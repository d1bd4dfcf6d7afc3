"""The process ends, by a kill or by a signal, at the worst moment of a create: one instance, and it is found again."""

from __future__ import annotations

from tests.conftest import MakeWorkspace, StartOperator
from tests.support import kube
from tests.support.workspace import Workspace

_REPLY_SECONDS = 3.0  # long enough to be in the middle of the call, also on a slow machine


async def _under_way(workspace: Workspace, *, committed: bool) -> None:
    """Until the create call has arrived at Novita and (or: but not yet) been carried out; its answer takes longer."""

    async def fact() -> bool:
        if committed:
            return (await workspace.novita.ledger()).created == 1
        return (await workspace.novita.calls()).of("create") == 1

    await workspace.until_novita(fact, "the create call is under way")


async def test_a_kill_after_novita_rented_and_before_it_answered_leaves_one_instance(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace()
    await workspace.novita.fault("delay", route="create", seconds=_REPLY_SECONDS, after=True, times=1)
    operator = await start_operator(workspace)
    await workspace.create()
    await _under_way(workspace, committed=True)

    await operator.kill()
    body = await workspace.get()
    await start_operator(workspace)

    assert "instanceId" not in body.get("status", {})
    await workspace.until_ready()
    ledger = await workspace.novita.ledger()
    assert (ledger.created, ledger.duplicated, len(ledger.live)) == (1, 0, 1)


async def test_a_kill_before_novita_carries_the_call_out_leaves_one_instance(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace()
    await workspace.novita.fault("delay", route="create", seconds=_REPLY_SECONDS, times=1)
    # The lag that is believed has to be longer than Novita ever takes to carry out what it has received.
    lag = {"LIST_LAG": str(round(_REPLY_SECONDS * 2000))}
    operator = await start_operator(workspace, **lag)
    await workspace.create()
    await _under_way(workspace, committed=False)

    await operator.kill()
    await start_operator(workspace, **lag)

    await workspace.until_ready()
    ledger = await workspace.novita.ledger()
    assert (ledger.created, ledger.duplicated, len(ledger.live)) == (1, 0, 1)


async def test_a_kill_during_a_delete_leaves_nothing_behind(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace()
    operator = await start_operator(workspace)
    await workspace.create()
    await workspace.until_ready()
    await workspace.novita.fault("delay", route="delete", seconds=_REPLY_SECONDS, times=1)
    await workspace.delete()

    async def asked() -> bool:
        return (await workspace.novita.calls()).of("delete") == 1

    await workspace.until_novita(asked, "the delete call is under way")
    await operator.kill()
    await start_operator(workspace)

    await workspace.until_gone()
    assert (await workspace.novita.ledger()).live == ()


async def test_sigterm_lets_a_paid_call_end_and_its_id_is_kept(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace()
    await workspace.novita.fault("delay", route="create", seconds=_REPLY_SECONDS, times=1)
    operator = await start_operator(workspace)
    await workspace.create()
    await _under_way(workspace, committed=False)

    code = await operator.terminate()

    (record,) = (await workspace.novita.ledger()).records
    assert code == 0
    assert (await workspace.get())["status"]["instanceId"] == record.id


async def test_sigterm_without_work_ends_with_zero(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace()
    operator = await start_operator(workspace)
    await workspace.create()
    await workspace.until_ready()

    assert await operator.terminate() == 0

    body = await workspace.get()
    assert body["status"]["phase"] == "Running"


async def test_a_restart_writes_nothing_about_objects_that_have_not_changed(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    settled = {"COST_INTERVAL": "86400000"}  # the accrued cost is written so rarely that none falls into the test
    workspace = await make_workspace()
    operator = await start_operator(workspace, **settled)
    await workspace.create()
    await workspace.until_ready()
    await workspace.until_event("Ready")
    await operator.terminate()
    before = await workspace.plane.kube.get(kube.NOVITA_ACCOUNTS, workspace.account_name)
    audit = workspace.plane.audit.from_now()
    await workspace.novita.forget_calls()

    async def polled() -> bool:
        return (await workspace.novita.calls()).of("list") >= 3

    async with workspace.history() as history:
        await start_operator(workspace, **settled)
        await workspace.until_novita(polled, "three polls have ended")

    after = await workspace.plane.kube.get(kube.NOVITA_ACCOUNTS, workspace.account_name)
    assert history.versions == []
    assert after["status"]["conditions"] == before["status"]["conditions"]
    assert audit.count(namespace=workspace.namespace) == {}
