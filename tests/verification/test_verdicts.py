"""Each verdict of `novita-operator verify` follows the simulator's dial."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.verification.conftest import Account, Open, verdicts
from tests.verification.dials import DIALS

from novita_operator.verification.assumption import Verdict
from novita_operator.verification.assumptions import catalogue, machine

_FACTS = Path(__file__).parents[2] / "docs" / "design" / "novita-api.md"
_SPEND = "0.10"


_OF_MACHINES = {each.key for each in machine.ALL}


async def test_the_simulator_as_it_is_keeps_every_assumption_but_those_of_machines(account: Account) -> None:
    await account.fill()

    report = await account.verify(spend=_SPEND)

    others = {key: verdict for key, verdict in verdicts(report).items() if verdict is not Verdict.HOLDS}
    assert others == dict.fromkeys(_OF_MACHINES, Verdict.NOT_SEEN)
    assert await account.live() == {"canary-name", "canary-second"}


async def test_real_machines_of_the_simulator_keep_those_too(new_account: Open) -> None:
    account = await new_account(machines=True)

    found = verdicts(await account.verify(spend=_SPEND))

    assert {found[key] for key in _OF_MACHINES} == {Verdict.HOLDS}
    assert await account.live() == set()


@pytest.mark.parametrize("key", DIALS)
async def test_turning_its_dial_makes_it_differ(key: str, new_account: Open) -> None:
    dial = DIALS[key]
    account = await new_account(open_to_all=dial.open_to_all, machines=dial.machines)
    await account.fill()
    await account.tenant.set(**dial.settings)
    for fault in dial.faults:
        await account.tenant.fault(**fault)

    report = await account.verify(spend=_SPEND if dial.paid else None)

    assert verdicts(report)[key] is Verdict.DIFFERS
    assert await account.live() == {"canary-name", "canary-second"}


def test_each_assumption_has_a_dial_that_makes_it_differ() -> None:
    assert {assumption.key for assumption in catalogue.ALL} == DIALS.keys()
    assert len(catalogue.ALL) == len(DIALS)


@pytest.mark.parametrize("assumption", catalogue.ALL, ids=lambda each: each.key)
def test_each_assumption_cites_a_section_that_exists(assumption: catalogue.Assumption) -> None:
    assert re.search(rf"^###? {re.escape(assumption.section)}\.? ", _FACTS.read_text(), re.MULTILINE)


async def test_an_empty_account_contradicts_nothing_and_says_what_was_not_seen(account: Account) -> None:
    report = await account.verify()

    found = verdicts(report)
    assert [key for key, verdict in found.items() if verdict is Verdict.DIFFERS] == []
    assert {"id-form", "list-times", "ssh-form", "create-reply", "delete-time"} <= {
        key for key, verdict in found.items() if verdict is Verdict.NOT_SEEN
    }


async def test_reading_changes_nothing_and_is_free(account: Account) -> None:
    await account.fill()
    before = await account.tenant.read("calls", log="true")

    await account.verify()

    after = await account.tenant.read("calls", log="true")
    assert {call["method"] for call in after["log"][len(before["log"]) :]} == {"GET"}


async def test_stock_that_no_filter_changes_is_not_seen(account: Account) -> None:
    await account.tenant.set(stockCounts="any")

    found = verdicts(await account.verify())

    assert found["default-count"] is Verdict.NOT_SEEN
