"""Taking over an instance that exists already."""

from __future__ import annotations

import pytest
from tests.support.history import condition
from tests.support.workspace import ADOPTION, Workspace


@pytest.fixture
async def workspace(workspace: Workspace) -> Workspace:
    """One whose account allows adoption."""
    await workspace.edit_account(tenancy=ADOPTION)
    return workspace


async def test_an_existing_instance_is_taken_over_and_goes_with_the_object(workspace: Workspace) -> None:
    other = await workspace.novita.plant(name="by-hand")
    mine = await workspace.novita.plant(name="by-hand")

    await workspace.create(adopt={"instanceId": mine})
    ready = await workspace.until_ready()
    await workspace.delete()
    await workspace.until_gone()

    assert ready["status"]["instanceId"] == mine
    ledger = await workspace.novita.ledger()
    assert ledger.created == 0
    assert [record.id for record in ledger.live] == [other]


async def test_an_adopted_instance_is_stopped_and_started_like_any_other(workspace: Workspace) -> None:
    mine = await workspace.novita.plant(name="by-hand")
    await workspace.create(adopt={"instanceId": mine})
    await workspace.until_ready()

    await workspace.edit(powerState="Stopped")
    await workspace.until_condition("Ready", reason="Stopped")
    await workspace.edit(powerState="Running")

    assert (await workspace.until_ready())["status"]["instanceId"] == mine


async def test_an_instance_of_another_object_is_not_taken_over(workspace: Workspace) -> None:
    await workspace.create("first")
    taken = (await workspace.until_ready("first"))["status"]["instanceId"]

    await workspace.create("second", adopt={"instanceId": taken})
    stalled = await workspace.until_condition("Stalled", reason="AdoptRefused", name="second")
    await workspace.delete("second")
    await workspace.until_gone("second")

    assert "belongs to" in condition(stalled, "Ready")["message"]
    assert [record.id for record in (await workspace.novita.ledger()).live] == [taken]


async def test_an_instance_that_does_not_exist_is_not_replaced_by_a_rented_one(workspace: Workspace) -> None:
    await workspace.create(adopt={"instanceId": "0123456789abcdef"})

    stalled = await workspace.until_condition("Stalled", reason="AdoptRefused")

    assert "0123456789abcdef" in condition(stalled, "Ready")["message"]
    assert (await workspace.novita.ledger()).created == 0


async def test_two_objects_that_adopt_one_instance_do_not_share_it(workspace: Workspace) -> None:
    mine = await workspace.novita.plant(name="by-hand")
    await workspace.create("first", adopt={"instanceId": mine})
    await workspace.until_ready("first")

    await workspace.create("second", adopt={"instanceId": mine})
    await workspace.until_condition("Stalled", reason="AdoptRefused", name="second")
    await workspace.delete("second")
    await workspace.until_gone("second")

    assert [record.id for record in (await workspace.novita.ledger()).live] == [mine]
