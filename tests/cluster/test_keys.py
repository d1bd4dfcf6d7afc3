"""A key that was changed while no operator ran is noticed: another account's key rents nothing and loses nothing."""

from __future__ import annotations

from tests.conftest import MakeWorkspace, StartOperator
from tests.support import builders, kube
from tests.support.history import condition
from tests.support.plane import OPERATOR_NAMESPACE
from tests.support.simulator import SimulatedAccount
from tests.support.workspace import Workspace


async def _use(workspace: Workspace, key: str) -> None:
    entry = builders.secret(workspace.account_name, OPERATOR_NAMESPACE, apiKey=key)
    await workspace.plane.kube.patch(kube.SECRETS, workspace.account_name, {"data": entry["data"]}, OPERATOR_NAMESPACE)


def _elsewhere(workspace: Workspace) -> SimulatedAccount:
    return SimulatedAccount(workspace.novita.url, f"sk_elsewhere-{workspace.namespace}")


async def _key_is_recorded(workspace: Workspace) -> str:
    async def recorded() -> str | None:
        body = await workspace.plane.kube.get(kube.NOVITA_ACCOUNTS, workspace.account_name)
        return (body.get("status") or {}).get("keyFingerprint")

    return str(await workspace.until_novita(recorded, "the fingerprint of the key is recorded"))


async def test_another_accounts_key_that_came_while_no_operator_ran_rents_nothing_and_loses_nothing(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace()
    elsewhere = _elsewhere(workspace)
    operator = await start_operator(workspace, LOSS_DELAY="2000")
    for name in ("one", "two"):
        await workspace.create(name)
    before = {name: (await workspace.until_ready(name))["status"]["instanceId"] for name in ("one", "two")}
    fingerprint = await _key_is_recorded(workspace)
    await operator.terminate()
    await _use(workspace, elsewhere.key)

    second = await start_operator(workspace, LOSS_DELAY="2000")
    await workspace.create("new")

    said = await workspace.until_account("InstancesMissing", "True", says="The key was changed")
    assert "confirm-losses=2" in condition(said, "InstancesMissing")["message"]
    assert workspace.novita.key not in str(said)
    waiting = await workspace.until_condition("Scheduled", "False", "InstancesMissing", "new")
    assert "The key was changed" in condition(waiting, "Scheduled")["message"]
    await second.terminate()
    await start_operator(workspace, LOSS_DELAY="2000")
    await workspace.until_account("InstancesMissing", "True", says="The key was changed")
    assert (await elsewhere.ledger()).records == ()

    await _use(workspace, workspace.novita.key)

    await workspace.until_ready("new")
    assert {name: (await workspace.until_ready(name))["status"]["instanceId"] for name in before} == before
    assert ((await workspace.novita.ledger()).created, (await elsewhere.ledger()).records) == (3, ())
    assert await _key_is_recorded(workspace) == fingerprint
    await elsewhere.aclose()


async def test_a_new_key_of_the_same_account_that_came_while_no_operator_ran_is_taken(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace()
    operator = await start_operator(workspace)
    await workspace.create()
    before = (await workspace.until_ready())["status"]["instanceId"]
    fingerprint = await _key_is_recorded(workspace)
    await operator.terminate()
    new = f"{workspace.novita.key}-rotated"
    await workspace.novita.accept_key(new)
    await _use(workspace, new)

    await start_operator(workspace)
    await workspace.create("new")

    await workspace.until_ready("new")
    assert (await workspace.until_ready())["status"]["instanceId"] == before

    async def renewed() -> bool:
        return await _key_is_recorded(workspace) != fingerprint

    await workspace.until_novita(renewed, "the new key's fingerprint is recorded")
    account = await workspace.plane.kube.get(kube.NOVITA_ACCOUNTS, workspace.account_name)
    assert condition(account, "InstancesMissing") == {}


async def test_an_administrator_accepts_another_account_by_repeating_the_number(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace()
    elsewhere = _elsewhere(workspace)
    operator = await start_operator(workspace, LIST_LAG="1000")
    await workspace.create(restartPolicy={"backoffSeconds": 1})
    before = (await workspace.until_ready())["status"]["instanceId"]
    await _key_is_recorded(workspace)
    await operator.terminate()
    await _use(workspace, elsewhere.key)
    await start_operator(workspace, LIST_LAG="1000")
    await workspace.until_account("InstancesMissing", "True", says="confirm-losses=1")

    change = {"metadata": {"annotations": {"gpu.novita.ai/confirm-losses": "1"}}}
    await workspace.plane.kube.patch(kube.NOVITA_ACCOUNTS, workspace.account_name, change)

    await workspace.until(
        lambda body: (
            (body["status"].get("instanceId") or before) != before and condition(body, "Ready").get("status") == "True"
        ),
        "another one is rented in the new account",
    )
    assert ((await elsewhere.ledger()).created, (await workspace.novita.ledger()).created) == (1, 1)
    await workspace.delete()
    await workspace.until_gone()
    await elsewhere.aclose()
