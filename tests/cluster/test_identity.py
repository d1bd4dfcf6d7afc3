"""Names that change, at Novita or by the operator's settings: seen, said, and never rented for a second time."""

from __future__ import annotations

import pytest
from tests.conftest import MakeWorkspace, StartOperator
from tests.support import kube
from tests.support.history import condition
from tests.support.workspace import Workspace

_LAG = {"LIST_LAG": "1500", "LOSS_DELAY": "1000"}


async def _until_counted(workspace: Workspace, **counts: int) -> None:
    async def counted() -> bool:
        body = await workspace.plane.kube.get(kube.NOVITA_ACCOUNTS, workspace.account_name)
        said = (body.get("status") or {}).get("instances") or {}
        return {name: said.get(name) for name in counts} == counts

    await workspace.until_novita(counted, f"the account counts {counts}")


@pytest.mark.parametrize("how", ["cut", "suffixed", "upper"])
async def test_an_instance_that_novita_shows_under_a_changed_name_is_no_loss(
    make_workspace: MakeWorkspace, start_operator: StartOperator, how: str
) -> None:
    workspace = await make_workspace()
    await start_operator(workspace, **_LAG)
    await workspace.create(restartPolicy={"backoffSeconds": 1})
    instance = (await workspace.until_ready())["status"]["instanceId"]

    await workspace.novita.set(names=how)

    stalled = await workspace.until_condition("Stalled", reason="NameDiffers")
    assert "renders names otherwise" in condition(stalled, "Stalled")["message"]
    await workspace.delete()
    await workspace.until_condition("Stalled", reason="DeletionBlocked")
    assert (await workspace.novita.ledger()).created == 1
    assert [record.id for record in (await workspace.novita.ledger()).live] == [instance]
    await workspace.novita.set(names="as-sent")
    await workspace.until_gone()
    assert (await workspace.novita.ledger()).live == ()


@pytest.mark.parametrize("how", ["cut", "upper"])
async def test_what_a_lost_answer_left_under_a_changed_name_is_not_rented_again(
    make_workspace: MakeWorkspace, start_operator: StartOperator, how: str
) -> None:
    workspace = await make_workspace()
    await workspace.novita.set(names=how)
    await workspace.novita.fault("lost-reply", route="create", times=1)
    await start_operator(workspace, **_LAG)
    await workspace.create()

    stalled = await workspace.until_condition("Stalled", reason="NameDiffers")

    assert "a create call without an answer" in condition(stalled, "Stalled")["message"]
    assert (await workspace.novita.ledger()).created == 1
    await workspace.novita.set(names="as-sent")
    await workspace.until_ready()
    await workspace.delete()
    await workspace.until_gone()
    ledger = await workspace.novita.ledger()
    assert (ledger.created, ledger.live) == (1, ())


@pytest.mark.parametrize("how", ["cut", "suffixed", "upper"])
async def test_an_instance_under_a_changed_name_is_counted_as_ours(
    make_workspace: MakeWorkspace, start_operator: StartOperator, how: str
) -> None:
    workspace = await make_workspace()
    operator = await start_operator(workspace, **_LAG)
    await workspace.novita.plant(name="somebody-elses")
    await workspace.create()
    await workspace.until_ready()
    await operator.terminate()
    await workspace.novita.set(names=how)

    await start_operator(workspace, **_LAG)

    await _until_counted(workspace, managed=1, foreign=1, orphaned=0)
    await workspace.until_condition("Stalled", reason="NameDiffers")
    assert (await workspace.novita.ledger()).created == 1
