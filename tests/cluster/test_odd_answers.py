"""Answers of Novita that are odd and not wrong: an instance is had all the same, and ends."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.workspace import ADOPTION, Workspace


@pytest.mark.parametrize("odd", [{"ids": "upper"}, {"totalCounts": "ever"}], ids=lambda odd: next(iter(odd)))
async def test_an_instance_lives_and_ends_whatever_form_the_answers_have(
    workspace: Workspace, odd: dict[str, Any]
) -> None:
    await workspace.create("before")
    await workspace.until_ready("before")
    await workspace.novita.set(**odd)

    await workspace.create()
    await workspace.until_ready()
    await workspace.edit("before", powerState="Stopped")
    await workspace.until_condition("Ready", "True", "Stopped", name="before")
    await workspace.delete("before")
    await workspace.until_gone("before")
    await workspace.create("after")
    await workspace.until_ready("after")
    await workspace.delete()
    await workspace.until_gone()

    ledger = await workspace.novita.ledger()
    assert (ledger.created, len(ledger.live)) == (3, 1)


async def test_an_adopted_instance_is_known_by_an_id_in_another_case(workspace: Workspace) -> None:
    await workspace.edit_account(tenancy=ADOPTION)
    planted = await workspace.novita.plant(name="by-hand")
    await workspace.novita.set(ids="upper")
    await workspace.create(adopt={"instanceId": planted})
    await workspace.until_ready()

    await workspace.delete()

    await workspace.until_gone()
    assert not (await workspace.novita.ledger()).live
