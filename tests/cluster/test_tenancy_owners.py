"""spec.tenancy counts for what sets and jobs make, and these tell which field is in the way and who can change it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from tests.cluster.owners import JOBS, SETS, Owners, owners
from tests.support import waiting
from tests.support.history import condition
from tests.support.kube import Body, Kind
from tests.support.workspace import Workspace

_SECRET_TEMPLATE = {"Id": "t-own", "name": "trainer", "image": "busybox", "envs": [{"key": "TOKEN", "value": "t0k3n"}]}
# The rule, what of the template's spec it denies, the field that is named, and the rule that allows it.
DENIED: dict[str, tuple[dict[str, Any], dict[str, Any], str, dict[str, Any]]] = {
    "products": ({"products": []}, {}, "rules[0].products", {"products": ["RTX 4090 24GB"]}),
    "templatesWithSecrets": (
        {"templatesWithSecrets": []},
        {"template": {"name": "trainer"}},
        "rules[0].templatesWithSecrets",
        {"templatesWithSecrets": ["trainer"]},
    ),
    "limits": ({"limits": {"instances": 0}}, {}, "rules[0].limits.instances", {"limits": {"instances": 1}}),
    "no-rule": ({"namespaces": {"names": ["another"]}}, {}, "none of spec.tenancy.rules is for it", {}),
}


def _set(workspace: Workspace, spec: dict[str, Any]) -> dict[str, Any]:
    return {"replicas": 1, "template": {"spec": {"accountRef": {"name": workspace.account_name}, **spec}}}


def _job(workspace: Workspace, spec: dict[str, Any]) -> dict[str, Any]:
    return {"template": {"accountRef": {"name": workspace.account_name}, "command": "python train.py", **spec}}


Make = Callable[[Workspace, dict[str, Any]], dict[str, Any]]
KINDS: dict[str, tuple[Kind, Make]] = {"set": (SETS, _set), "job": (JOBS, _job)}


@pytest.fixture(params=KINDS)
async def makers(request: pytest.FixtureRequest, workspace: Workspace) -> AsyncIterator[tuple[Owners, Make]]:
    kind, make = KINDS[request.param]
    async with owners(workspace, kind) as made:
        yield made, make


@pytest.mark.parametrize("field", DENIED)
async def test_an_owner_tells_what_its_instance_may_not_have_and_goes_on_when_it_may(
    field: str, workspace: Workspace, makers: tuple[Owners, Make]
) -> None:
    (made, make), (rule, spec, says, loosened) = makers, DENIED[field]
    await workspace.novita.set(templates=[_SECRET_TEMPLATE])
    await workspace.edit_account_and_wait(tenancy={"rules": [rule]})

    await made.create("web", **make(workspace, spec))
    held = await made.until("web", lambda body: says in _told(body), f"{says} is told")
    nothing = (await workspace.novita.ledger()).records
    await workspace.edit_account_and_wait(tenancy={"rules": [loosened]})

    assert nothing == ()
    assert f"kubectl edit novitaaccount {workspace.account_name}" in _told(held)
    await waiting.until(lambda: _one_runs(made), "its instance runs", seconds=90, explain=workspace.explain)


@pytest.mark.parametrize("policy", ["Retain", "Stop"])
async def test_a_set_may_not_leave_instances_behind_where_that_is_not_allowed(
    policy: str, workspace: Workspace
) -> None:
    await workspace.edit_account_and_wait(tenancy={"rules": [{}]})

    async with owners(workspace, SETS) as sets:
        await sets.create("web", **_set(workspace, {"deletionPolicy": policy}))
        held = await sets.until("web", lambda body: "rules[0].retention" in _told(body), "the rule is told")

    assert f"spec.deletionPolicy {policy}" in _told(held)
    assert (await workspace.novita.ledger()).records == ()


def _told(body: Body) -> str:
    """All that the owner says of what is in the way: its conditions, and the failures that a set lists."""
    status = body.get("status") or {}
    failures = [each.get("message", "") for each in status.get("failures", ())]
    return " ".join([condition(body, "Ready").get("message", ""), *failures])


async def _one_runs(made: Owners) -> bool:
    return [condition(each, "Ready").get("status") for each in await made.instances()] == ["True"]
