"""NovitaAccount: made from the operator's own key where there is none, its conditions, and who may use it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.conftest import MakeWorkspace, StartOperator, short_name
from tests.support import builders, kube
from tests.support.history import condition
from tests.support.operator_process import OperatorProcess
from tests.support.plane import OPERATOR_NAMESPACE, Plane
from tests.support.simulator import Simulator
from tests.support.workspace import Workspace


@pytest.fixture
async def before_its_account(
    plane: Plane, simulator: Simulator, operator: OperatorProcess, request: pytest.FixtureRequest
) -> AsyncIterator[Workspace]:
    """A workspace of the shared operator whose NovitaAccount is not made yet."""
    made = await Workspace.make(plane, simulator, short_name(request), account=False)
    made.operator = operator
    yield made
    await made.close()


async def test_without_any_account_one_is_made_from_the_operators_own_key_and_an_empty_spec_is_enough(
    make_workspace: MakeWorkspace, start_operator: StartOperator, private_plane: Plane
) -> None:
    workspace = await make_workspace(account=False)
    workspace.leaves(kube.NOVITA_ACCOUNTS, "default")
    await start_operator(workspace, NOVITA_API_KEY=workspace.novita.key)

    await private_plane.kube.create(kube.GPU_INSTANCES, builders.gpu_instance("gpu", workspace.namespace))
    status = (await workspace.until_ready())["status"]

    assert (status["product"]["name"], status["template"]["name"]) == ("RTX 4090 24GB", "pytorch-jupyter")
    assert status["region"] == "CN-HK-01"
    default = await private_plane.kube.get(kube.NOVITA_ACCOUNTS, "default")
    assert condition(default, "Ready")["status"] == "True"


async def test_the_operators_settings_are_the_defaults_of_an_empty_spec(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    workspace = await make_workspace()
    settings = {"DEFAULT_GPU_TYPE": "H100 SXM 80GB", "DEFAULT_TEMPLATE": "104", "DEFAULT_REGION": "EU-DE-01"}
    await start_operator(workspace, **settings)

    await workspace.create()
    status = (await workspace.until_ready())["status"]

    assert (status["product"]["name"], status["template"]["name"]) == ("H100 SXM 80GB", "ubuntu-22.04")
    assert status["region"] == "EU-DE-01"


async def test_where_an_account_exists_none_is_made(
    make_workspace: MakeWorkspace, start_operator: StartOperator, private_plane: Plane
) -> None:
    workspace = await make_workspace()
    await start_operator(workspace, NOVITA_API_KEY=workspace.novita.key)

    await workspace.until_account("Ready", "True")

    names = [account["metadata"]["name"] for account in await private_plane.kube.list(kube.NOVITA_ACCOUNTS)]
    assert names == [workspace.account_name]


async def test_a_good_account_shows_its_balance_and_that_its_key_is_accepted(
    before_its_account: Workspace,
) -> None:
    workspace = before_its_account
    await workspace.novita.set(balance="123.45")

    await workspace.make_account()
    body = await workspace.until_account("Ready", "True")

    assert condition(body, "CredentialsValid")["status"] == "True"
    assert body["status"]["balance"] == "123.45"


async def test_an_account_counts_its_instances(workspace: Workspace) -> None:
    await workspace.create("one")
    await workspace.create("two")
    await workspace.until_ready("one")
    await workspace.until_ready("two")

    async def counted() -> bool:
        body = await workspace.plane.kube.get(kube.NOVITA_ACCOUNTS, workspace.account_name)
        return bool(body["status"]["instances"]["managed"] == 2)

    await workspace.until_novita(counted, "two managed instances are counted")


async def test_an_account_whose_secret_is_missing_says_which_and_works_when_it_comes(workspace: Workspace) -> None:
    await workspace.edit_account(apiKeySecretRef={"name": f"{workspace.account_name}-later"})
    body = await workspace.until_account("Ready", "False", "KeyMissing")
    message = condition(body, "Ready")["message"]
    assert f'"{workspace.account_name}-later"' in message
    assert OPERATOR_NAMESPACE in message

    entry = builders.secret(f"{workspace.account_name}-later", OPERATOR_NAMESPACE, apiKey=workspace.novita.key)
    await workspace.apply(kube.SECRETS, entry)

    await workspace.until_account("Ready", "True")


async def test_a_refused_key_is_shown_on_the_account(workspace: Workspace) -> None:
    await workspace.novita.revoke_key(workspace.novita.key)

    body = await workspace.until_account("Ready", "False", "CredentialsRejected")

    assert condition(body, "CredentialsValid")["status"] == "False"
    assert workspace.novita.key not in str(body)


async def test_a_new_key_in_the_secret_works_without_a_restart(workspace: Workspace) -> None:
    new = f"{workspace.novita.key}-rotated"
    await workspace.novita.accept_key(new)
    await workspace.novita.revoke_key(workspace.novita.key)
    await workspace.create()
    await workspace.until_condition("Synced", "False", "CredentialsRejected")

    entry = builders.secret(workspace.account_name, OPERATOR_NAMESPACE, apiKey=new)
    await workspace.plane.kube.patch(kube.SECRETS, workspace.account_name, {"data": entry["data"]}, OPERATOR_NAMESPACE)

    await workspace.until_ready()


async def test_an_account_rents_only_for_the_namespaces_that_it_admits(workspace: Workspace) -> None:
    await workspace.edit_account(namespaces={"names": ["somewhere-else"]})
    await workspace.create()
    body = await workspace.until_condition("Scheduled", "False", "AccountNotAdmitted")
    message = condition(body, "Scheduled")["message"]
    assert all(word in message for word in ("spec.accountRef", workspace.account_name, workspace.namespace))
    assert condition(body, "Stalled")["status"] == "True"
    assert (await workspace.novita.ledger()).created == 0

    await workspace.edit_account(namespaces={"names": ["somewhere-else", workspace.namespace]})

    await workspace.until_ready()


async def test_an_object_of_an_account_that_does_not_exist_waits_for_it(workspace: Workspace) -> None:
    other = f"{workspace.account_name}-later"
    await workspace.create(accountRef={"name": other})
    body = await workspace.until_condition("Scheduled", "False", "AccountNotReady")
    assert f'there is no NovitaAccount "{other}"' in condition(body, "Scheduled")["message"]

    spec = {"apiKeySecretRef": {"name": workspace.account_name}, "baseUrl": workspace.novita.url}
    await workspace.apply(kube.NOVITA_ACCOUNTS, builders.novita_account(other, **spec))

    await workspace.until_ready()


async def test_two_accounts_pay_for_their_own_objects_only(
    make_workspace: MakeWorkspace, start_operator: StartOperator
) -> None:
    one, two = await make_workspace(), await make_workspace()
    await start_operator(WATCH_NAMESPACES=f"{one.namespace},{two.namespace}")

    await asyncio.gather(one.create(), two.create())
    await asyncio.gather(one.until_ready(), two.until_ready())

    assert ((await one.novita.ledger()).created, (await two.novita.ledger()).created) == (1, 1)
