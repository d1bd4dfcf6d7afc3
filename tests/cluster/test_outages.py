"""An outage in which Novita shows nothing at all, neither in lists nor by id, costs nobody an instance."""

from __future__ import annotations

import asyncio

from tests.conftest import MakeWorkspace, StartOperator
from tests.support.history import condition

_NAMES = ("a", "b", "c", "d", "e")


async def test_while_nothing_is_shown_nothing_is_rented_or_let_go_and_it_heals_by_itself(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace()
    await start_operator(workspace, LOSS_DELAY="60000")  # the deletion below still waits when it is looked at
    await asyncio.gather(*(workspace.create(name) for name in _NAMES))
    before = {name: (await workspace.until_ready(name))["status"]["instanceId"] for name in _NAMES}
    await workspace.novita.fault("empty-list", route="list")
    await workspace.novita.fault("status", route="get", status=404, reason="RESOURCE_NOT_FOUND", message="no instance")

    account = await workspace.until_account("InstancesMissing", "True", "NotShown", f"confirm-losses={len(_NAMES)}")
    assert f"none of {len(_NAMES)} instances" in condition(account, "InstancesMissing")["message"]
    await workspace.until_condition("Ready", "False", "NotListed", name="b")
    await workspace.create("late")
    await workspace.until_condition("Scheduled", "False", "InstancesMissing", name="late")
    await workspace.delete("a")
    await workspace.until_condition("Ready", "False", "DeletionBlocked", name="a")
    await workspace.novita.end_faults()

    after = {name: (await workspace.until_ready(name))["status"]["instanceId"] for name in _NAMES[1:]}
    await workspace.until_ready("late")
    await workspace.until_gone("a")
    assert after == {name: before[name] for name in _NAMES[1:]}
    ledger = await workspace.novita.ledger()
    assert (ledger.created, ledger.duplicated) == (len(_NAMES) + 1, 0)
    assert len(ledger.live) == len(_NAMES)
