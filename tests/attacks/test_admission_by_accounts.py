"""An account pays for the namespaces that it admits, and for no other."""

from __future__ import annotations

from typing import Any

import pytest
from tests.attacks.conftest import Employ, Settle
from tests.support import kube
from tests.support.history import condition
from tests.support.kube import Refused


async def test_a_namespace_that_the_account_does_not_admit_causes_no_call(settle: Settle, employ: Employ) -> None:
    victim = await settle("victim")
    await victim.edit_account_and_wait(namespaces={"names": [victim.namespace]})
    neighbour = await settle("neighbour", account=False)
    attacker = await employ("admin", neighbour)

    await attacker.create(accountRef={"name": victim.account_name})

    refused = await neighbour.until_condition("Ready", "False", "AccountNotAdmitted")
    assert victim.account_name in condition(refused, "Ready")["message"]
    calls = await victim.novita.calls()
    assert (calls.of("create"), calls.of("get"), calls.of("delete")) == (0, 0, 0)


# What is in Kubernetes' own label selectors; and what is in none, as a slip of the pen.
EMPTY: dict[str, dict[str, Any]] = {
    "nothing": {},
    "no-labels": {"matchLabels": {}},
    "no-expressions": {"matchExpressions": []},
    "neither": {"matchLabels": {}, "matchExpressions": []},
}


@pytest.mark.parametrize("case", EMPTY)
async def test_a_selector_without_a_condition_is_refused(case: str, settle: Settle) -> None:
    victim = await settle("victim")

    with pytest.raises(Refused, match="neither matchLabels nor matchExpressions has an entry"):
        await victim.edit_account(namespaces={"selector": EMPTY[case]})


@pytest.mark.parametrize("wrong", ["matchExpression", "matchlabels", "labels"])
async def test_a_misspelt_selector_is_refused_although_the_api_server_drops_what_it_does_not_know(
    wrong: str, settle: Settle
) -> None:
    victim = await settle("victim")
    change = '{"spec":{"namespaces":{"selector":{"' + wrong + '":{"team":"a"}}}}}'

    # `kubectl patch` does not ask for strict validation.
    said = await victim.kubectl("patch", "novitaaccount", victim.account_name, "--type=merge", "-p", change)

    assert said.code != 0
    assert "neither matchLabels nor matchExpressions" in said.err


EXPRESSIONS: dict[str, dict[str, Any]] = {
    "In": {"key": "attacks.example.com/team", "operator": "In", "values": ["red", "green"]},
    "NotIn": {"key": "attacks.example.com/team", "operator": "NotIn", "values": ["blue"]},
    "Exists": {"key": "attacks.example.com/admitted", "operator": "Exists"},
    "DoesNotExist": {"key": "attacks.example.com/foreign", "operator": "DoesNotExist"},
}


@pytest.mark.parametrize("operator", EXPRESSIONS)
async def test_match_expressions_admit_whom_they_say_and_nobody_else(operator: str, settle: Settle) -> None:
    victim = await settle("victim")
    neighbour = await settle("neighbour", account=False)
    friend, foreigner = {"team": "green", "admitted": "yes"}, {"team": "blue", "foreign": "yes"}
    for where, labels in ((victim, friend), (neighbour, foreigner)):
        named = {f"attacks.example.com/{key}": value for key, value in labels.items()}
        await where.plane.kube.patch(kube.NAMESPACES, where.namespace, {"metadata": {"labels": named}})
    await victim.edit_account_and_wait(namespaces={"selector": {"matchExpressions": [EXPRESSIONS[operator]]}})

    await neighbour.create(accountRef={"name": victim.account_name})
    await neighbour.until_condition("Ready", "False", "AccountNotAdmitted")
    await victim.create()
    await victim.until_ready()

    assert (await victim.novita.ledger()).created == 1


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "in-without-values": ({"operator": "In"}, "takes at least one value"),
    "exists-with-values": ({"operator": "Exists", "values": ["a"]}, "takes no values"),
    "unknown-operator": ({"operator": "Like", "values": ["a"]}, "Unsupported value"),
    "value-that-is-a-selector": ({"operator": "In", "values": ["a),b in (c"]}, "should match"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_an_expression_that_means_nothing_is_refused(case: str, settle: Settle) -> None:
    victim = await settle("victim")
    expression, sentence = WRONG[case]

    with pytest.raises(Refused, match=sentence):
        await victim.edit_account(namespaces={"selector": {"matchExpressions": [{"key": "team"} | expression]}})


# The text of a selector would read `team!` with `evil` as "all but evil", and go on after a comma.
NO_LABELS = {"other-than": "attacks.example.com/team!", "list": "attacks.example.com/a in (b,c),kubernetes.io/d"}


@pytest.mark.parametrize("case", NO_LABELS)
async def test_a_label_that_nobody_can_have_admits_nobody_and_is_told(case: str, settle: Settle) -> None:
    victim = await settle("victim")
    neighbour = await settle("neighbour", account=False)
    await victim.edit_account(namespaces={"selector": {"matchLabels": {NO_LABELS[case]: "evil"}}})
    await victim.until_account("Ready", "False", "InvalidSpec", "no label has such a key")

    await neighbour.create(accountRef={"name": victim.account_name})

    await neighbour.until_condition("Ready", "False", "AccountNotAdmitted")
    assert (await victim.novita.calls()).of("create") == 0
