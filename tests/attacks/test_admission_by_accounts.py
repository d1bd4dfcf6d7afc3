"""An account pays for the namespaces that it admits, and for no other."""

from __future__ import annotations

from tests.attacks.conftest import Employ, Settle
from tests.support.history import condition


async def test_a_namespace_that_the_account_does_not_admit_causes_no_call(settle: Settle, employ: Employ) -> None:
    victim = await settle("victim")
    await victim.edit_account(namespaces={"names": [victim.namespace]})
    neighbour = await settle("neighbour", account=False)
    attacker = await employ("admin", neighbour)

    await attacker.create(accountRef={"name": victim.account_name})

    refused = await neighbour.until_condition("Ready", "False", "AccountNotAdmitted")
    assert victim.account_name in condition(refused, "Ready")["message"]
    calls = await victim.novita.calls()
    assert (calls.of("create"), calls.of("get"), calls.of("delete")) == (0, 0, 0)
